// Listens to what happens in the world.

import { answered } from "./answers.js";
import { go, me, part } from "./api.js";
import * as choices from "./choices.js";
import * as complete from "./complete.js";
import * as guide from "./guide.js";
import * as messages from "./messages.js";
import * as modal from "./modal.js";
import * as panel from "./panel.js";
import * as unread from "./unread.js";

const channels = document.getElementById("channels");
const rail = document.getElementById("rail");
const connection = document.getElementById("connection");
const typing = document.getElementById("typing");

export function start() {
  const asked = new URLSearchParams({ as: me.user, guild: me.guild, channel: me.channel });
  const events = new EventSource(`/page/events?${asked}`);
  const on = (name, handle) => events.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  events.addEventListener("open", async () => {
    connection.textContent = "";
    await choices.load();
    messages.refresh();
    panel.refresh();
  });
  events.addEventListener("error", () => (connection.textContent = "Connection lost, trying again…"));
  on("message", (data) => {
    unread.note(data);
    guide.look();
    messages.countThread(data.channel, data.in_thread);
    if (data.direct && !channels.querySelector(`[data-channel="${data.channel}"]`)) meet();
    if (data.channel !== me.channel) return;
    messages.show(data);
    stopTyping(data.author);
  });
  on("pins", (data) => data.channel === me.channel && panel.refresh("pins"));
  on("gone", (data) => {
    messages.countThread(data.channel, data.in_thread);
    if (data.channel === me.channel) messages.remove(data.ids);
  });
  on("channels", (data) => (drawLists(data), panel.refresh("threads")));
  on("members", (data) => (drawLists(data), panel.refresh("members")));
  on("presence", () => panel.refresh("members"));
  on("typing", (data) => data.channel === me.channel && startTyping(data));
  on("commands", () => choices.load());
  on("reload", () => location.reload());
  on("answer", (data) => {
    answered(data.id);
    guide.look();
    if (data.kind === "suggestions") complete.offer(data.id, data.data);
    if (data.kind === "modal" && data.channel === me.channel) modal.open(data.application, data.data, data.message);
  });
}

function drawLists({ html, rail: servers, gone }) {
  if (gone === me.channel) return go({ guild: me.guild });
  rail.innerHTML = servers;
  drawChannels(html);
}

function drawChannels(html) {
  const { channel, threads } = channels.contains(document.activeElement) ? document.activeElement.dataset : {};
  channels.innerHTML = html;
  channels.querySelector(`a[data-channel="${channel}"], button[data-threads="${threads}"]`)?.focus();
  unread.mark();
  choices.load();
}

/** Somebody has written directly who had not before: he has his place in the list. */
async function meet() {
  const html = await part("channels");
  if (html !== null) drawChannels(html);
}

// Who is typing: each for ten seconds, or until his message is there.
const typers = new Map();

function startTyping({ user, name }) {
  clearTimeout(typers.get(user)?.timer);
  typers.set(user, { name, timer: setTimeout(() => stopTyping(user), 10_000) });
  tellTyping();
}

function stopTyping(user) {
  clearTimeout(typers.get(user)?.timer);
  if (typers.delete(user)) tellTyping();
}

function tellTyping() {
  const names = [...typers.values()].map((one) => one.name);
  if (names.length === 0) typing.textContent = "";
  else if (names.length > 3) typing.textContent = "Several people are typing…";
  else typing.textContent = `${new Intl.ListFormat("en").format(names)} ${names.length === 1 ? "is" : "are"} typing…`;
}

// Joins the parts of the page and listens to what happens in the world.

import { me } from "./api.js";
import * as composer from "./composer.js";
import * as messages from "./messages.js";
import * as modal from "./modal.js";
import * as slash from "./slash.js";

const channels = document.getElementById("channels");
const connection = document.getElementById("connection");
const typing = document.getElementById("typing");
const menu = document.getElementById("menu");

messages.start({ replyTo: composer.replyTo, appsFor: slash.messageCommands });
composer.start({ slash });
slash.start({ done: () => (composer.clear(), composer.focus()) });

document.getElementById("person").addEventListener("change", (event) => {
  location.search = `?as=${encodeURIComponent(event.target.value)}&channel=${me.channel}`;
});

menu.addEventListener("click", () => showSidebar(!document.body.classList.contains("with-sidebar")));
document.addEventListener("keydown", (event) => event.key === "Escape" && showSidebar(false));
document.querySelector("main").addEventListener("click", (event) => menu.contains(event.target) || showSidebar(false));

function showSidebar(shown) {
  document.body.classList.toggle("with-sidebar", shown);
  menu.setAttribute("aria-expanded", String(shown));
  if (shown) channels.querySelector("a")?.focus();
}

// Unread marks: what was read is remembered by this browser, for each person.
const key = (channel) => `read:${me.guild}:${me.user}:${channel}`;
const unread = new Map();

function read(channel, last) {
  if (last) localStorage.setItem(key(channel), last);
  unread.delete(channel);
}

function mark() {
  for (const link of channels.querySelectorAll("a")) {
    const { channel, last } = link.dataset;
    if (channel === me.channel && document.visibilityState === "visible") read(channel, last);
    const seen = localStorage.getItem(key(channel)) ?? "0";
    const isUnread = channel !== me.channel && last && BigInt(last) > BigInt(seen);
    const mentions = unread.get(channel) ?? 0;
    link.classList.toggle("is-unread", Boolean(isUnread));
    const sign = link.querySelector(".unread");
    sign.hidden = !isUnread;
    sign.textContent = mentions > 0 ? String(mentions) : "";
    sign.classList.toggle("mentions", mentions > 0);
    sign.setAttribute("aria-label", mentions > 0 ? `${mentions} mentions` : "unread");
  }
}

function noteMessage(data) {
  const link = channels.querySelector(`a[data-channel="${data.channel}"]`);
  if (!link || !data.new) return;
  link.dataset.last = data.id;
  if (data.author === me.userId) read(data.channel, data.id);
  else if (data.mention && data.channel !== me.channel) unread.set(data.channel, (unread.get(data.channel) ?? 0) + 1);
  mark();
}

let typingEnds;
function showTyping(text) {
  typing.textContent = text;
  clearTimeout(typingEnds);
  if (text) typingEnds = setTimeout(() => showTyping(""), 9_000);
}

async function loadChannels() {
  const response = await fetch(`/page/channels?as=${encodeURIComponent(me.user)}&channel=${me.channel}`);
  if (response.ok) channels.innerHTML = await response.text();
  mark();
}

function listen() {
  const events = new EventSource(`/page/events?as=${encodeURIComponent(me.user)}&channel=${me.channel}`);
  const on = (name, handle) => events.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  events.addEventListener("open", () => {
    connection.textContent = "";
    messages.refresh();
    loadChannels();
  });
  events.addEventListener("error", () => (connection.textContent = "Connection lost, trying again…"));
  on("message", (data) => {
    noteMessage(data);
    if (data.channel !== me.channel) return;
    messages.show(data);
    if (data.author !== me.userId) showTyping("");
  });
  on("gone", (data) => data.channel === me.channel && messages.remove(data.ids));
  on("channels", (data) => ((channels.innerHTML = data.html), mark(), slash.load()));
  on("typing", (data) => data.channel === me.channel && showTyping(`${data.name} is typing…`));
  on("commands", () => slash.load());
  on("reload", () => location.reload());
  on("answer", (data) => {
    if (data.kind === "suggestions") return slash.offer(data.data);
    modal.answered();
    if (data.kind === "modal" && data.channel === me.channel) modal.open(data.application, data.data);
  });
}

document.addEventListener("visibilitychange", mark);
mark();
listen();

// What is done with the mouse or a key on a message, and on whatever stands beside the messages.

import { ask, complain, go, interact, make, me } from "./api.js";
import { expectAnswer } from "./answers.js";
import { edit } from "./edit.js";
import * as menus from "./menus.js";
import { jump, list, newer, older, refresh } from "./messages.js";

let replyTo = () => {};
let toBox = () => {};
/** The reactions whose change is not shown yet. */
const reacting = new Set();

export function start(options) {
  ({ replyTo, toBox } = options);
  document.addEventListener("click", (event) => act(event).catch(complain));
  document.addEventListener("contextmenu", menu);
  list.addEventListener("change", choose);
  list.addEventListener("keydown", key);
}

async function act(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a[data-channel], a[data-message]");
  if (link) {
    event.preventDefault();
    if (link.dataset.message) return jump(link.dataset.message, link.dataset.in ?? me.channel);
    return go({ channel: link.dataset.channel });
  }
  const place = placeOf(event.target.closest("a[href]"));
  if (place) {
    event.preventDefault();
    return place.message ? jump(place.message, place.channel) : go({ channel: place.channel });
  }
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const message = button.closest(".message");
  const path = message && `/channels/${me.channel}/messages/${message.dataset.id}`;
  switch (button.dataset.act) {
    case "older": return older(button);
    case "newer": return newer(button);
    case "jump": event.preventDefault(); return jump(button.dataset.target, button.dataset.in ?? me.channel);
    case "react": return react(button, `${path}/reactions/${encodeURIComponent(button.dataset.emoji)}/@me`);
    case "pick-emoji": return menus.react(button, message);
    case "reply": return replyTo(message);
    case "edit": return edit(message);
    case "more": return menus.ofMessage(button, message);
    case "user": return menus.ofUser(button, button.dataset.user, button.dataset.name);
    case "reveal": return reveal(button);
    case "delete-now": return ask("DELETE", path);
    case "unpin": return ask("DELETE", `/channels/${me.channel}/messages/pins/${button.dataset.target}`);
    case "new-post": return menus.newPost(button);
    case "new-thread": return menus.newThread(null, button.dataset.in);
    case "press": return press(button, message);
    case "choose-many": return press(button, message, [...button.parentElement.querySelectorAll("input:checked")].map((box) => box.value));
  }
}

/** Where a link to this local Discord leads: bots that were given its address make such, as on Discord those to discord.com. */
function placeOf(link) {
  const isHere = (url) => url.origin === location.origin || (url.port === location.port && isLoopback(url) && isLoopback(location));
  const isLoopback = ({ hostname }) => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  const [, channel, message] = (link && isHere(link) && /^\/channels\/\d+\/(\d+)(?:\/(\d+))?$/.exec(link.pathname)) || [];
  return channel ? { channel, message } : null;
}

/** Puts a reaction or takes it away; once, until it is seen what came of it. */
async function react(button, path) {
  if (reacting.has(path)) return;
  reacting.add(path);
  try {
    await ask(button.getAttribute("aria-pressed") === "true" ? "DELETE" : "PUT", path);
    // What came of it is told over the event stream, which may be late.
    if (button.isConnected) await refresh();
  } finally {
    reacting.delete(path);
  }
}

/** The right mouse button, a long touch, and the menu key. */
function menu(event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || event.shiftKey || target.closest("a[target], img, pre, input, textarea, dialog, #popup") || String(getSelection())) return;
  const at = event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : target;
  const [user, message, channel] = [target.closest("[data-act='user']"), target.closest(".message"), target.closest("a[data-channel]")];
  if (user) menus.ofUser(at, user.dataset.user, user.dataset.name);
  else if (channel && !message) menus.ofChannel(at, channel);
  else if (message && !message.classList.contains("ephemeral")) menus.ofMessage(at, message);
  else return;
  event.preventDefault();
}

/** Shows what a spoiler hides. */
function reveal(button) {
  button.nextElementSibling.hidden = false;
  button.remove();
}

/** Keys on a message that has the focus: as on Discord. Escape leads from within a message to it, and from it to the box. */
function key(event) {
  const message = event.target;
  if (event.key === "Escape" && message.matches(".message :is(a, button, summary, select)")) return message.closest(".message").focus();
  if (!message.matches(".message") || event.ctrlKey || event.metaKey || event.altKey) return;
  const can = (word) => message.dataset.can.split(" ").includes(word);
  if (event.key === "e" && can("edit")) edit(message);
  else if (event.key === "r" && can("reply")) replyTo(message);
  else if (event.key === "+" && can("react")) menus.react(message.querySelector(".by") ?? message, message);
  else if (event.key === "Enter") menus.ofMessage(message.querySelector(".by") ?? message, message);
  else if ((event.key === "Delete" || event.key === "Backspace") && can("delete")) menus.confirmDeletion(message);
  else if (event.key === "Escape") document.getElementById("write").focus();
  else return;
  event.preventDefault();
}

function choose(event) {
  const select = event.target.closest('select[data-act="choose"]');
  if (select?.value) press(select, select.closest(".message"), [select.value]).catch(complain);
}

/** Presses a button or sends what was chosen; silence is shown below the message. */
async function press(control, message, values) {
  const kind = Number(control.dataset.kind ?? 2);
  message.querySelector(".failed")?.remove();
  control.classList.add("busy");
  await expectAnswer(() => interact(3, message.dataset.app ?? message.dataset.author, { component_type: kind, custom_id: control.dataset.customId, values }, message.dataset.id), {
    failed: () => document.querySelector(`#${message.id} .body`)?.append(make("p", { class: "failed", role: "alert" }, "This interaction failed")),
    ended: (isAnswered) => {
      control.classList.remove("busy");
      if (isAnswered && control.matches("button")) leave(message.id);
    },
  });
}

/** After a press one reads or writes: the focus goes to the box, unless the answer is a form or it has gone elsewhere meanwhile. */
function leave(message) {
  // The answer itself is shown first.
  setTimeout(() => {
    const at = document.activeElement;
    const stayed = at === document.body || at.closest(".message")?.id === message;
    // On a touch screen the box would bring up the keyboard.
    if (stayed && !document.querySelector("dialog[open]") && !matchMedia("(pointer: coarse)").matches) toBox();
  });
}

// The list of messages: keeps it current and does what its buttons say.

import { ask, complain, interact, make, me } from "./api.js";
import { expectAnswer } from "./modal.js";

const list = document.getElementById("messages");
const popup = document.getElementById("popup");
const emoji = ["✅", "❌", "👀", "🛑", "🔁", "⏸️", "👍", "👎", "🎉", "❤️", "😄", "🚀"];
let replyTo = () => {};
let appsFor = () => [];

export function start(options) {
  replyTo = options.replyTo;
  appsFor = options.appsFor;
  list.addEventListener("click", act);
  list.addEventListener("change", choose);
  document.addEventListener("click", (event) => popup.contains(event.target) || event.target.closest("[aria-haspopup]") || closePopup());
  document.addEventListener("keydown", (event) => event.key === "Escape" && closePopup());
  // When the box below grows, what was at the end stays in view.
  let wasAtEnd = true;
  list.addEventListener("scroll", () => (wasAtEnd = atEnd()));
  new ResizeObserver(() => wasAtEnd && toEnd()).observe(list);
  localise(document);
  setInterval(() => localise(document, '[data-style="R"]'), 15_000);
  toEnd();
}

/** Whether the end of the list is in view, so that new messages should be followed. */
const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 120;
export const toEnd = () => (list.scrollTop = list.scrollHeight);

/** Shows a new or changed message. */
export function show({ id, html, author }) {
  const follow = atEnd() || author === me.userId;
  const template = document.createElement("template");
  template.innerHTML = html;
  put(id, template.content.firstElementChild);
  group();
  if (follow) toEnd();
}

/** Puts a message into its place; one that is being edited is changed when that is over. */
function put(id, fresh, next = null) {
  const known = document.getElementById(`m-${id}`);
  localise(fresh);
  if (known?.querySelector("form.edit")) {
    known.changed = fresh;
  } else if (known) {
    keep(known, fresh);
    known.replaceWith(fresh);
  } else {
    list.insertBefore(fresh, next);
  }
}

/** A message that changes keeps its previews open and its focus where it was. */
function keep(known, fresh) {
  known.querySelectorAll("details").forEach((details, index) => {
    const same = fresh.querySelectorAll("details")[index];
    if (same) same.open = details.open;
  });
  if (known === document.activeElement) queueMicrotask(() => fresh.focus({ preventScroll: true }));
  const focused = known.contains(document.activeElement) ? document.activeElement.dataset : null;
  if (focused?.act) {
    const same = `[data-act="${focused.act}"]` + (focused.emoji ? `[data-emoji="${focused.emoji}"]` : "");
    queueMicrotask(() => fresh.querySelector(same)?.focus());
  }
}

export function remove(ids) {
  for (const id of ids) document.getElementById(`m-${id}`)?.remove();
  group();
}

/** Loads the list again, after the connection was lost for a while; what has not changed stays as it is. */
export async function refresh() {
  if (!me.channel) return;
  const response = await fetch(`/page/messages?as=${encodeURIComponent(me.user)}&channel=${me.channel}`);
  if (!response.ok) return;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  const [follow, fresh] = [atEnd(), [...template.content.querySelectorAll(".message")]];
  const there = new Set(fresh.map((message) => message.id));
  const oldest = BigInt(fresh[0]?.dataset.id ?? 0);
  for (const message of list.querySelectorAll(".message")) {
    if (BigInt(message.dataset.id) >= oldest && !there.has(message.id)) message.remove();
  }
  for (const message of fresh) {
    const known = document.getElementById(message.id);
    const next = [...list.querySelectorAll(".message")].find((other) => BigInt(other.dataset.id) > BigInt(message.dataset.id));
    if (known?.dataset.version !== message.dataset.version) put(message.dataset.id, message, next);
  }
  group();
  if (follow) toEnd();
}

async function older(button) {
  const first = list.querySelector(".message");
  const response = await fetch(`/page/messages?as=${encodeURIComponent(me.user)}&channel=${me.channel}&before=${first?.dataset.id ?? ""}`);
  if (!response.ok) return;
  const before = list.scrollHeight;
  button.closest("li").remove();
  list.insertAdjacentHTML("afterbegin", await response.text());
  localise(list);
  group();
  list.scrollTop += list.scrollHeight - before;
}

/** Messages of one author that follow each other soon are shown as one block. */
export function group() {
  let last = null;
  for (const item of list.querySelectorAll(".message")) {
    const at = Number(BigInt(item.dataset.id) >> 22n);
    const only = item.classList.contains("ephemeral");
    const follows = last && last.author === item.dataset.author && last.only === only && at - last.at < 300_000 && !item.querySelector(".context");
    item.classList.toggle("follows", Boolean(follows));
    last = { author: item.dataset.author, at, only };
  }
}

/** Writes times as the reader's own clock and language have them. */
export function localise(root, which = "[data-style]") {
  for (const element of root.querySelectorAll(`time${which}`)) {
    const at = new Date(element.dateTime);
    element.textContent = written(at, element.dataset.style);
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
  }
  if (root !== document || which === "[data-style]") group();
}

function written(at, style) {
  const [date, time] = [(dateStyle) => at.toLocaleDateString(undefined, { dateStyle }), (timeStyle) => at.toLocaleTimeString(undefined, { timeStyle })];
  switch (style) {
    case "t": return time("short");
    case "T": return time("medium");
    case "d": return date("short");
    case "D": return date("long");
    case "F": return `${date("full")} ${time("short")}`;
    case "R": return relative(at);
    case "M": return at.toDateString() === new Date().toDateString() ? time("short") : `${date("short")} ${time("short")}`;
    default: return `${date("long")} ${time("short")}`;
  }
}

function relative(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const units = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

async function act(event) {
  const mention = event.target.closest("a[data-channel]");
  if (mention) {
    event.preventDefault();
    location.search = `?as=${encodeURIComponent(me.user)}&channel=${mention.dataset.channel}`;
    return;
  }
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const item = button.closest(".message");
  const path = item && `/channels/${me.channel}/messages/${item.dataset.id}`;
  try {
    switch (button.dataset.act) {
      case "older": await older(button); break;
      case "jump": event.preventDefault(); jump(button); break;
      case "react": {
        const mine = button.getAttribute("aria-pressed") === "true";
        await ask(mine ? "DELETE" : "PUT", `${path}/reactions/${encodeURIComponent(button.dataset.emoji)}/@me`);
        break;
      }
      case "pick-emoji": pickEmoji(button, path); break;
      case "reply": replyTo(item); break;
      case "edit": edit(item, path); break;
      case "delete": confirmDeletion(button, path); break;
      case "delete-now": await ask("DELETE", path); break;
      case "apps": pickApp(button, item); break;
      case "press": await press(button, item, 2); break;
      case "choose-many": await press(button.parentElement.querySelector("select"), item, 3); break;
    }
  } catch (error) {
    complain(error);
  }
}

function choose(event) {
  const select = event.target.closest('select[data-act="choose"]');
  if (select && !select.multiple && select.value) press(select, select.closest(".message"), 3).catch(complain);
}

async function press(control, item) {
  const kind = Number(control.dataset.kind ?? 2);
  const values = kind === 2 ? undefined : [...control.selectedOptions].map((option) => option.value);
  await expectAnswer(() => interact(3, item.dataset.author, { component_type: kind, custom_id: control.dataset.customId, values }, item.dataset.id));
}

function jump(link) {
  const target = document.querySelector(link.getAttribute("href"));
  target?.scrollIntoView({ block: "center" });
  target?.focus();
}

function openPopup(button, ...children) {
  popup.replaceChildren(...children);
  popup.hidden = false;
  const [place, size] = [button.getBoundingClientRect(), popup.getBoundingClientRect()];
  const left = Math.max(8, Math.min(place.right - size.width, innerWidth - size.width - 8));
  const below = place.bottom + 4 + size.height < innerHeight;
  popup.style.left = `${left}px`;
  popup.style.top = `${below ? place.bottom + 4 : Math.max(8, place.top - size.height - 4)}px`;
  popup.dataset.from = button.closest(".message")?.id ?? "";
  popup.querySelector("button, input")?.focus();
}

function closePopup() {
  if (popup.hidden) return;
  popup.hidden = true;
  document.getElementById(popup.dataset.from)?.focus();
}

const item = (text, onclick, danger) => make("button", { type: "button", role: "menuitem", class: danger ? "danger" : null, onclick }, text);

function pickEmoji(button, path) {
  const put = (picked) => {
    closePopup();
    ask("PUT", `${path}/reactions/${encodeURIComponent(picked)}/@me`).catch(complain);
  };
  const other = make("input", { type: "text", placeholder: "another emoji", "aria-label": "Another emoji", maxlength: 16, onkeydown: (event) => event.key === "Enter" && other.value.trim() && put(other.value.trim()) });
  openPopup(button, make("div", { class: "emoji" }, ...emoji.map((one) => make("button", { type: "button", role: "menuitem", "aria-label": one, onclick: () => put(one) }, one))), other);
}

function pickApp(button, message) {
  const apps = appsFor();
  if (apps.length === 0) return openPopup(button, make("p", {}, "No app has a command for messages."));
  const run = (command) => {
    closePopup();
    const data = { id: command.id, name: command.name, type: 3, version: command.version, target_id: message.dataset.id };
    expectAnswer(() => interact(2, command.application_id, data)).catch(complain);
  };
  openPopup(button, ...apps.map((command) => item(`${command.name} · ${command.bot}`, () => run(command))));
}

function confirmDeletion(button, path) {
  openPopup(button, make("p", {}, "Delete this message?"), item("Delete", () => (closePopup(), ask("DELETE", path).catch(complain)), true), item("Keep it", closePopup));
}

function edit(message, path) {
  if (message.querySelector("form.edit")) return;
  const box = make("textarea", { "aria-label": "Edit message", maxlength: 4000 });
  box.value = message.dataset.raw;
  const content = message.querySelector(".content");
  const close = () => {
    form.remove();
    if (content) content.hidden = false;
    if (message.changed) message.replaceWith(message.changed);
    group();
    document.getElementById(message.id)?.focus();
  };
  const save = async () => {
    try {
      await ask("PATCH", path, { content: box.value });
      close();
    } catch (error) {
      complain(error);
    }
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), save());
  });
  const form = make("form", { class: "edit", onsubmit: (event) => (event.preventDefault(), save()) }, box, make("p", {}, make("button", { type: "submit" }, "Save"), make("button", { type: "button", onclick: close }, "Cancel")));
  if (content) content.hidden = true;
  message.querySelector(".by").after(form);
  box.style.height = `${box.scrollHeight + 2}px`;
  box.focus();
}

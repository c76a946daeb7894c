// The list of messages: keeps it current, in order and where the reader is.

import { make, me, part } from "./api.js";
import { day, localise } from "./times.js";
import { arrange } from "./stops.js";
import { lastRead } from "./unread.js";

export const list = document.getElementById("messages");
const heard = document.getElementById("heard");
const newest = document.getElementById("newest");
let missed = 0;
/** What was read when the page was opened: the line that says what is new stays there. */
const readBefore = BigInt(lastRead(me.channel) ?? 0);

export function start() {
  // When the box below grows, what was at the end stays in view.
  let wasAtEnd = true;
  list.addEventListener("scroll", () => {
    wasAtEnd = atEnd();
    if (wasAtEnd) missed = 0;
    remind();
  });
  new ResizeObserver(() => wasAtEnd && toEnd()).observe(list);
  newest.addEventListener("click", () => (hasNewest() ? toEnd() : location.assign(`/?as=${encodeURIComponent(me.user)}&channel=${me.channel}`)));
  list.addEventListener("keydown", key);
  localise(document);
  group();
  const asked = new URLSearchParams(location.search).get("message") ?? /^\/channels\/\d+\/\d+\/(\d+)/.exec(location.pathname)?.[1];
  const line = list.querySelector(".new-line");
  if (asked && document.getElementById(`m-${asked}`)) point(asked);
  else if (line) line.scrollIntoView({ block: "center" });
  else toEnd();
  remind();
}

const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 120;
const hasNewest = () => !list.querySelector(".newer");
export const toEnd = () => (list.scrollTop = list.scrollHeight);

/** The button that leads to the newest message, where that is out of sight. */
function remind() {
  newest.hidden = atEnd() && hasNewest();
  newest.querySelector("span").textContent = missed > 0 ? `${missed} new message${missed === 1 ? "" : "s"}` : "Newest messages";
}

/** Shows a new or changed message. */
export function show({ id, html, author, new: isNew }) {
  if (isNew && !hasNewest()) return (missed += 1), remind();
  const follow = atEnd() || (isNew && author === me.userId);
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (isNew && author !== me.userId) announce(fresh);
  put(id, fresh);
  group();
  if (follow) toEnd();
  else if (isNew) missed += 1;
  remind();
}

/** Has a screen reader say a new message, once: a list whose messages change would say each change again. */
function announce(message) {
  const said = message.cloneNode(true);
  said.querySelectorAll(".spoiler [hidden]").forEach((secret) => secret.remove());
  const text = [said.querySelector(".name"), ...said.querySelectorAll(".content, .embed-title, .file a:first-of-type")].filter(Boolean);
  heard.append(make("p", {}, text.map((part) => part.textContent.trim()).join(", ").slice(0, 500)));
  while (heard.children.length > 5) heard.firstElementChild.remove();
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

/** A message that changes keeps its previews open, its spoilers shown, and its focus where it was. */
function keep(known, fresh) {
  known.querySelectorAll("details").forEach((details, index) => {
    const same = fresh.querySelectorAll("details")[index];
    if (same) same.open = details.open;
  });
  fresh.classList.toggle("pointed", known.classList.contains("pointed"));
  if (known === document.activeElement) queueMicrotask(() => fresh.focus({ preventScroll: true }));
  const same = known.contains(document.activeElement) && counterpart(document.activeElement, fresh);
  if (same) queueMicrotask(() => same.focus({ preventScroll: true }));
}

/** What a control of a message is in the message as it was drawn anew, if it is still there. */
function counterpart({ dataset }, fresh) {
  const marks = ["act", "emoji", "customId"].filter((name) => dataset[name]).map((name) => `[data-${name === "customId" ? "custom-id" : name}="${CSS.escape(dataset[name])}"]`);
  return dataset.act ? fresh.querySelector(marks.join("")) : null;
}

/** The same for one whose message is no longer the one that is shown. */
export function twin(control) {
  const message = document.getElementById(control?.closest?.(".message")?.id ?? "");
  return message && counterpart(control, message);
}

/** Tells anew, below the message that a thread hangs on, how many messages stand in it. */
export function countThread(thread, count) {
  const line = document.querySelector(`#m-${thread} .thread-link span`);
  if (line && count) line.textContent = count;
}

export function remove(ids) {
  for (const id of ids) {
    const known = document.getElementById(`m-${id}`);
    if (known?.contains(document.activeElement)) (known.nextElementSibling ?? list).focus();
    known?.remove();
  }
  group();
}

/** Loads the list again, after the connection was lost for a while; what has not changed stays as it is. */
export async function refresh() {
  if (!me.channel || !hasNewest()) return;
  const html = await part("messages");
  if (html === null) return;
  const template = document.createElement("template");
  template.innerHTML = html;
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

/** Shows older messages, without moving what is read. */
export async function older(button) {
  const first = list.querySelector(".message");
  const html = await part("messages", { before: first?.dataset.id ?? "" });
  if (html === null) return;
  const before = list.scrollHeight;
  button.closest("li").remove();
  list.insertAdjacentHTML("afterbegin", html);
  localise(list);
  group();
  list.scrollTop += list.scrollHeight - before;
  first?.focus({ preventScroll: true });
}

/** Shows newer messages, when an older one was jumped to. */
export async function newer(button) {
  const last = [...list.querySelectorAll(".message")].at(-1);
  const html = await part("messages", { after: last?.dataset.id ?? "" });
  if (html === null) return;
  button.closest("li").remove();
  list.insertAdjacentHTML("beforeend", html);
  localise(list);
  group();
  last?.focus({ preventScroll: true });
  remind();
}

/** Messages of one author that follow each other soon are one block; days are parted, and what is new. */
export function group() {
  list.querySelectorAll(".day, .new-line").forEach((line) => line.remove());
  let [last, isNewShown] = [null, false];
  for (const item of list.querySelectorAll(".message")) {
    const at = Number((BigInt(item.dataset.id) >> 22n) + 1_420_070_400_000n);
    const [date, only] = [new Date(at).toDateString(), item.classList.contains("ephemeral")];
    const isNew = readBefore > 0n && BigInt(item.dataset.id) > readBefore && item.dataset.author !== me.userId;
    let parted = false;
    if (last?.date !== date) {
      item.before(make("li", { class: "day" }, make("span", {}, day(new Date(at)))));
      parted = true;
    }
    if (isNew && !isNewShown && last) {
      item.before(make("li", { class: "new-line" }, make("span", {}, "New")));
      isNewShown = parted = true;
    } else if (isNew) isNewShown = true;
    const follows = !parted && last && last.author === item.dataset.author && last.only === only && at - last.at < 300_000 && !item.querySelector(":scope > .context") && !item.classList.contains("system") && !last.system;
    item.classList.toggle("follows", Boolean(follows));
    last = { author: item.dataset.author, at, only, date, system: item.classList.contains("system") };
  }
  arrange();
}

/** Brings a message into view; one that is not loaded is gone to. */
export function jump(id, channel = me.channel) {
  if (channel === me.channel && document.getElementById(`m-${id}`)) return point(id);
  location.assign(`/?${new URLSearchParams({ as: me.user, channel, message: id })}`);
}

function point(id) {
  const target = document.getElementById(`m-${id}`);
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
  target.classList.add("pointed");
  // It may have been drawn anew by then.
  setTimeout(() => document.getElementById(`m-${id}`)?.classList.remove("pointed"), 4_000);
}

/** Up and down go from message to message, Home and End to the ends. */
function key(event) {
  if (event.target !== list && !event.target.matches(".message")) return;
  const all = [...list.querySelectorAll(".message")];
  const now = all.indexOf(event.target);
  const next = { ArrowUp: now < 0 ? all.length - 1 : Math.max(0, now - 1), ArrowDown: now < 0 ? 0 : Math.min(all.length - 1, now + 1), Home: 0, End: all.length - 1 }[event.key];
  if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  all[next]?.focus();
}

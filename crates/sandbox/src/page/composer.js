// The message box: text, files, replies, names.

import { ask, complain, make, may, me } from "./api.js";
import { loaded } from "./choices.js";
import { editLast } from "./edit.js";
import { OptionList } from "./list.js";
import { LONGEST, limit } from "./limit.js";
import { toEnd } from "./messages.js";
import * as names from "./names.js";

const form = document.getElementById("composer");
const box = document.getElementById("write");
const picker = document.getElementById("files");
const uploads = document.getElementById("uploads");
const replying = document.getElementById("replying");
const room = limit(box, LONGEST, document.getElementById("write-left"), names.encode);
const offered = new OptionList(box, document.getElementById("suggestions"), "s");
let files = [];
let answered = null;
let slash;
let typedAt = 0;

export function start(options) {
  slash = options.slash;
  form.addEventListener("submit", (event) => (event.preventDefault(), send()));
  box.addEventListener("keydown", key);
  box.addEventListener("input", () => (grow(), suggest(), tellTyping()));
  box.addEventListener("blur", () => setTimeout(() => document.activeElement === box || offered.close(), 150));
  box.addEventListener("paste", (event) => add(event.clipboardData.files));
  picker.addEventListener("change", () => (add(picker.files), (picker.value = "")));
  replying.querySelector("button").addEventListener("click", () => replyTo(null));
  // A list that was opened before it was known what there is gets what there is.
  document.addEventListener("choices", () => offered.isOpen && offered.rows.length === 0 && suggest());
  const main = document.querySelector("main");
  main.addEventListener("dragover", (event) => (event.preventDefault(), main.classList.add("dropping")));
  main.addEventListener("dragleave", (event) => main.contains(event.relatedTarget) || main.classList.remove("dropping"));
  main.addEventListener("drop", (event) => (event.preventDefault(), main.classList.remove("dropping"), add(event.dataTransfer.files)));
  // On a touch screen that would bring up the keyboard; and a message that was gone to keeps the focus.
  if (!matchMedia("(pointer: coarse)").matches && !box.disabled && document.activeElement === document.body) box.focus({ preventScroll: true });
}

/** Offers what may be meant: commands after a slash at the beginning, names after @ and #. */
function suggest() {
  const found = slash.suggestions(box.value);
  if (found) return offered.show(found.rows, found.note);
  const typed = names.typed(box);
  const take = (offer) => (names.insert(box, typed.from, offer), offered.close(), grow());
  offered.show(typed ? names.offers(typed).map((offer) => ({ ...offer, take: () => take(offer) })) : []);
}

export function clear() {
  box.value = "";
  grow();
  offered.close();
}

export const focus = () => box.focus();

/** Puts a text into the box, to be looked at and sent. */
export function propose(text) {
  box.value = text;
  grow();
  box.focus();
}

/** Names somebody in the box. */
export function mention(id, name) {
  box.focus();
  if (box.value && !/\s$/.test(box.value)) box.value += " ";
  names.insert(box, box.value.length, { label: `@${name}`, code: `<@${id}>` });
  grow();
}

/** Marks the message that the next one answers; null answers none. */
export function replyTo(message) {
  answered = message?.dataset.id ?? null;
  replying.hidden = !answered;
  if (answered) replying.querySelector("span").textContent = `Replying to ${message.querySelector(".name")?.textContent ?? "a message"}`;
  box.focus();
}

function key(event) {
  if (offered.key(event)) return;
  if (event.key === "Escape") answered ? replyTo(null) : toEnd();
  if (event.key === "ArrowUp" && !box.value && editLast()) event.preventDefault();
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    enter();
  }
}

/** What begins like a command waits until it is known which there are: one that is typed in full is no message, even where the list is closed. */
async function enter() {
  if (!box.value.startsWith("/")) return send();
  await loaded;
  const meant = slash.suggestions(box.value)?.rows.find((row) => row.isMeant);
  if (meant) meant.take();
  else send();
}

function grow() {
  room.tell();
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, innerHeight / 3)}px`;
}

/** Others see for some seconds that somebody writes. */
function tellTyping() {
  if (Date.now() - typedAt < 8_000 || !box.value || box.value.startsWith("/")) return;
  typedAt = Date.now();
  ask("POST", `/channels/${me.channel}/typing`).catch(() => {});
}

function add(list) {
  if (list.length === 0) return;
  if (!may("attach") || !may("write")) return complain("You do not have permission to attach files in this channel.");
  files.push(...list);
  show();
  box.focus();
}

function show() {
  const drop = (index) => (files.splice(index, 1), show(), box.focus());
  uploads.replaceChildren(...files.map((file, index) => make("li", {}, make("span", {}, `📄 ${file.name} `), make("small", {}, `${Math.ceil(file.size / 1024)} KB`), make("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => drop(index) }, "✕"))));
}

async function send() {
  const content = box.value;
  if (!content.trim() && files.length === 0) return;
  const wrong = room.problem("Your message");
  if (wrong) return complain(wrong);
  const body = { content: names.encode(content), nonce: String(Date.now()) };
  if (answered) body.message_reference = { message_id: answered };
  const [sent, sentFiles] = [content, files];
  clear();
  files = [];
  show();
  try {
    await ask("POST", `/channels/${me.channel}/messages`, body, sentFiles);
    if (answered) replyTo(null);
    typedAt = 0;
  } catch (error) {
    // What was written is not lost.
    box.value = sent;
    files = sentFiles;
    grow();
    show();
    complain(error);
  }
}

// The message box: text, files, replies.

import { ask, complain, make, me } from "./api.js";

const form = document.getElementById("composer");
const box = document.getElementById("write");
const picker = document.getElementById("files");
const uploads = document.getElementById("uploads");
const replying = document.getElementById("replying");
let files = [];
let answered = null;
let slash;
let typedAt = 0;

export function start(options) {
  slash = options.slash;
  form.addEventListener("submit", (event) => (event.preventDefault(), send()));
  box.addEventListener("keydown", key);
  box.addEventListener("input", () => (grow(), slash.suggest(box.value), tellTyping()));
  box.addEventListener("paste", (event) => add(event.clipboardData.files));
  picker.addEventListener("change", () => (add(picker.files), (picker.value = "")));
  replying.querySelector("button").addEventListener("click", () => replyTo(null));
  const main = document.querySelector("main");
  main.addEventListener("dragover", (event) => event.preventDefault());
  main.addEventListener("drop", (event) => (event.preventDefault(), add(event.dataTransfer.files)));
  if (matchMedia("(hover: hover)").matches) box.focus();
}

export function clear() {
  box.value = "";
  grow();
  slash.suggest("");
}

export function focus() {
  box.focus();
}

/** Marks the message that the next one answers; null answers none. */
export function replyTo(message) {
  answered = message?.dataset.id ?? null;
  replying.hidden = !answered;
  if (!answered) return;
  replying.querySelector("span").textContent = `Replying to ${message.querySelector(".name").textContent}`;
  box.focus();
}

function key(event) {
  if (slash.key(event)) return;
  if (event.key === "Escape" && answered) replyTo(null);
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
}

function grow() {
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
  files.push(...list);
  show();
}

function show() {
  const drop = (index) => (files.splice(index, 1), show(), box.focus());
  uploads.replaceChildren(...files.map((file, index) => make("li", {}, `${file.name} (${Math.ceil(file.size / 1024)} KB) `, make("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => drop(index) }, "✕"))));
}

async function send() {
  const content = box.value;
  if (!content.trim() && files.length === 0) return;
  const body = { content, nonce: String(Date.now()) };
  if (answered) body.message_reference = { message_id: answered };
  const [sent, sentFiles] = [content, files];
  clear();
  files = [];
  show();
  try {
    await ask("POST", `/channels/${me.channel}/messages`, body, sentFiles);
    replyTo(null);
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

// A short guided first task, if the local Discord was started with one. It follows what happens in the world and is never in the way.

import { go, make, me, part } from "./api.js";

const box = document.getElementById("guide");
const key = `guide:${me.guild}:${me.user}`;
let propose = () => {};
let soon;

export async function start(options) {
  propose = options.propose;
  await refresh();
}

/** Something has happened: perhaps the guide's next step. */
export function look() {
  clearTimeout(soon);
  soon = setTimeout(refresh, 150);
}

async function refresh() {
  const reached = localStorage.getItem(key) ?? "0";
  if (reached === "dismissed" || reached === "done") return;
  const text = await part("guide", { step: reached });
  if (!text) return;
  const guide = JSON.parse(text);
  if (!guide) return;
  const moved = String(guide.step) !== reached;
  localStorage.setItem(key, guide.step < guide.steps ? String(guide.step) : "done");
  if (box.hidden || moved) draw(guide);
}

function draw(guide) {
  const ended = guide.step >= guide.steps;
  const content = make("div", { class: "content" });
  content.innerHTML = guide.html;
  const close = make("button", { type: "button", class: "tool", "aria-label": ended ? "Close the guide" : "Leave the guide", onclick: () => dismiss(ended) }, "✕");
  const buttons = make("p", { class: "buttons" },
    guide.write && guide.here && make("button", { type: "button", class: "button style-1", onclick: () => propose(guide.write) }, "Put it in the box"),
    guide.channel && !guide.here && make("button", { type: "button", class: "button style-1", onclick: () => go({ channel: guide.channel }) }, `Go to #${guide.channel_name}`));
  const dots = make("span", { class: "steps", role: "img", "aria-label": ended ? "Done" : `Step ${guide.step + 1} of ${guide.steps}` },
    ...Array.from({ length: guide.steps }, (_, index) => make("i", { class: index < guide.step ? "past" : index === guide.step ? "now" : null })));
  box.replaceChildren(make("header", {}, make("h3", {}, guide.title), dots, close), make("div", { "aria-live": "polite" }, content), buttons.children.length > 0 ? buttons : "");
  box.hidden = false;
}

function dismiss(ended) {
  localStorage.setItem(key, ended ? "done" : "dismissed");
  box.hidden = true;
  document.getElementById("write").focus();
}

// A short guided first task, if the local Discord was started with one. It follows what happens in the world and is never in the way.

import { go, make, me, part } from "./api.js";

const box = document.getElementById("guide");
/** How far this person has come; whether anybody has ended it or left it. */
const [key, over] = [`guide:${me.guild}:${me.user}`, `guide:${me.guild}`];
let propose = () => {};
let soon;
let drawn = "";

export async function start(options) {
  propose = options.propose;
  await refresh();
}

/** Something has happened: perhaps the guide's next step. */
export function look() {
  clearTimeout(soon);
  soon = setTimeout(refresh, 150);
}

/** What was reached: the step, and what was the newest when the guide began and when the step did. */
function reached() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

async function refresh() {
  if (localStorage.getItem(over)) return;
  const text = await part("guide", reached());
  const guide = text && JSON.parse(text);
  // While it was asked, the guide may have been left.
  if (!guide || localStorage.getItem(over)) return;
  const { step, began, since } = guide;
  localStorage.setItem(key, JSON.stringify({ step, began, since }));
  if (step >= guide.steps) localStorage.setItem(over, "done");
  if (box.hidden || drawn !== guide.html) draw(guide);
}

function draw(guide) {
  const ended = guide.step >= guide.steps;
  drawn = guide.html;
  const content = make("div", { class: "content" });
  content.innerHTML = guide.html;
  const close = make("button", { type: "button", class: "tool", "aria-label": ended ? "Close the guide" : "Leave the guide", onclick: () => leave(ended) }, "✕");
  const buttons = make("p", { class: "buttons" },
    guide.write && guide.here && make("button", { type: "button", class: "button style-1", onclick: () => propose(guide.write) }, "Put it in the box"),
    guide.channel && !guide.here && make("button", { type: "button", class: "button style-1", onclick: () => go({ channel: guide.channel }) }, `Go to #${guide.channel_name}`));
  const dots = make("span", { class: "steps", role: "img", "aria-label": ended ? "Done" : `Step ${guide.step + 1} of ${guide.steps}` },
    ...Array.from({ length: guide.steps }, (_, index) => make("i", { class: index < guide.step ? "past" : index === guide.step ? "now" : null })));
  box.replaceChildren(make("header", {}, make("h3", {}, guide.title), dots, close), make("div", { "aria-live": "polite" }, content), buttons.children.length > 0 ? buttons : "");
  box.hidden = false;
}

function leave(ended) {
  localStorage.setItem(over, ended ? "done" : "left");
  box.hidden = true;
  document.getElementById("write").focus();
}

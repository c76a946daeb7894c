// What stands beside the messages: members, threads, pinned messages. On a narrow screen it comes in from the side.

import { me, part } from "./api.js";
import { remember } from "./theme.js";
import { localise } from "./times.js";

const titles = { members: "Members", threads: "Threads", pins: "Pinned messages" };
const aside = document.getElementById("aside");
const body = document.getElementById("aside-body");
const title = document.getElementById("aside-title");
const buttons = [...document.querySelectorAll("[data-panel]")];
const narrow = matchMedia("(max-width: 1000px)");
let shown = "members";
/** The channel whose threads are shown: the open one, or one that was asked about; and what had the focus before. */
let of = { id: me.channel, name: null };
let from = null;

export function start() {
  if (narrow.matches) document.body.classList.remove("with-aside");
  for (const button of buttons) button.addEventListener("click", () => (isOpen() && shown === button.dataset.panel ? close(true) : open(button.dataset.panel)));
  document.getElementById("aside-close").addEventListener("click", () => close(true));
  aside.addEventListener("keydown", (event) => event.key === "Escape" && close(true));
  narrow.addEventListener("change", () => (document.body.classList.toggle("with-aside", !narrow.matches), tell()));
  tell();
}

export const isOpen = () => document.body.classList.contains("with-aside");

/** Shows one of them; threads may be those of another channel than the open one. */
export async function open(name, channel = { id: me.channel, name: null }) {
  [shown, of, from] = [name, channel, document.activeElement];
  document.body.classList.add("with-aside");
  if (!narrow.matches && name === "members") remember("members", "shown");
  tell();
  await refresh();
  title.focus();
}

/** Closes it; `byHand` gives the focus back to the button. */
export function close(byHand = false) {
  if (!isOpen()) return;
  document.body.classList.remove("with-aside");
  if (!narrow.matches && byHand && shown === "members") remember("members", "hidden");
  tell();
  if (byHand) (from?.isConnected && from.checkVisibility() ? from : buttons.find((button) => button.dataset.panel === shown))?.focus();
}

/** Whether it covers the messages. */
export const covers = () => narrow.matches && isOpen();

function tell() {
  title.textContent = of.name ? `${titles[shown]} of #${of.name}` : titles[shown];
  for (const button of buttons) button.setAttribute("aria-pressed", String(isOpen() && button.dataset.panel === shown));
  document.getElementById("veil").hidden = !covers() && !document.body.classList.contains("with-sidebar");
  aside.inert = !isOpen();
  // What is covered is out of the way of keys and screen readers too.
  document.querySelector("main").inert = covers();
}

/** Loads what it shows again, if one of `names` is shown. */
export async function refresh(...names) {
  if (!isOpen() || (names.length > 0 && !names.includes(shown))) return;
  const html = await part(shown, { channel: of.id });
  if (html === null || body.dataset.html === html) return;
  const focused = body.contains(document.activeElement) ? [...body.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
  body.dataset.html = html;
  body.innerHTML = html;
  localise(body);
  if (focused >= 0) body.querySelectorAll("a, button")[focused]?.focus();
}

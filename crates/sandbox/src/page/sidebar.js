// The channels: on a narrow screen they come in from the side. Arrows go through them.

import { go, me } from "./api.js";
import * as panel from "./panel.js";

const menu = document.getElementById("menu");
const sidebar = document.getElementById("sidebar");
const veil = document.getElementById("veil");
const main = document.querySelector("main");
const narrow = matchMedia("(max-width: 700px)");

export function start() {
  document.getElementById("person").addEventListener("change", (event) => go({ as: event.target.value, guild: me.guild, channel: me.channel }));
  menu.addEventListener("click", () => show(!document.body.classList.contains("with-sidebar")));
  document.getElementById("channels").addEventListener("click", (event) => {
    const { threads: id, name } = event.target.closest("[data-threads]")?.dataset ?? {};
    if (!id) return;
    show(false);
    panel.open("threads", { id, name });
  });
  veil.addEventListener("click", () => (show(false), panel.close(true)));
  sidebar.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("with-sidebar")) show(false, true);
    else walk(event);
  });
  document.getElementById("aside-body").addEventListener("keydown", walk);
  narrow.addEventListener("change", () => show(false));
  show(false);
}

function show(shown, byKey = false) {
  document.body.classList.toggle("with-sidebar", shown);
  menu.setAttribute("aria-expanded", String(shown));
  menu.setAttribute("aria-label", shown ? "Close channels" : "Channels");
  veil.hidden = !shown && !panel.covers();
  // What is out of sight is out of the way of keys and screen readers too.
  sidebar.inert = narrow.matches && !shown;
  main.inert = (narrow.matches && shown) || panel.covers();
  if (shown) (sidebar.querySelector("#channels [aria-current]") ?? sidebar.querySelector("#channels a"))?.focus();
  else if (byKey) menu.focus();
}

/** Up and down go from line to line, in the list of channels as in that of members. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const list = event.target.closest("ul#channels, ul#rail, #aside-body");
  if (!step || !list || event.altKey || event.ctrlKey) return;
  const all = [...list.querySelectorAll("a, button")];
  const next = all[all.indexOf(document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

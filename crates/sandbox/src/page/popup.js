// One small window at a time beside what opened it: menus, the emoji picker, what is known of a member.

import { make } from "./api.js";

const popup = document.getElementById("popup");
let from = null;

/** Opens the window at an element or a point; the focus goes in, and comes back when it closes. */
export function open(anchor, { role = "dialog", label }, ...children) {
  if (popup.hidden) from = document.activeElement;
  popup.replaceChildren(...children);
  popup.setAttribute("role", role);
  popup.setAttribute("aria-label", label);
  popup.hidden = false;
  place(anchor);
  (popup.querySelector("[data-first]") ?? popup.querySelector("button, input, a"))?.focus();
}

function place(anchor) {
  const at = anchor instanceof Element ? anchor.getBoundingClientRect() : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
  const size = popup.getBoundingClientRect();
  const onTheRight = anchor instanceof Element && at.left + at.right > innerWidth;
  const wanted = onTheRight ? at.right - size.width : at.left;
  popup.style.left = `${Math.max(8, Math.min(wanted, innerWidth - size.width - 8))}px`;
  const below = at.bottom + 4 + size.height < innerHeight;
  popup.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4)}px`;
}

export function close() {
  if (popup.hidden) return;
  popup.hidden = true;
  popup.replaceChildren();
  // What opened it may have been drawn anew.
  const back = from?.isConnected ? from : document.getElementById(from?.closest?.("[id]")?.id ?? "");
  back?.focus({ preventScroll: true });
}

/** The first line, by which it is told whether this window is still the one that is shown. */
export const first = () => popup.firstElementChild;

/** Gives the focus to the line with this text, if there is one. */
export function focusOn(text) {
  [...popup.querySelectorAll("button")].find((line) => line.textContent === text)?.focus();
}

export const isOpen = () => !popup.hidden;

/** A line of a menu. */
export const item = (text, onclick, danger = false) =>
  make("button", { type: "button", role: "menuitem", tabindex: "-1", class: danger ? "danger" : null, onclick: () => (close(), onclick()) }, text);

/** A line between the parts of a menu. */
export const rule = (text) => make("div", { role: "separator", class: "rule" }, text ?? "");

export function start() {
  document.addEventListener("pointerdown", (event) => popup.contains(event.target) || close());
  popup.addEventListener("keydown", (event) => {
    const all = [...popup.querySelectorAll("button:not(:disabled)")].filter((one) => one.offsetParent);
    const columns = document.activeElement?.closest(".emoji") ? 8 : 1;
    const step = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const typing = event.target.matches("input");
    if (event.key === "Escape" || event.key === "Tab") {
      // Within a dialog Tab goes from one to the next; a menu is left by it.
      if (event.key === "Tab" && popup.getAttribute("role") === "dialog") return trap(event);
      close();
    } else if (step && !(typing && columns === 1 && Math.abs(step) === 1 && event.key !== "ArrowDown")) {
      const now = all.indexOf(document.activeElement);
      all[now < 0 ? 0 : (now + step + all.length) % all.length]?.focus();
    } else if (event.key === "Home" && !typing) all[0]?.focus();
    else if (event.key === "End" && !typing) all.at(-1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** The focus stays within a small window until it is closed. */
function trap(event) {
  const all = [...popup.querySelectorAll("button, input, a[href]")].filter((one) => one.offsetParent);
  const last = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement !== last) return;
  event.preventDefault();
  (event.shiftKey ? all.at(-1) : all[0])?.focus();
}

// Editing a message of one's own, in its place.

import { ask, complain, make, me } from "./api.js";
import { LONGEST, limit } from "./limit.js";
import { group, list } from "./messages.js";

/** Opens the box in a message. */
export function edit(message) {
  if (message.querySelector("form.edit")) return;
  const box = make("textarea", { id: `edit-${message.dataset.id}`, "aria-label": "Edit message" });
  box.value = message.dataset.raw;
  const { left, problem } = limit(box, LONGEST);
  const content = message.querySelector(".content");
  const close = () => {
    form.remove();
    if (content) content.hidden = false;
    if (message.changed) message.replaceWith(message.changed);
    group();
    document.getElementById("write").focus();
  };
  const save = async () => {
    if (box.value.trim() === message.dataset.raw) return close();
    const wrong = problem("Your message");
    if (wrong) return complain(wrong);
    try {
      await ask("PATCH", `/channels/${me.channel}/messages/${message.dataset.id}`, { content: box.value });
      close();
    } catch (error) {
      complain(error);
    }
  };
  const grow = () => ((box.style.height = "auto"), (box.style.height = `${box.scrollHeight + 2}px`));
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") (event.stopPropagation(), close());
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), save());
  });
  const form = make("form", { class: "edit", onsubmit: (event) => (event.preventDefault(), save()) }, box, left,
    make("p", {}, "Escape to ", make("button", { type: "button", onclick: close }, "cancel"), " · Enter to ", make("button", { type: "submit" }, "save")));
  if (content) content.hidden = true;
  message.querySelector(".by").after(form);
  grow();
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}

/** Edits the newest message of this person; tells whether there was one. */
export function editLast() {
  const own = [...list.querySelectorAll(".message")].filter((message) => message.dataset.can.split(" ").includes("edit"));
  if (own.length > 0) edit(own.at(-1));
  return own.length > 0;
}

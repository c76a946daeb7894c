// Suggestions from the bot for an option, while it is typed.

import { interact, make } from "./api.js";
import { OptionList } from "./list.js";

/** How long the person must have paused, in milliseconds. */
const PAUSE = 200;
let asking = null;

/** Makes a field one that asks the bot. */
export function complete({ option, application, nested, filled }, control, row) {
  const id = `${control.id}-list`;
  const list = make("div", { id, class: "offered", "aria-label": `Suggestions for ${option.name}`, hidden: true });
  row.append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false" })) control.setAttribute(name, value);
  const offered = new OptionList(control, list, id);
  let waiting;
  const request = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      asking = { control, offered, id: null };
      const others = filled().filter((one) => one.name !== option.name);
      try {
        asking.id = await interact(4, application, nested([...others, { type: option.type, name: option.name, value: control.value, focused: true }]));
      } catch {
        offered.show([], "Loading options failed");
      }
    }, PAUSE);
  };
  control.addEventListener("input", () => (delete control.dataset.value, request()));
  // What was chosen stays chosen when the focus comes back.
  control.addEventListener("focus", () => isChosen(control) || request());
  control.addEventListener("blur", () => setTimeout(() => offered.close(), 150));
  control.addEventListener("keydown", (event) => offered.key(event) && event.stopPropagation());
}

/** Whether a suggestion was taken: what goes over the wire is then its value, not what is shown. */
const isChosen = (control) => control.dataset.value !== undefined;

/** Shows the suggestions that the bot gave; late ones for what was typed before are left. */
export function offer(id, choices) {
  if (!asking || (asking.id && asking.id !== id) || isChosen(asking.control) || document.activeElement !== asking.control) return;
  const { control, offered } = asking;
  const take = (choice) => {
    control.value = choice.name;
    control.dataset.value = String(choice.value);
    offered.close();
    control.focus({ preventScroll: true });
  };
  offered.show(choices.map((choice) => ({ label: choice.name, take: () => take(choice) })), "No options match your search");
}

// How many characters still fit into a field, told when it becomes tight. What is too long is kept and refused aloud, never cut off.

import { make } from "./api.js";

/** Most characters of a message. Source: Discord developer documentation, "Create Message", field `content`. */
export const LONGEST = 2000;

const counted = new Intl.NumberFormat("en");
const length = (text) => [...text].length;

/** Watches a field into which at most `most` characters fit; `encode` tells what is sent for what stands there. */
export function limit(field, most, left = make("small", { id: `${field.id}-left`, class: "left", hidden: true }), encode = (text) => text) {
  const rest = () => most - length(encode(field.value));
  const tell = () => {
    const fits = rest();
    left.hidden = fits > Math.max(20, most / 10);
    left.textContent = fits < 0 ? `${counted.format(-fits)} too many` : `${counted.format(fits)} left`;
    left.title = `At most ${counted.format(most)} characters`;
    left.classList.toggle("over", fits < 0);
    field.setAttribute("aria-invalid", String(fits < 0));
  };
  describe(field, left.id);
  field.addEventListener("input", tell);
  return {
    left, tell,
    /** What is wrong with it, in a sentence that begins with what it is called; null if it fits. */
    problem: (called) => (rest() < 0 ? `${called}: ${counted.format(most - rest())} characters, and at most ${counted.format(most)} fit.` : null),
  };
}

/** Adds what a field is described by. */
export function describe(field, id) {
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
}

// Names in what is written: @somebody and #somewhere are offered while they are typed, and sent as Discord wants them.

import { known } from "./choices.js";

/** What was picked: what stands in the box, and what is sent for it. */
const picked = new Map();

/** The name that is being typed before the cursor: its mark, its beginning, and where it starts. */
export function typed(box) {
  const found = /(?:^|\s)([@#])([^\s@#]{0,32})$/.exec(box.value.slice(0, box.selectionStart));
  return found ? { mark: found[1], word: found[2].toLowerCase(), from: box.selectionStart - found[2].length - 1 } : null;
}

/** What can stand for it: people and roles, or channels. */
export function offers({ mark, word }) {
  const begins = (one) => one.name.toLowerCase().includes(word);
  const wrap = (before, one, detail) => ({ label: `${mark}${one.name}`, detail, code: `<${before}${one.id}>` });
  if (mark === "#") return known.channels.filter(begins).slice(0, 10).map((one) => wrap("#", one, ""));
  const roles = known.roles.filter((one) => begins(one) && one.name !== "@everyone");
  return [...known.users.filter(begins).map((one) => wrap("@", one, one.bot ? "app" : "")), ...roles.map((one) => wrap("@&", one, "everybody with this role"))].slice(0, 10);
}

/** Puts a name into the box instead of what was typed of it. */
export function insert(box, from, offer) {
  const to = box.selectionStart;
  picked.set(offer.label, offer.code);
  box.setRangeText(`${offer.label} `, from, to, "end");
}

/** What is sent for what was written. Only what was picked becomes a mention. */
export function encode(text) {
  let sent = text;
  for (const [label, code] of [...picked].sort(([one], [other]) => other.length - one.length)) sent = sent.replaceAll(label, code);
  return sent;
}

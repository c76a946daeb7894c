// A small emoji picker: the usual ones by name, and any other by typing it.

import { make } from "./api.js";
import * as popup from "./popup.js";

const known = {
  "✅": "check done yes", "❌": "cross no failed", "👀": "eyes seen", "🛑": "stop cancel", "🔁": "repeat retry again", "⏸️": "pause", "▶️": "play go", "🏁": "finish flag",
  "👍": "thumbs up yes", "👎": "thumbs down no", "🎉": "party hooray", "❤️": "heart love", "😄": "smile happy", "😅": "sweat phew", "🤔": "thinking", "😢": "sad cry",
  "🚀": "rocket ship", "🔥": "fire hot", "💡": "idea bulb", "🐛": "bug", "🔧": "wrench fix", "📌": "pin", "📎": "clip file", "📝": "memo note",
  "⚠️": "warning", "❓": "question", "❗": "exclamation", "⏰": "clock late", "⏳": "hourglass wait", "🔒": "lock", "🔑": "key", "🧵": "thread",
  "🙏": "thanks please", "👏": "clap", "💯": "hundred", "✨": "sparkles new", "☕": "coffee", "🍵": "tea", "🐢": "turtle slow", "💸": "money cost",
};

/** Lets the person pick an emoji; `put` gets it. */
export function pick(anchor, put) {
  const choose = (one) => (popup.close(), put(one));
  const grid = make("div", { class: "emoji" });
  const draw = (wanted) => {
    const shown = Object.entries(known).filter(([one, words]) => !wanted || one.includes(wanted) || words.includes(wanted.toLowerCase()));
    grid.replaceChildren(...shown.map(([one, words]) => make("button", { type: "button", title: words, "aria-label": `${one} ${words}`, onclick: () => choose(one) }, one)));
  };
  const box = make("input", { type: "text", placeholder: "Search, or type any emoji", "aria-label": "Search, or type any emoji", maxlength: 32, "data-first": true });
  box.addEventListener("input", () => draw(box.value.trim()));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !box.value.trim()) return;
    event.preventDefault();
    const first = grid.querySelector("button");
    choose(/\p{Extended_Pictographic}/u.test(box.value) || !first ? box.value.trim() : first.textContent);
  });
  draw("");
  popup.open(anchor, { label: "Pick an emoji" }, box, grid);
}

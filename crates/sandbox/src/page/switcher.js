// Ctrl+K: goes to a channel, a thread or a server by a few letters of its name.

import { go, make, me } from "./api.js";
import { known } from "./choices.js";
import { OptionList } from "./list.js";

const dialog = document.getElementById("switcher");

export function start() {
  document.getElementById("jump-to").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
}

function open() {
  const box = make("input", { type: "text", role: "combobox", "aria-label": "Where to?", "aria-autocomplete": "list", "aria-controls": "places", "aria-expanded": "false", placeholder: "Where to?", autocomplete: "off" });
  const list = make("div", { id: "places", "aria-label": "Channels", hidden: true });
  const offered = new OptionList(box, list, "p");
  const draw = () => {
    const word = box.value.trim().toLowerCase().replace(/^#/, "");
    const fits = (place) => place.name.toLowerCase().includes(word);
    const rows = known.places.filter((place) => place.id !== me.channel && fits(place)).slice(0, 12);
    offered.show(rows.map((place) => ({ label: `${place.sign} ${place.name}`, detail: place.within ?? "", from: place.guild, take: () => go({ channel: place.id }) })), "Nothing is called like this.");
  };
  box.addEventListener("input", draw);
  box.addEventListener("keydown", (event) => offered.key(event) && event.key === "Escape" && dialog.close());
  dialog.replaceChildren(make("p", { class: "unseen" }, "Arrows choose, Enter goes there, Escape closes."), box, list);
  if (!dialog.open) dialog.showModal();
  draw();
  box.focus();
}

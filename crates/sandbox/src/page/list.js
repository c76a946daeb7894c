// A list of options below a text field: one is chosen, and keys move it. The focus stays in the field.

import { make } from "./api.js";

/**
 * A list box for a field. `rows` are `{ label, detail, from, take }`; texts only.
 * `note` is shown where there is nothing to choose.
 */
export class OptionList {
  constructor(field, list, prefix) {
    Object.assign(this, { field, list, prefix, rows: [], chosen: 0 });
    list.setAttribute("role", "listbox");
    // The field must not lose the focus to a click.
    list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.list.hidden;
  }

  show(rows, note = "") {
    this.rows = rows;
    this.chosen = 0;
    this.list.hidden = rows.length === 0 && !note;
    if (this.list.hidden) return this.close();
    if (rows.length === 0) {
      this.list.replaceChildren(make("div", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "note" }, note));
      this.field.removeAttribute("aria-activedescendant");
    } else {
      this.draw();
    }
    this.expanded(true);
  }

  close() {
    this.rows = [];
    this.list.hidden = true;
    this.list.replaceChildren();
    this.field.removeAttribute("aria-activedescendant");
    this.expanded(false);
  }

  expanded(open) {
    if (this.field.getAttribute("role") === "combobox") this.field.setAttribute("aria-expanded", String(open));
  }

  draw() {
    this.list.replaceChildren(...this.rows.map((row, index) =>
      make("div", { role: "option", id: `${this.prefix}-${index}`, "aria-selected": String(index === this.chosen), onclick: () => row.take() },
        make("b", {}, row.label), row.detail && make("span", {}, row.detail), row.from && make("i", {}, row.from))));
    this.field.setAttribute("aria-activedescendant", `${this.prefix}-${this.chosen}`);
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  /** Handles a key while the list is open; tells whether it was for the list. */
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.rows.length) {
      this.chosen = (this.chosen + step + this.rows.length) % this.rows.length;
      this.draw();
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.rows.length) {
      this.rows[this.chosen].take();
    } else if (event.key === "Escape") {
      this.close();
      event.stopPropagation();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
}

// Modals: what an application asks for, and what the page itself asks for.

import { interact, make, Refused } from "./api.js";
import { expectAnswer } from "./answers.js";
import { part } from "./fields.js";
import { limit } from "./limit.js";
import { twin } from "./messages.js";

const dialog = document.getElementById("modal");
/** What had the focus before the form was shown. */
let from = null;

dialog.addEventListener("close", giveBack);

/** The focus goes back to where it came from. That may have been drawn anew; where it is gone, there is the box. */
function giveBack() {
  // What was in the form may still have it for a moment.
  if (document.activeElement !== document.body && !dialog.contains(document.activeElement)) return;
  (twin(from) ?? document.getElementById("write")).focus();
}

/** Says what is wrong with what was filled in, by refusing; the first field that is goes to have the focus. */
function check(parts) {
  const wrong = parts.find((one) => one.problem?.());
  if (!wrong) return;
  wrong.focus?.();
  throw new Refused(wrong.problem());
}

/** Shows a form over the page. `submit` may refuse by throwing: what was filled in then stays. */
function show(title, rows, label, submit) {
  const status = make("p", { role: "alert", class: "modal-problem" });
  const send = make("button", { type: "submit", class: "button style-1" }, label);
  const form = make("form", { method: "dialog" },
    make("h2", { id: "modal-title" }, title), ...rows, status,
    make("p", { class: "buttons" }, send, make("button", { type: "button", class: "button style-2", onclick: () => dialog.close() }, "Cancel")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    status.textContent = "";
    send.disabled = true;
    try {
      await submit(status);
    } catch (error) {
      status.textContent = error.message;
    } finally {
      send.disabled = false;
    }
  });
  form.addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && form.requestSubmit());
  dialog.setAttribute("aria-labelledby", "modal-title");
  dialog.replaceChildren(form);
  if (!dialog.open) {
    from = document.activeElement;
    dialog.showModal();
  }
  form.querySelector(".field :is(input, textarea, select)")?.focus();
}

/** Shows an application's modal; what is filled in goes back to it. */
export function open(application, modal, message) {
  const parts = modal.components.map(part).filter(Boolean);
  show(modal.title, parts.map((one) => one.row), "Submit", async (status) => {
    check(parts);
    const files = [];
    const data = { custom_id: modal.custom_id, components: parts.map((one) => one.data(files)).filter(Boolean) };
    await new Promise((resolve, reject) => {
      let silent = false;
      const waits = { failed: () => (silent = true), ended: () => queueMicrotask(() => (silent ? reject(new Error("Something went wrong. Try again.")) : resolve())) };
      expectAnswer(() => interact(5, application, data, message, files), waits).catch(reject);
    });
    status.textContent = "";
    dialog.close();
  });
}

/** Asks for several things; `done` gets what was filled in, by custom id. */
export function ask({ title, components, submit }, done) {
  const parts = components.map(part);
  show(title, parts.map((one) => one.row), submit, async () => {
    check(parts);
    await done(Object.fromEntries(parts.map((one) => one.data([]).component).map((filled) => [filled.custom_id, filled.values ?? filled.value])));
    dialog.close();
  });
}

/** Asks for one line of text; `done` gets it. */
export function prompt({ title, label, value, most, submit }, done) {
  const input = make("input", { id: "prompt", type: "text", required: true, autocomplete: "off" });
  input.value = value;
  const { left, problem } = limit(input, most);
  const row = make("div", { class: "field" }, make("label", { for: "prompt" }, label), input, left);
  show(title, [row], submit, async () => {
    check([{ problem: () => problem(label), focus: () => input.focus() }]);
    await done(input.value.trim());
    dialog.close();
  });
  input.select();
}

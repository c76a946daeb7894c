// Answers to interactions: waits for them, says when none comes, and shows modals.

import { Refused, complain, interact, make } from "./api.js";

const dialog = document.getElementById("modal");
/** How long a bot has for its first answer, in milliseconds. */
const PATIENCE = 3_500;
let waiting = [];

/** Starts an interaction and sees to it that silence is noticed. */
export async function expectAnswer(begin) {
  const expected = { timer: 0 };
  // The answer may be here before the request that asked for it has ended.
  expected.timer = setTimeout(() => {
    waiting = waiting.filter((other) => other !== expected);
    complain(new Refused("The application did not respond."));
  }, PATIENCE);
  waiting.push(expected);
  try {
    await begin();
  } catch (error) {
    settle(expected);
    throw error;
  }
}

/** An answer has come. */
export function answered() {
  settle(waiting[0]);
}

function settle(expected) {
  if (!expected) return;
  clearTimeout(expected.timer);
  waiting = waiting.filter((other) => other !== expected);
}

/** Shows a modal; what is filled in goes back to the application. */
export function open(application, modal) {
  const inputs = modal.components.map(part).filter(Boolean);
  const status = make("p", { role: "alert", class: "modal-problem" });
  const form = make("form", { method: "dialog" },
    make("h2", { id: "modal-title" }, modal.title),
    ...inputs.map((input) => input.row),
    status,
    make("p", { class: "buttons" }, make("button", { type: "submit", class: "button style-1" }, "Submit"), make("button", { type: "button", class: "button style-2", onclick: () => dialog.close() }, "Cancel")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await expectAnswer(() => interact(5, application, { custom_id: modal.custom_id, components: inputs.map((input) => input.data()).filter(Boolean) }));
      dialog.close();
    } catch (error) {
      status.textContent = error.message;
    }
  });
  dialog.setAttribute("aria-labelledby", "modal-title");
  dialog.replaceChildren(form);
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
}

/** One part of a modal: the older row with a text input, a label with an input, or plain text. */
function part(component) {
  if (component.type === 10) return { row: make("p", {}, component.content), data: () => null };
  const input = component.type === 18 ? component.component : component.components?.[0];
  if (!input) return null;
  const label = component.type === 18 ? component.label : input.label;
  const required = input.required !== false;
  const shared = { id: `i-${input.custom_id}`, required, placeholder: input.placeholder };
  const control = field(input, shared);
  if (input.value) control.value = input.value;
  const row = make("div", { class: "field" }, make("label", { for: shared.id }, label, ...(required ? [make("abbr", { title: "required" }, " *")] : [])), control, ...(component.description ? [make("small", {}, component.description)] : []));
  const filled = () => ({ type: input.type, id: input.id, custom_id: input.custom_id, ...(input.type === 4 ? { value: control.value } : { values: [...control.selectedOptions].map((option) => option.value).filter(Boolean) }) });
  const data = () => (component.type === 18 ? { type: 18, id: component.id, component: filled() } : { type: 1, id: component.id, components: [filled()] });
  return { row, data };
}

function field(input, shared) {
  if (input.type !== 4) {
    const options = (input.options ?? []).map((option) => make("option", { value: option.value, selected: option.default }, option.label));
    return make("select", { ...shared, multiple: (input.max_values ?? 1) > 1 }, ...options);
  }
  const lengths = { minlength: input.min_length, maxlength: input.max_length ?? 4000 };
  return input.style === 2 ? make("textarea", { ...shared, ...lengths, rows: 5 }) : make("input", { ...shared, ...lengths, type: "text", autocomplete: "off" });
}

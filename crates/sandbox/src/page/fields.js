// The inputs of a modal: the older row with one text input, and labels with any input.

import { make } from "./api.js";
import { ofKind } from "./choices.js";
import { describe, limit } from "./limit.js";

/** One part of a modal: its row, and what goes back to the application. */
export function part(component) {
  if (component.type === 10) return { row: make("p", { class: "modal-text" }, component.content), data: () => null };
  const input = component.type === 18 ? component.component : component.components?.[0];
  if (!input) return null;
  const text = component.type === 18 ? component.label : input.label;
  const made = field(input);
  const mark = input.required !== false && input.type !== 23 ? make("abbr", { title: "required" }, " *") : null;
  const hint = component.description ? make("small", { id: `${made.id}-d` }, component.description) : null;
  if (hint) describe(made.control, hint.id);
  const row = made.isGroup
    ? make("fieldset", { class: "field" }, make("legend", {}, text, mark), hint, made.control)
    : make("div", { class: "field" }, make("label", { for: made.id }, text, mark), made.control, made.left, hint);
  const data = (files) => {
    const filled = { type: input.type, id: input.id, custom_id: input.custom_id, ...made.read(files) };
    return component.type === 18 ? { type: 18, id: component.id, component: filled } : { type: 1, id: component.id, components: [filled] };
  };
  return { row, data, problem: () => made.problem?.(text), focus: () => made.control.focus() };
}

function field(input) {
  const id = `i-${input.custom_id}`;
  const shared = { id, required: input.required !== false, placeholder: input.placeholder };
  switch (input.type) {
    case 4: return textInput(input, id, shared);
    case 19: return fileInput(input, id, shared);
    case 21: return group(input, id, "radio");
    case 22: return group(input, id, "checkbox");
    case 23: return checkbox(input, id);
    default: return select(input, id, shared);
  }
}

function textInput(input, id, shared) {
  const least = { minlength: input.min_length };
  const control = input.style === 2 ? make("textarea", { ...shared, ...least, rows: 5 }) : make("input", { ...shared, ...least, type: "text", autocomplete: "off" });
  if (input.value) control.value = input.value;
  // Source of the number: Discord developer documentation, "Text Input", field `max_length`.
  const { left, problem, tell } = limit(control, input.max_length ?? 4000);
  tell();
  return { id, control, left, problem, read: () => ({ value: control.value }) };
}

function fileInput(input, id, shared) {
  const most = input.max_values ?? 1;
  const control = make("input", { ...shared, type: "file", multiple: most > 1 });
  return {
    id, control,
    // A file goes beside the form; its field names its number.
    read: (files) => ({ values: [...control.files].map((file) => String(files.push(file) - 1)) }),
    problem: (label) => (control.files.length > most ? `${label}: at most ${most} file${most === 1 ? "" : "s"}.` : null),
  };
}

function group(input, id, type) {
  const boxes = (input.options ?? []).map((option, index) => {
    const box = make("input", { type, name: id, id: `${id}-${index}`, value: option.value, checked: option.default === true, required: type === "radio" && input.required !== false });
    return [box, make("label", { for: box.id, class: "choice" }, box, make("span", {}, option.label, option.description ? make("small", {}, option.description) : null))];
  });
  const chosen = () => boxes.map(([box]) => box).filter((box) => box.checked).map((box) => box.value);
  const [least, most] = [input.min_values ?? (input.required === false ? 0 : 1), input.max_values ?? boxes.length];
  return {
    id, isGroup: true, control: make("div", {}, ...boxes.map(([, label]) => label)),
    read: () => (type === "radio" ? { value: chosen()[0] ?? null } : { values: chosen() }),
    problem: (label) => (type === "checkbox" && (chosen().length < least || chosen().length > most) ? `${label}: choose ${least === most ? least : `${least} to ${most}`}.` : null),
  };
}

function checkbox(input, id) {
  const control = make("input", { id, type: "checkbox", checked: input.default === true });
  return { id, control, read: () => ({ value: control.checked }) };
}

function select(input, id, shared) {
  const most = input.max_values ?? 1;
  const wanted = new Set((input.default_values ?? []).map((one) => one.id));
  const options = ofKind(input).map((option) => make("option", { value: option.value, selected: option.default === true || wanted.has(option.value) }, option.label));
  const placeholder = most > 1 ? [] : [make("option", { value: "" }, input.placeholder ?? "Make a selection")];
  const control = make("select", { ...shared, placeholder: null, multiple: most > 1, size: most > 1 ? Math.min(6, options.length) : null }, ...placeholder, ...options);
  const chosen = () => [...control.selectedOptions].map((option) => option.value).filter(Boolean);
  return {
    id, control, read: () => ({ values: chosen() }),
    problem: (label) => (chosen().length > most ? `${label}: at most ${most}.` : chosen().length < (input.min_values ?? 1) && input.required !== false ? `${label}: at least ${input.min_values ?? 1}.` : null),
  };
}

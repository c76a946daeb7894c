// One option of a slash command as a field of its form, by its type.

import { make } from "./api.js";
import { known } from "./choices.js";
import { complete } from "./complete.js";
import { limit } from "./limit.js";

/** Most characters of a text. Source: Discord developer documentation, "Application Command Option Structure", field `max_length`. */
const LONGEST = 6000;

/** Makes the field: its row, its control, and what goes over the wire for it. */
export function field(given) {
  const { option } = given;
  const id = `o-${option.name}`;
  const control = controlFor(option, id, choices(option));
  const limited = control.matches("textarea, input[type='text']") && !option.autocomplete ? limit(control, option.max_length ?? LONGEST) : null;
  const mark = option.required ? make("abbr", { title: "required" }, " *") : null;
  const row = make("div", { class: "field" }, make("label", { for: id }, option.name, mark), control, limited?.left, make("small", { id: `${id}-d` }, option.description));
  if (option.autocomplete) complete(given, control, row);
  return { option, control, row, value: (files) => read(option, control, files), problem: () => limited?.problem(option.name) };
}

function controlFor(option, id, chosenFrom) {
  const shared = { id, name: option.name, required: option.required, "aria-describedby": `${id}-d` };
  if (chosenFrom) {
    return make("select", shared, make("option", { value: "" }, option.required ? "Choose…" : "(none)"), ...chosenFrom.map(([value, label]) => make("option", { value }, label)));
  }
  if (option.type === 3 && !option.autocomplete) {
    const control = make("textarea", { ...shared, rows: 1, minlength: option.min_length });
    control.addEventListener("input", () => ((control.style.height = "auto"), (control.style.height = `${control.scrollHeight + 2}px`)));
    control.addEventListener("keydown", (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && (event.preventDefault(), control.form.requestSubmit()));
    return control;
  }
  const number = option.type === 4 || option.type === 10;
  // A number that is completed may be shown by a name.
  const type = option.type === 11 ? "file" : number && !option.autocomplete ? "number" : "text";
  return make("input", { ...shared, type, step: option.type === 10 ? "any" : null, min: option.min_value, max: option.max_value, minlength: option.min_length, autocomplete: "off" });
}

/** What an option can be chosen from, if it has a list. */
function choices(option) {
  if (option.choices?.length) return option.choices.map((choice) => [String(choice.value), choice.name]);
  const named = (list, mark) => list.map((one) => [one.id, (one.name.startsWith(mark) ? "" : mark) + one.name]);
  const channels = known.channels.filter((one) => !option.channel_types?.length || option.channel_types.includes(one.type));
  switch (option.type) {
    case 5: return [["true", "True"], ["false", "False"]];
    case 6: return named(known.users, "@");
    case 7: return named(channels, "#");
    case 8: return named(known.roles, "@");
    case 9: return [...named(known.users, "@"), ...named(known.roles, "@")];
    default: return null;
  }
}

function read(option, control, files) {
  if (option.type === 11) {
    const file = control.files[0];
    // A file goes beside the command; its option names its number.
    return file ? { type: 11, name: option.name, value: String(files.push(file) - 1) } : null;
  }
  const text = control.dataset.value ?? control.value;
  if (text === "") return null;
  const value = option.type === 4 || option.type === 10 ? Number(text) : option.type === 5 ? text === "true" : text;
  return { type: option.type, name: option.name, value };
}

// Slash commands: a list to choose from, then a form with the command's options.

import { complain, interact, make, me } from "./api.js";
import { expectAnswer } from "./modal.js";

const box = document.getElementById("write");
const list = document.getElementById("suggestions");
const form = document.getElementById("command");
const composer = document.getElementById("composer");
let menu = { commands: [], users: [], roles: [], channels: [] };
let entries = [];
let chosen = 0;
let done = () => {};
let typing = null;

export async function start(options) {
  done = options.done;
  await load();
}

/** Loads the commands that the person may use here. */
export async function load() {
  const response = await fetch(`/page/menu?as=${encodeURIComponent(me.user)}&channel=${me.channel}`);
  if (response.ok) menu = await response.json();
}

/** The commands that stand in a message's menu. */
export const messageCommands = () => menu.commands.filter((command) => command.type === 3);

/** Every slash command and subcommand: its words, its description, its options. */
function all() {
  const found = [];
  const walk = (command, words, node, around) => {
    const inner = (node.options ?? []).filter((option) => option.type <= 2);
    if (inner.length === 0) found.push({ command, words, description: node.description, options: node.options ?? [], around });
    for (const option of inner) walk(command, [...words, option.name], option, [...around, option]);
  };
  for (const command of menu.commands.filter((command) => command.type === 1)) walk(command, [command.name], command, []);
  return found;
}

/** Shows the commands that begin with what is typed. */
export function suggest(text) {
  const typed = text.startsWith("/") && !text.includes("\n") ? text.slice(1).toLowerCase() : null;
  entries = typed === null ? [] : all().filter((entry) => entry.words.join(" ").startsWith(typed.trimEnd()) || typed.startsWith(`${entry.words.join(" ")} `));
  chosen = 0;
  list.hidden = typed === null;
  if (typed === null) return;
  if (entries.length === 0) list.replaceChildren(make("p", {}, menu.commands.length ? "No command begins like this." : "No bot has registered commands yet."));
  else draw();
}

function draw() {
  list.replaceChildren(
    ...entries.map((entry, index) =>
      make("div", { role: "option", id: `s-${index}`, "aria-selected": String(index === chosen), onclick: () => open(entry) },
        make("b", {}, `/${entry.words.join(" ")}`), make("span", {}, entry.description), make("i", {}, entry.command.bot ?? ""))),
  );
  box.setAttribute("aria-activedescendant", `s-${chosen}`);
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

/** Handles a key while the list is open; tells whether it was for the list. */
export function key(event) {
  if (list.hidden) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && entries.length) {
    chosen = (chosen + step + entries.length) % entries.length;
    draw();
  } else if ((event.key === "Enter" || event.key === "Tab") && entries.length) {
    open(entries[chosen]);
  } else if (event.key === "Escape") {
    list.hidden = true;
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

function open(entry) {
  list.hidden = true;
  const name = entry.words.join(" ");
  // What was typed after the command's name is meant for its first text.
  const rest = box.value.slice(name.length + 1).trim();
  if (entry.options.length === 0) return run(entry, []);
  const fields = entry.options.map((option) => field(entry, option));
  const first = fields.find((field) => field.option.type === 3 && !field.option.choices);
  if (first && rest) first.control.value = rest;
  form.replaceChildren(
    make("p", { class: "command-name" }, make("b", {}, `/${name}`), ` ${entry.description}`),
    ...fields.map((field) => field.row),
    make("p", { class: "buttons" }, make("button", { type: "submit", class: "button style-1" }, "Send"), make("button", { type: "button", class: "button style-2", onclick: close }, "Cancel")),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    const files = [];
    const options = fields.map((field) => field.value(files)).filter(Boolean);
    run(entry, options, files);
  };
  // A handler that gives false would swallow the key.
  form.onkeydown = (event) => {
    if (event.key === "Escape") close();
  };
  form.hidden = false;
  composer.hidden = true;
  (fields.find((field) => !field.control.value) ?? fields[0]).control.focus();
}

function close() {
  form.hidden = true;
  composer.hidden = false;
  done();
}

async function run(entry, options, files = []) {
  try {
    await expectAnswer(() => interact(2, entry.command.application_id, data(entry, options), undefined, files));
    close();
  } catch (error) {
    complain(error);
  }
}

/** The command as it goes over the wire: options stand inside their subcommand, and that inside its group. */
function data(entry, options) {
  const nested = entry.around.reduceRight((inner, around) => [{ type: around.type, name: around.name, options: inner }], options);
  return { id: entry.command.id, name: entry.command.name, type: 1, version: entry.command.version, options: nested };
}

/** A field for an option, by its type. */
function field(entry, option) {
  const id = `o-${option.name}`;
  const chosenFrom = choices(option);
  const shared = { id, name: option.name, required: option.required, "aria-describedby": `${id}-d` };
  let control;
  if (chosenFrom) {
    control = make("select", shared, make("option", { value: "" }, option.required ? "Choose…" : "(none)"), ...chosenFrom.map(([value, label]) => make("option", { value }, label)));
  } else if (option.type === 3 && !option.autocomplete) {
    control = make("textarea", { ...shared, rows: 1, minlength: option.min_length, maxlength: option.max_length ?? 6000 });
    control.addEventListener("input", () => ((control.style.height = "auto"), (control.style.height = `${control.scrollHeight + 2}px`)));
    control.addEventListener("keydown", (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && (event.preventDefault(), form.requestSubmit()));
  } else {
    const number = option.type === 4 || option.type === 10;
    control = make("input", { ...shared, type: option.type === 11 ? "file" : number ? "number" : "text", step: option.type === 10 ? "any" : null, min: option.min_value, max: option.max_value, autocomplete: "off" });
  }
  const row = make("div", { class: "field" }, make("label", { for: id }, option.name, ...(option.required ? [make("abbr", { title: "required" }, " *")] : [])), control, make("small", { id: `${id}-d` }, option.description));
  if (option.autocomplete) complete(entry, option, control, row);
  return { option, control, row, value: (files) => read(option, control, files) };
}

/** What an option can be chosen from, if it has a list. */
function choices(option) {
  if (option.choices) return option.choices.map((choice) => [String(choice.value), choice.name]);
  const named = (list, mark) => list.map((one) => [one.id, mark + one.name]);
  switch (option.type) {
    case 5: return [["true", "True"], ["false", "False"]];
    case 6: return named(menu.users, "@");
    case 7: return named(menu.channels, "#");
    case 8: return named(menu.roles, "@");
    case 9: return [...named(menu.users, "@"), ...named(menu.roles, "@")];
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

/** Asks the bot for suggestions while the person types. */
function complete(entry, option, control, row) {
  const offered = make("ul", { class: "offered", "aria-live": "polite", "aria-label": `Suggestions for ${option.name}` });
  row.append(offered);
  let waiting;
  const request = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      typing = { option, control, offered, application: entry.command.application_id };
      interact(4, entry.command.application_id, data(entry, [{ type: option.type, name: option.name, value: control.value, focused: true }])).catch(complain);
    }, 200);
  };
  control.addEventListener("input", () => (delete control.dataset.value, request()));
  // What was chosen stays chosen when the focus comes back.
  control.addEventListener("focus", () => isChosen(control) || request());
  control.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") offered.querySelector("button")?.focus();
  });
}

/** Whether a suggestion was taken: what goes over the wire is then its value, not what is shown. */
const isChosen = (control) => control.dataset.value !== undefined;

/** Shows the suggestions that the bot gave. */
export function offer(choices) {
  if (!typing || isChosen(typing.control)) return;
  const { control, offered } = typing;
  const take = (choice) => {
    control.value = choice.name;
    control.dataset.value = String(choice.value);
    offered.replaceChildren();
    control.focus({ preventScroll: true });
  };
  offered.replaceChildren(...choices.map((choice) => make("li", {}, make("button", { type: "button", onclick: () => take(choice) }, choice.name))));
}

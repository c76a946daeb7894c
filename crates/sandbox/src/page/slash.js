// Slash commands: a list to choose from, then a form with the command's options.

import { complain, make } from "./api.js";
import { known } from "./choices.js";
import { run as send } from "./commands.js";
import { field } from "./option.js";

const box = document.getElementById("write");
const form = document.getElementById("command");
const composer = document.getElementById("composer");
let done = () => {};

export function start(options) {
  done = options.done;
}

/** The commands of messages (3) or of members (2). */
export const ofKind = (kind) => known.commands.filter((command) => command.type === kind);

/** Every slash command and subcommand: its words, its description, its options. */
function all() {
  const found = [];
  const walk = (command, words, node, around) => {
    const inner = (node.options ?? []).filter((option) => option.type <= 2);
    if (inner.length === 0) found.push({ command, words, description: node.description, options: node.options ?? [], around });
    for (const option of inner) walk(command, [...words, option.name], option, [...around, option]);
  };
  for (const command of ofKind(1)) walk(command, [command.name], command, []);
  return found;
}

/** The commands that begin with what is typed; null if no command is. */
export function suggestions(text) {
  if (!text.startsWith("/") || text.includes("\n")) return null;
  const typed = text.slice(1).toLowerCase();
  const name = (entry) => entry.words.join(" ");
  const fitting = all().filter((entry) => name(entry).startsWith(typed.trimEnd()) || typed.startsWith(`${name(entry)} `));
  // What is typed in full is meant; of two such, the one with more words.
  const full = (entry) => (`${typed.trimEnd()} `.startsWith(`${name(entry)} `) ? name(entry).length : 0);
  fitting.sort((one, other) => full(other) - full(one));
  const rows = fitting.map((entry) => ({ label: `/${name(entry)}`, detail: entry.description, from: entry.command.bot ?? "", isMeant: full(entry) > 0, take: () => open(entry) }));
  return { rows, note: known.commands.length ? "No command begins like this." : "No bot has registered commands that you may use here." };
}

function open(entry) {
  const name = entry.words.join(" ");
  // What was typed after the command's name is meant for its first text.
  const rest = box.value.slice(name.length + 1).trim();
  if (entry.options.length === 0) return run(entry, []);
  const nested = (options) => data(entry, options);
  const fields = entry.options.map((option) => field({ option, application: entry.command.application_id, nested, filled: () => fields.map((one) => one.value([])).filter(Boolean) }));
  const first = fields.find((one) => one.option.type === 3 && !one.option.choices);
  if (first && rest) first.control.value = rest;
  form.replaceChildren(
    make("p", { class: "command-name" }, make("b", {}, `/${name}`), ` ${entry.description}`),
    ...fields.map((one) => one.row),
    make("p", { class: "buttons" }, make("button", { type: "submit", class: "button style-1" }, "Send"), make("button", { type: "button", class: "button style-2", onclick: close }, "Cancel")),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    const wrong = fields.map((one) => one.problem()).find(Boolean);
    if (wrong) return complain(wrong);
    const files = [];
    const options = fields.map((one) => one.value(files)).filter(Boolean);
    run(entry, options, files);
  };
  // A handler that gives false would swallow the key.
  form.onkeydown = (event) => {
    if (event.key === "Escape") close();
  };
  form.hidden = false;
  composer.hidden = true;
  (fields.find((one) => !one.control.value) ?? fields[0]).control.focus();
}

function close() {
  form.hidden = true;
  form.replaceChildren();
  composer.hidden = false;
  done();
}

async function run(entry, options, files = []) {
  try {
    await send(entry.command, data(entry, options), files);
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

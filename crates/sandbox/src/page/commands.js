// Using commands: those of a menu at once, slash commands with their options.

import { complain, interact, make } from "./api.js";
import { expectAnswer } from "./answers.js";
import { list, toEnd } from "./messages.js";

const status = document.getElementById("pending");

/** Uses a command of a message's or a member's menu. */
export function use(command, target) {
  run(command, { id: command.id, name: command.name, type: command.type, version: command.version, target_id: target }).catch(complain);
}

/** Sends a command and waits for its answer; silence is shown at the end of the messages. */
export function run(command, data, files = []) {
  status.textContent = `${command.bot ?? "The application"} was asked…`;
  return expectAnswer(() => interact(2, command.application_id, data, undefined, files), {
    failed: () => silence(command),
    ended: () => (status.textContent = ""),
  });
}

function silence(command) {
  const dismiss = make("button", { type: "button", onclick: () => notice.remove() }, "Dismiss message");
  const notice = make("li", { class: "notice", role: "alert" }, make("b", {}, `${command.type === 1 ? "/" : ""}${command.name}`), " The application did not respond. ", make("span", {}, "Only you can see this · "), dismiss);
  list.append(notice);
  toEnd();
}

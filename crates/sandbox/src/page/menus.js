// What can be done with a message, a thread or a member: the menus of the ⋯ button, the right mouse button and the keyboard.

import { ask, complain, copy, go, make, may, me, part } from "./api.js";
import { use } from "./commands.js";
import { edit } from "./edit.js";
import * as emoji from "./emoji.js";
import { ask as askFor, prompt } from "./modal.js";
import * as popup from "./popup.js";
import { localise } from "./times.js";

let replyTo = () => {};
let mention = () => {};
let commandsFor = () => [];
/** The menu of a message that is open, or was the last: commands may be registered meanwhile. */
let opened = null;

export function start(options) {
  ({ replyTo, mention, commandsFor } = options);
  document.addEventListener("choices", () => {
    if (!opened?.menu.isConnected || opened.commands === commandsFor(3).length) return;
    // It has the focus on the same line as before.
    const line = document.activeElement.textContent;
    ofMessage(opened.anchor, opened.message);
    popup.focusOn(line);
  });
}

const path = (message) => `/channels/${me.channel}/messages/${message.dataset.id}`;

/** Puts an emoji on a message, picked at `anchor`. */
export function react(anchor, message) {
  emoji.pick(anchor, (one) => ask("PUT", `${path(message)}/reactions/${encodeURIComponent(one)}/@me`).catch(complain));
}

/** The menu of a message. */
export function ofMessage(anchor, message) {
  const can = (word) => message.dataset.can.split(" ").includes(word);
  const doing = (method, where, body) => () => ask(method, where, body).catch(complain);
  const pinned = message.classList.contains("pinned");
  const apps = can("apps") ? commandsFor(3) : [];
  popup.open(anchor, { role: "menu", label: "Message" }, ...[
    can("react") && popup.item("Add reaction", () => react(message.querySelector(".by") ?? message, message)),
    can("reply") && popup.item("Reply", () => replyTo(message)),
    can("edit") && popup.item("Edit message", () => edit(message)),
    can("thread") && popup.item("Create thread", () => newThread(message)),
    can("pin") && popup.item(pinned ? "Unpin message" : "Pin message", doing(pinned ? "DELETE" : "PUT", `/channels/${me.channel}/messages/pins/${message.dataset.id}`)),
    apps.length > 0 && popup.rule("Apps"),
    ...apps.map((command) => popup.item(command.bot ? `${command.name} · ${command.bot}` : command.name, () => use(command, message.dataset.id))),
    popup.rule(),
    message.dataset.raw && popup.item("Copy text", () => copy(message.dataset.raw)),
    popup.item("Copy link", () => copy(`${location.origin}/channels/${me.guild}/${me.channel}/${message.dataset.id}`)),
    popup.item("Copy message ID", () => copy(message.dataset.id)),
    can("delete") && popup.rule(),
    can("delete") && popup.item("Delete message", () => confirmDeletion(message), true),
  ].filter(Boolean));
  opened = { anchor, message, commands: commandsFor(3).length, menu: popup.first() };
}

/** Deletes a message, if that is really meant. */
export function confirmDeletion(message) {
  const really = () => {
    popup.close();
    ask("DELETE", path(message)).catch(complain);
  };
  popup.open(message.querySelector(".by") ?? message, { label: "Delete this message?" },
    make("p", {}, "Delete this message? It can't be brought back."),
    make("p", { class: "buttons" }, make("button", { type: "button", class: "button style-4", onclick: really }, "Delete"), make("button", { type: "button", class: "button style-2", onclick: popup.close }, "Keep it")));
}

/** Starts a thread, on a message or on a channel itself, and goes there. */
export function newThread(message, channel = me.channel) {
  const first = message?.dataset.raw.replaceAll(/\s+/g, " ").slice(0, 40) ?? "";
  prompt({ title: "Create thread", label: "Thread name", value: first, most: 100, submit: "Create thread" }, async (name) => {
    const from = message ? `${path(message)}/threads` : `/channels/${channel}/threads`;
    const thread = await ask("POST", from, message ? { name } : { name, type: 11 });
    go({ channel: thread.id });
  });
}

/** Makes a post in the open forum, and goes there. */
export function newPost(button) {
  const [tags, required] = [JSON.parse(button.dataset.tags), button.dataset.required === "true"];
  const label = (text, component) => ({ type: 18, label: text, component });
  const components = [label("Title", { type: 4, style: 1, custom_id: "name", max_length: 100 }), label("Message", { type: 4, style: 2, custom_id: "content" })];
  if (tags.length > 0) components.push(label("Tags", { type: 22, custom_id: "applied_tags", required, max_values: 5, options: tags }));
  askFor({ title: "New post", components, submit: "Post" }, async ({ name, content, applied_tags = [] }) => {
    const post = await ask("POST", `/channels/${me.channel}/threads`, { name, applied_tags, message: { content } });
    go({ channel: post.id });
  });
}

/** The menu of a thread or channel in the list. */
export function ofChannel(anchor, link) {
  const { channel } = link.dataset;
  const isThread = Boolean(link.closest(".threads, .thread-item"));
  const change = (body) => () => ask("PATCH", `/channels/${channel}`, body).catch(complain);
  popup.open(anchor, { role: "menu", label: "Channel" }, ...[
    popup.item("Open", () => go({ channel })),
    isThread && popup.item("Follow thread", () => ask("PUT", `/channels/${channel}/thread-members/@me`).catch(complain)),
    isThread && popup.item("Leave thread", () => ask("DELETE", `/channels/${channel}/thread-members/@me`).catch(complain)),
    isThread && popup.item("Rename thread", () => rename(channel, link)),
    isThread && popup.item("Close thread", change({ archived: true })),
    isThread && may("manage-threads") && popup.item("Lock thread", change({ locked: true })),
    popup.rule(),
    popup.item("Copy link", () => copy(`${location.origin}/channels/${me.guild}/${channel}`)),
    popup.item("Copy channel ID", () => copy(channel)),
  ].filter(Boolean));
}

function rename(channel, link) {
  const now = link.querySelector(".channel-name, strong")?.textContent ?? "";
  prompt({ title: "Rename thread", label: "Thread name", value: now, most: 100, submit: "Rename" }, (name) => ask("PATCH", `/channels/${channel}`, { name }));
}

/** Goes to the direct messages with somebody. */
async function converse(id) {
  const { id: channel } = await ask("POST", "/users/@me/channels", { recipient_id: id });
  go({ channel });
}

/** What is known of a member, and what can be done with him. */
export async function ofUser(anchor, id, name) {
  const known = await part("member", { user: id });
  const card = make("div", {});
  card.innerHTML = known ?? "";
  localise(card);
  const apps = may("commands") ? commandsFor(2) : [];
  popup.open(anchor, { label: name }, card, ...[
    may("write") && popup.item("Mention", () => mention(id, name)),
    id !== me.userId && popup.item("Message", () => converse(id).catch(complain)),
    ...apps.map((command) => popup.item(command.bot ? `${command.name} · ${command.bot}` : command.name, () => use(command, id))),
    popup.item("Copy user ID", () => copy(id)),
  ].filter(Boolean).map((line) => (line.removeAttribute("role"), line)));
}

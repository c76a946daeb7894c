// Unread marks: what was read is remembered by this browser, for each person.

import { me } from "./api.js";

const channels = document.getElementById("channels");
const rail = document.getElementById("rail");
const key = (channel) => `read:${me.user}:${channel}`;
const mentions = new Map();

/** The last message that the person has read in a channel, if he was ever there. */
export const lastRead = (channel) => localStorage.getItem(key(channel));

const isUnread = (channel, last) => Boolean(last) && BigInt(last) > BigInt(lastRead(channel) ?? 0);

function read(channel, last) {
  if (last && isUnread(channel, last)) localStorage.setItem(key(channel), last);
  mentions.delete(channel);
}

/** Draws the marks anew. */
export function mark() {
  for (const link of channels.querySelectorAll("a")) {
    const { channel, last } = link.dataset;
    if (channel === me.channel && document.visibilityState === "visible") read(channel, last);
    const [unread, count] = [channel !== me.channel && isUnread(channel, last), mentions.get(channel) ?? 0];
    link.classList.toggle("is-unread", unread);
    const sign = link.querySelector(".unread");
    sign.hidden = !unread;
    sign.textContent = count > 0 ? String(count) : "";
    sign.classList.toggle("mentions", count > 0);
    sign.setAttribute("aria-label", count > 0 ? `${count} mentions` : "unread");
  }
  for (const link of rail.querySelectorAll("a")) {
    const unread = link.dataset.newest.split(" ").filter(Boolean).some((pair) => {
      const [channel, last] = pair.split(":");
      return channel !== me.channel && isUnread(channel, last);
    });
    link.classList.toggle("is-unread", unread);
  }
}

/** A message has come, here or elsewhere. */
export function note(data) {
  if (!data.new) return;
  const link = channels.querySelector(`a[data-channel="${data.channel}"]`);
  if (link) link.dataset.last = data.id;
  const server = rail.querySelector(`a[data-guild="${data.guild}"]`);
  if (server) {
    const others = server.dataset.newest.split(" ").filter((pair) => pair && !pair.startsWith(`${data.channel}:`));
    server.dataset.newest = [...others, `${data.channel}:${data.id}`].join(" ");
  }
  if (data.author === me.userId) read(data.channel, data.id);
  else if (data.mention && data.channel !== me.channel) mentions.set(data.channel, (mentions.get(data.channel) ?? 0) + 1);
  mark();
}

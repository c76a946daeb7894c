// What the person can choose from: commands, and the people, roles and channels of the server.

import { part } from "./api.js";

/** The commands that may be used here; whom and what they can be about; the channels of all servers. */
export const known = { commands: [], users: [], roles: [], channels: [], places: [] };

let tell;
/** Is fulfilled when it has been loaded for the first time. */
export const loaded = new Promise((fulfil) => (tell = fulfil));

/** Loads it, or loads it again; whoever shows some of it hears the document's event `choices`. */
export async function load() {
  const text = await part("menu");
  if (text === null) return;
  Object.assign(known, JSON.parse(text));
  tell();
  document.dispatchEvent(new Event("choices"));
}

/** The options of a modal's select, by its kind. */
export function ofKind(input) {
  const named = (list, mark) => list.map((one) => ({ value: one.id, label: (one.name.startsWith(mark) ? "" : mark) + one.name }));
  switch (input.type) {
    case 5: return named(known.users, "@");
    case 6: return named(known.roles, "@");
    case 7: return [...named(known.users, "@"), ...named(known.roles, "@")];
    case 8: return named(known.channels.filter((one) => !input.channel_types?.length || input.channel_types.includes(one.type)), "#");
    default: return input.options ?? [];
  }
}

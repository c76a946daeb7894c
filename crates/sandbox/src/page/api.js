// Asks the local Discord as the person whom the page acts for: the same interface that bots use.

export const me = document.body.dataset;

/** Whether the person may do this in the open channel. */
export const may = (power) => me.powers.split(" ").includes(power);

export class Refused extends Error {}

/** Sends a request; gives the answer's JSON, or null if it has none. */
export async function ask(method, path, body, files = []) {
  const { text } = await send(method, path, body, files);
  return text ? JSON.parse(text) : null;
}

async function send(method, path, body, files) {
  const options = { method, headers: { authorization: me.token } };
  if (files.length > 0) {
    options.body = new FormData();
    options.body.append("payload_json", JSON.stringify(body));
    files.forEach((file, index) => options.body.append(`files[${index}]`, file, file.name));
  } else if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/api/v10${path}`, options);
  } catch {
    throw new Refused("The local Discord does not answer. Is it still running?");
  }
  const text = await response.text();
  if (!response.ok) throw new Refused(explain(text, response.status));
  return { text, headers: response.headers };
}

/** Turns a refusal into a sentence: Discord's own, and what is wrong with which field. */
function explain(text, status) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return `Refused with status ${status}.`;
  }
  const found = [];
  const walk = (node, path) => {
    for (const [key, value] of Object.entries(node ?? {})) {
      if (key === "_errors") found.push(...value.map((error) => (path ? `${path}: ${error.message}` : error.message)));
      else walk(value, /^\d+$/.test(key) || key === "data" ? path : key);
    }
  };
  walk(body.errors, "");
  return [body.message, ...found].join(". ").replaceAll("..", ".");
}

/** Starts an interaction and gives its id. The answer comes over the event stream. */
export async function interact(type, application, data, message, files = []) {
  const asked = { type, application_id: application, guild_id: "direct" in me ? undefined : me.guild, channel_id: me.channel, message_id: message, session_id: "page", data };
  const { headers } = await send("POST", "/interactions", asked, files);
  return headers.get("x-sandbox-interaction");
}

/** Loads a part of the page as this person sees it: text, or null if there is none. */
export async function part(name, query = {}) {
  const asked = new URLSearchParams({ as: me.user, guild: me.guild, channel: me.channel, ...query });
  try {
    const response = await fetch(`/page/${name}?${asked}`);
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** Goes somewhere else as the same person. */
export function go(query) {
  location.assign(`/?${new URLSearchParams({ as: me.user, ...query })}`);
}

const problem = document.getElementById("problem");
let fading;

/** Shows what went wrong, above the message box, for a while. */
export function complain(error) {
  problem.textContent = error.message ?? String(error);
  problem.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (problem.hidden = true), 10_000);
}

/** Makes an element; children are elements or texts, never HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** Copies a text, where the browser lets the page do that. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    complain(`The browser did not let the page copy this: ${text}`);
  }
}

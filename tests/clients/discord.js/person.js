// The people's side: what a person's own client asks Discord for. It knows nothing of the library that is tried.
'use strict';

const base = process.env.DISCORD_API_BASE;

async function ask(method, path, body, files = []) {
  const headers = { authorization: process.env.SANDBOX_HUMAN_TOKEN };
  let sent;
  if (files.length) {
    sent = new FormData();
    sent.append('payload_json', JSON.stringify(body));
    files.forEach(([name, text], index) => sent.append(`files[${index}]`, new Blob([text]), name));
  } else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    sent = JSON.stringify(body);
  }
  const root = path.startsWith('/sandbox/') ? base : `${base}/api/v10`;
  const answer = await fetch(root + path, { method, headers, body: sent });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`a person's ${method} ${path} got ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Makes trouble, as told in docs/local-discord.md. */
const trouble = (demand) => ask('POST', '/sandbox/trouble', demand);

/** A person who acts upon one bot, in one channel. */
class Person {
  constructor(application, guild, channel) {
    Object.assign(this, { application, guild, channel });
  }

  say(content, channel = this.channel) {
    return ask('POST', `/channels/${channel}/messages`, { content });
  }

  react(message, emoji) {
    return ask('PUT', `/channels/${this.channel}/messages/${message}/reactions/${encodeURIComponent(emoji)}/@me`);
  }

  interact(type, data, more = {}, files = []) {
    const body = { type, application_id: this.application, guild_id: this.guild, channel_id: this.channel, data, ...more };
    return ask('POST', '/interactions', body, files);
  }

  async registered(name) {
    const where = [`/applications/${this.application}/commands`, `/applications/${this.application}/guilds/${this.guild}/commands`];
    const all = (await Promise.all(where.map((path) => ask('GET', path)))).flat();
    const found = all.find((command) => command.name === name);
    if (!found) throw new Error(`no command is called ${name}`);
    return { id: found.id, name, type: found.type, version: found.version };
  }

  async slash(name, options = [], files = []) {
    return this.interact(2, { ...(await this.registered(name)), options }, {}, files);
  }

  async type(name, options) {
    return this.interact(4, { ...(await this.registered(name)), options });
  }

  async useOn(name, target) {
    return this.interact(2, { ...(await this.registered(name)), target_id: target });
  }

  press(message, custom_id) {
    return this.interact(3, { component_type: 2, custom_id }, { message_id: message });
  }

  choose(message, custom_id, component_type, values) {
    return this.interact(3, { component_type, custom_id, values }, { message_id: message });
  }

  submit(custom_id, components, files = []) {
    return this.interact(5, { custom_id, components }, {}, files);
  }

  /** All that happened so far, as the local Discord wrote it down. */
  log() {
    return ask('GET', '/sandbox/log');
  }
}

module.exports = { Person, ask, trouble };

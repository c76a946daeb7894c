// What happens to the connection: it breaks, it is told to go, and requests are too many.
'use strict';

const { Client, Events, REST, Routes } = require('discord.js');
const { assert, check, next } = require('./check.js');
const { trouble } = require('./person.js');

module.exports = async ({ client, channel, person }) => {
  await check('resumes after a drop and hears what it missed', async () => {
    const back = next(client, Events.ShardResume);
    const heard = next(client, Events.MessageCreate, (message) => message.content === 'while you were away');
    await trouble({ gateway: 'drop' });
    await person.say('while you were away');
    await Promise.all([back, heard]);
  });
  await check('resumes when it is told to reconnect', async () => {
    const back = next(client, Events.ShardResume);
    await trouble({ gateway: 'reconnect' });
    await back;
  });
  await check('begins anew when its session is gone', async () => {
    const back = next(client, Events.ShardReady);
    await trouble({ gateway: { invalid_session: false } });
    await back;
    const heard = next(client, Events.MessageCreate, (message) => message.content === 'are you there?');
    await person.say('are you there?');
    await heard;
  });
  await check('is in two halves, each with its own guilds', async () => {
    const halves = new Client({ intents: client.options.intents, rest: client.options.rest, shards: [0, 1], shardCount: 2 });
    const heard = next(halves, Events.MessageCreate, (message) => message.content === 'for one half');
    const ready = next(halves, Events.ClientReady);
    await halves.login(client.token);
    await ready;
    const home = Number((BigInt(channel.guildId) >> 22n) % 2n);
    assert.equal(halves.guilds.cache.get(channel.guildId).shardId, home);
    await person.say('for one half');
    assert.equal((await heard).guild.shardId, home);
    await halves.destroy();
  });
  await check('waits out a 429 that it could not foresee', async () => {
    // A second program with the same token: neither knows what the other has used up.
    const other = new REST({ api: client.options.rest.api }).setToken(client.token);
    const body = (number) => ({ body: { content: `crowd ${number}` } });
    const posts = Array.from({ length: 8 }, (_, number) =>
      number % 2 ? other.post(Routes.channelMessages(channel.id), body(number)) : channel.send(body(number).body),
    );
    await Promise.all(posts);
    const limited = (await person.log()).filter((record) => JSON.stringify(record).includes('"limited"'));
    assert.ok(limited.length > 0, 'nobody met a 429');
  });
};

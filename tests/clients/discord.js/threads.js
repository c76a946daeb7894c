// Threads: from a message and without one.
'use strict';

const { ChannelType, Events, ThreadAutoArchiveDuration } = require('discord.js');
const { assert, check, next } = require('./check.js');

module.exports = async ({ client, channel, person }) => {
  let thread;
  await check('opens a thread from a message', async () => {
    const heard = next(client, Events.ThreadCreate);
    const card = await channel.send('a card');
    thread = await card.startThread({ name: 'its detail', autoArchiveDuration: ThreadAutoArchiveDuration.OneWeek });
    assert.equal((await heard).id, thread.id);
    assert.equal(thread.id, card.id);
    assert.equal(thread.autoArchiveDuration, 10080);
    assert.equal((await card.fetch(true)).hasThread, true);
    await assert.rejects(channel.threads.create({ name: 'another', startMessage: card.id }), { code: 160004 });
  });
  await check('writes and hears in a thread', async () => {
    const sent = await thread.send('inside');
    assert.equal(sent.channelId, thread.id);
    const heard = next(client, Events.MessageCreate, (message) => message.content === 'a follow-up');
    await person.say('a follow-up', thread.id);
    const message = await heard;
    assert.ok(message.channel.isThread());
    assert.equal(message.channel.parentId, channel.id);
  });
  await check('opens a thread without a message, and lists what is open', async () => {
    const free = await channel.threads.create({ name: 'free', type: ChannelType.PublicThread });
    const active = await channel.threads.fetchActive();
    assert.ok(active.threads.has(free.id) && active.threads.has(thread.id));
    await free.delete();
  });
  await check('archives a thread, and takes it out again', async () => {
    const changed = next(client, Events.ThreadUpdate, (_, now) => now.archived);
    await thread.setArchived(true);
    await changed;
    const own = thread.messages.cache.find((message) => message.content === 'inside');
    await assert.rejects(own.edit('no'), { code: 50083 });
    await thread.setArchived(false);
    await thread.send('back');
    assert.equal(thread.archived, false);
  });
};

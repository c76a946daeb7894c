// Messages: sent, answered, changed, read again and taken away.
'use strict';

const { AttachmentBuilder, EmbedBuilder, Events, MessageFlags } = require('discord.js');
const { assert, check, next } = require('./check.js');

module.exports = async ({ client, channel, person }) => {
  await check('hears what a person says', async () => {
    const heard = next(client, Events.MessageCreate, (message) => message.content === 'hello, bot');
    await person.say('hello, bot');
    const message = await heard;
    assert.equal(message.member.user.username, 'admin');
    assert.equal(message.guildId, channel.guildId);
  });
  await check('sends, edits and deletes', async () => {
    const changed = next(client, Events.MessageUpdate, (_, now) => now.content === 'second');
    const gone = next(client, Events.MessageDelete);
    const sent = await channel.send('first');
    const edited = await sent.edit('second');
    await changed;
    assert.ok(edited.editedTimestamp);
    await sent.delete();
    assert.equal((await gone).id, sent.id);
    await assert.rejects(channel.messages.fetch(sent.id), { code: 10008 });
  });
  await check('replies without pinging, and mentions whom it may', async () => {
    const { id } = await person.say('answer me');
    const asked = await channel.messages.fetch(id);
    const reply = await asked.reply({ content: `yes, <@${asked.author.id}>`, allowedMentions: { parse: [], repliedUser: false } });
    assert.equal(reply.reference.messageId, id);
    assert.equal(reply.mentions.users.size, 0);
    assert.equal((await reply.fetchReference()).content, 'answer me');
    const loud = await channel.send(`<@${asked.author.id}>`);
    assert.ok(loud.mentions.users.has(asked.author.id));
  });
  await check('embeds', async () => {
    const embed = new EmbedBuilder()
      .setTitle('A title')
      .setURL('https://example.org/')
      .setDescription('**bold**')
      .setColor(0x336699)
      .addFields({ name: 'one', value: '1', inline: true })
      .setFooter({ text: 'below' })
      .setAuthor({ name: 'somebody' })
      .setTimestamp();
    const sent = await channel.send({ embeds: [embed] });
    assert.equal(sent.embeds[0].fields[0].value, '1');
    assert.equal(sent.embeds[0].color, 0x336699);
    const bare = await sent.suppressEmbeds(true);
    assert.ok(bare.flags.has(MessageFlags.SuppressEmbeds));
  });
  await check('attaches files and gets them back', async () => {
    const file = new AttachmentBuilder(Buffer.from('the bytes'), { name: 'note.txt', description: 'a note' });
    const embed = new EmbedBuilder().setImage('attachment://note.txt');
    const sent = await channel.send({ files: [file], embeds: [embed] });
    const there = sent.attachments.first();
    assert.deepEqual([there.name, there.description, there.size], ['note.txt', 'a note', 9]);
    assert.equal(await (await fetch(there.url)).text(), 'the bytes');
    const without = await sent.edit({ attachments: [], embeds: [], content: 'no file' });
    assert.equal(without.attachments.size, 0);
  });
  await check('reacts, hears reactions, and takes them away', async () => {
    const sent = await channel.send('react to me');
    await sent.react('👍');
    const heard = next(client, Events.MessageReactionAdd, (reaction, user) => user.id !== client.user.id);
    await person.react(sent.id, '👍');
    const reaction = await heard;
    assert.equal(reaction.emoji.name, '👍');
    assert.equal((await reaction.users.fetch()).size, 2);
    const gone = next(client, Events.MessageReactionRemove);
    await reaction.users.remove(client.user.id);
    await gone;
    assert.equal((await (await sent.fetch(true)).reactions.resolve('👍').users.fetch()).size, 1);
  });
  await check('pages through history', async () => {
    const sent = [];
    for (let number = 0; number < 12; number += 1) sent.push(await channel.send(`line ${number}`));
    const ids = sent.map((message) => message.id);
    const seen = [];
    let before = (BigInt(ids.at(-1)) + 1n).toString();
    while (seen.length < 12) {
      const page = await channel.messages.fetch({ limit: 5, before, cache: false });
      seen.push(...page.keys());
      before = page.lastKey();
    }
    assert.deepEqual(seen.slice(0, 12), ids.toReversed());
    const after = await channel.messages.fetch({ limit: 3, after: ids[0] });
    assert.deepEqual([...after.keys()].sort(), ids.slice(1, 4));
    assert.equal((await channel.messages.fetch({ limit: 3, around: ids[5] })).size, 3);
  });
  await check('is told in Discord’s words what is wrong with a message', async () => {
    await assert.rejects(channel.send('x'.repeat(2001)), { code: 50035, status: 400 });
    await assert.rejects(channel.send({ content: '' }), { code: 50006 });
    await assert.rejects(channel.send({ embeds: [{ description: 'x'.repeat(4097) }] }), { code: 50035 });
  });
  await check('sends the same nonce once', async () => {
    const twice = await Promise.all([1, 2].map(() => channel.send({ content: 'once', nonce: '4711', enforceNonce: true })));
    assert.equal(twice[0].id, twice[1].id);
  });
  await check('types', async () => {
    const heard = next(client, Events.TypingStart);
    await channel.sendTyping();
    assert.equal((await heard).user.id, client.user.id);
  });
};

// Every way of answering a command.
'use strict';

const { Events, MessageFlags } = require('discord.js');
const { assert, check, next } = require('./check.js');

module.exports = async ({ client, channel, person }) => {
  const used = async () => {
    const heard = next(client, Events.InteractionCreate, (i) => i.commandName === 'queue');
    await person.slash('queue', [{ type: 1, name: 'list', options: [] }]);
    return heard;
  };
  await check('answers, and reads, changes and deletes the answer', async () => {
    const interaction = await used();
    const response = await interaction.reply({ content: 'one', withResponse: true });
    assert.equal(response.resource.message.content, 'one');
    assert.equal(response.resource.message.interactionMetadata.user.username, 'admin');
    assert.equal((await interaction.fetchReply()).content, 'one');
    assert.equal((await interaction.editReply('two')).content, 'two');
    await interaction.deleteReply();
    await assert.rejects(interaction.fetchReply(), { code: 10008 });
  });
  await check('answers once', async () => {
    const interaction = await used();
    await interaction.reply('one');
    interaction.replied = false;
    await assert.rejects(interaction.reply('two'), { code: 40060 });
  });
  await check('answers for one pair of eyes only', async () => {
    const interaction = await used();
    await interaction.reply({ content: 'psst', flags: MessageFlags.Ephemeral });
    const answer = await interaction.fetchReply();
    assert.ok(answer.flags.has(MessageFlags.Ephemeral));
    await assert.rejects(channel.messages.fetch({ message: answer.id, force: true }), { code: 10008 });
    const more = await interaction.followUp({ content: 'psst again', flags: MessageFlags.Ephemeral });
    assert.ok(more.flags.has(MessageFlags.Ephemeral));
    assert.equal((await interaction.editReply({ content: 'changed', message: more })).content, 'changed');
    await interaction.deleteReply(more);
  });
  await check('thinks first, then answers and follows up, with files', async () => {
    const interaction = await used();
    const thinking = await interaction.deferReply({ withResponse: true });
    assert.ok(thinking.resource.message.flags.has(MessageFlags.Loading));
    const filled = await interaction.editReply({ content: 'done', files: [{ attachment: Buffer.from('log'), name: 'log.txt' }] });
    assert.equal(filled.attachments.first().name, 'log.txt');
    assert.ok(!filled.flags.has(MessageFlags.Loading));
    const more = await interaction.followUp('more');
    assert.equal(more.reference, null);
    assert.equal((await channel.messages.fetch({ message: more.id, force: true })).content, 'more');
  });
  await check('thinks for one pair of eyes only', async () => {
    const interaction = await used();
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    assert.ok((await interaction.editReply('quiet')).flags.has(MessageFlags.Ephemeral));
  });
};

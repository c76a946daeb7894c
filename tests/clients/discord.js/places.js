// What a bot that may do everything does with a place: channels, roles, members, webhooks, pins, forums.
'use strict';

const { ActionRowBuilder, ButtonBuilder, ChannelType, Events, PermissionFlagsBits } = require('discord.js');
const { assert, check, next } = require('./check.js');
const { ask } = require('./person.js');

module.exports = async ({ client, guild, channel, person }) => {
  await check('is given all rights by an admin, and is told', async () => {
    const { managed } = (await guild.members.fetchMe()).roles.cache.reduce((all, role) => ({ managed: role.managed ? role : all.managed }), {});
    const heard = next(client, Events.GuildRoleUpdate);
    await ask('PATCH', `/guilds/${guild.id}/roles/${managed.id}`, { permissions: PermissionFlagsBits.Administrator.toString() });
    await heard;
    assert.ok((await guild.members.fetchMe()).permissions.has(PermissionFlagsBits.ManageRoles));
  });
  await check('makes, changes and deletes channels', async () => {
    const made = next(client, Events.ChannelCreate, (known) => known.name === 'workshop');
    const category = await guild.channels.create({ name: 'Rooms', type: ChannelType.GuildCategory });
    const room = await guild.channels.create({ name: 'workshop', parent: category.id, topic: 'noise' });
    assert.equal((await made).parentId, category.id);
    const told = next(client, Events.ChannelUpdate, (_, now) => now.permissionOverwrites.cache.has(guild.id));
    await room.permissionOverwrites.edit(guild.id, { SendMessages: false });
    await told;
    assert.ok(room.permissionOverwrites.cache.get(guild.id).deny.has(PermissionFlagsBits.SendMessages));
    const changed = await room.edit({ name: 'quiet-room', topic: 'silence' });
    assert.deepEqual([changed.name, changed.topic], ['quiet-room', 'silence']);
    const gone = next(client, Events.ChannelDelete, (known) => known.id === room.id);
    await room.delete();
    await gone;
    await category.delete();
  });
  await check('makes roles, gives them and takes them', async () => {
    const role = await guild.roles.create({ name: 'Reader', colors: { primaryColor: 0x112233 }, permissions: [], reason: 'to try it' });
    const edited = await role.edit({ name: 'Listener', hoist: true });
    assert.deepEqual([edited.name, edited.hoist], ['Listener', true]);
    const owner = await guild.fetchOwner();
    const held = await owner.roles.add(role);
    assert.ok(held.roles.cache.has(role.id));
    await owner.roles.remove(role);
    const gone = next(client, Events.GuildRoleDelete);
    await role.delete();
    assert.equal((await gone).id, role.id);
  });
  await check('pins, lists pins and unpins', async () => {
    const sent = await channel.send('keep this');
    await sent.pin();
    const pins = await channel.messages.fetchPins();
    assert.equal(pins.items[0].message.id, sent.id);
    await sent.unpin();
    assert.equal((await channel.messages.fetchPins()).items.length, 0);
  });
  await check('makes a webhook, and writes, edits and deletes through it', async () => {
    const hook = await channel.createWebhook({ name: 'Herald' });
    const heard = next(client, Events.MessageCreate, (message) => message.webhookId === hook.id);
    const row = new ActionRowBuilder().addComponents(new ButtonBuilder().setStyle(1).setCustomId('hooked').setLabel('press'));
    const sent = await hook.send({ content: 'hear, hear', username: 'Town crier', components: [row] });
    assert.equal((await heard).author.username, 'Town crier');
    assert.equal((await hook.editMessage(sent.id, 'never mind')).content, 'never mind');
    await hook.deleteMessage(sent.id);
    assert.ok((await channel.fetchWebhooks()).has(hook.id));
    await hook.delete();
  });
  await check('posts into a forum with tags, and finds old threads', async () => {
    const forum = await guild.channels.create({ name: 'ideas', type: ChannelType.GuildForum, availableTags: [{ name: 'new' }] });
    const tag = forum.availableTags[0].id;
    const post = await forum.threads.create({ name: 'An idea', appliedTags: [tag], message: { content: 'the first words' } });
    assert.deepEqual(post.appliedTags, [tag]);
    assert.equal((await post.fetchStarterMessage()).content, 'the first words');
    await post.setArchived(true);
    const old = await forum.threads.fetchArchived({ type: 'public' });
    assert.ok(old.threads.has(post.id));
    await forum.delete();
  });
  await check('keeps a private thread, and who is in it', async () => {
    const thread = await channel.threads.create({ name: 'among us', type: ChannelType.PrivateThread, invitable: false });
    await thread.members.add(guild.ownerId);
    assert.equal((await thread.members.fetch({ member: guild.ownerId, force: true })).id, guild.ownerId);
    await assert.rejects(thread.members.fetch({ cache: false }), { code: 50001 }, 'the list takes the intent for members');
    await thread.members.remove(guild.ownerId);
    await thread.setLocked(true);
    await thread.delete();
  });
  await check('writes to a person directly, and hears the answer', async () => {
    const owner = await client.users.fetch(guild.ownerId);
    const sent = await owner.send('between us');
    const heard = next(client, Events.MessageCreate, (message) => message.content === 'heard');
    await person.say('heard', sent.channelId);
    assert.ok((await heard).channel.isDMBased());
  });
};

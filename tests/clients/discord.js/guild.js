// What the bot learns of the place that it is in.
'use strict';

const { PermissionFlagsBits } = require('discord.js');
const { assert, check } = require('./check.js');

module.exports = async ({ client, guild, channel }) => {
  await check('knows itself, its application and its guild', async () => {
    await client.application.fetch();
    assert.equal(client.user.bot, true);
    assert.equal(client.application.id, client.user.id);
    assert.ok(client.application.owner.username);
    assert.equal(client.guilds.cache.size, 1);
    assert.ok(guild.channels.cache.size >= 3);
    assert.equal((await guild.fetchOwner()).id, guild.ownerId);
  });
  await check('computes the permissions that it has', async () => {
    const me = await guild.members.fetchMe();
    const granted = channel.permissionsFor(me);
    assert.ok(granted.has([PermissionFlagsBits.ViewChannel, PermissionFlagsBits.SendMessages]));
    assert.ok(!granted.has(PermissionFlagsBits.ManageGuild));
  });
  await check('asks for members by name, by id and by search', async () => {
    const byName = await guild.members.fetch({ query: 'adm', limit: 5 });
    assert.equal(byName.first().user.username, 'admin');
    const byId = await guild.members.fetch({ user: [byName.first().id], force: true });
    assert.equal(byId.size, 1);
    assert.equal((await guild.members.fetch({ user: byName.first().id, force: true })).user.username, 'admin');
  });
  await check('lists roles and channels', async () => {
    const roles = await guild.roles.fetch();
    assert.ok(roles.has(guild.id));
    const channels = await guild.channels.fetch();
    assert.ok(channels.has(channel.id));
  });
};

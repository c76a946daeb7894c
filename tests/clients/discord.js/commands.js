// Commands: registered, changed, used with every kind of option, completed.
'use strict';

const {
  ApplicationCommandType,
  ApplicationIntegrationType,
  ChannelType,
  ContextMenuCommandBuilder,
  Events,
  InteractionContextType,
  PermissionFlagsBits,
  SlashCommandBuilder,
} = require('discord.js');
const { assert, check, next } = require('./check.js');

const everything = new SlashCommandBuilder()
  .setName('everything')
  .setIntegrationTypes(ApplicationIntegrationType.GuildInstall)
  .setDescription('Takes every kind of option')
  .setNSFW(false)
  .addStringOption((o) => o.setName('text').setDescription('d').setRequired(true).setMinLength(2).setMaxLength(20))
  .addIntegerOption((o) => o.setName('whole').setDescription('d').setMinValue(1).setMaxValue(9))
  .addNumberOption((o) => o.setName('number').setDescription('d').setMinValue(-0.5).setMaxValue(0.5))
  .addBooleanOption((o) => o.setName('yes').setDescription('d'))
  .addUserOption((o) => o.setName('user').setDescription('d'))
  .addRoleOption((o) => o.setName('role').setDescription('d'))
  .addMentionableOption((o) => o.setName('either').setDescription('d'))
  .addChannelOption((o) => o.setName('channel').setDescription('d').addChannelTypes(ChannelType.GuildText))
  .addAttachmentOption((o) => o.setName('file').setDescription('d'))
  .addStringOption((o) => o.setName('choice').setDescription('d').addChoices({ name: 'Low', value: 'low' }));

const queue = new SlashCommandBuilder()
  .setName('queue')
  .setDescription('Has subcommands')
  .setContexts(InteractionContextType.Guild)
  .setNSFW(false)
  .setIntegrationTypes(ApplicationIntegrationType.GuildInstall)
  .addSubcommand((s) => s.setName('list').setDescription('d'))
  .addSubcommandGroup((g) =>
    g
      .setName('task')
      .setDescription('d')
      .addSubcommand((s) =>
        s
          .setName('show')
          .setDescription('d')
          .addStringOption((o) => o.setName('id').setDescription('d').setAutocomplete(true).setRequired(true)),
      ),
  );

const used = (client, name) => next(client, Events.InteractionCreate, (i) => i.commandName === name);

module.exports = async ({ client, guild, channel, person }) => {
  const { commands } = client.application;
  await check('registers commands, global and of the guild', async () => {
    const admin = new SlashCommandBuilder()
      .setName('admin')
      .setDescription('For those who manage')
      .setNameLocalizations({ de: 'verwalter' })
      .setDefaultMemberPermissions(PermissionFlagsBits.ManageGuild);
    const about = new ContextMenuCommandBuilder().setName('About them').setType(ApplicationCommandType.User);
    const run = new ContextMenuCommandBuilder().setName('Run as task').setType(ApplicationCommandType.Message);
    const set = await commands.set([everything, queue, admin, about, run]);
    assert.equal(set.size, 5);
    const known = await commands.fetch({ withLocalizations: true });
    assert.equal(known.find((command) => command.name === 'admin').nameLocalizations.de, 'verwalter');
    assert.ok(known.find((command) => command.name === 'everything').equals(everything.toJSON()), 'what was set is what is there');
    assert.ok(known.find((command) => command.name === 'queue').equals(queue.toJSON()), 'subcommands are what was set');
    const here = await guild.commands.create({ name: 'here', description: 'Only here' });
    assert.equal((await here.edit({ description: 'Changed' })).description, 'Changed');
    await here.delete();
    assert.equal((await guild.commands.fetch()).size, 0);
  });
  await check('is refused a command that breaks a rule', async () => {
    await assert.rejects(commands.create({ name: 'Not Lower', description: 'd' }), { code: 50035 });
    await assert.rejects(commands.create({ name: 'x', description: 'd'.repeat(101) }), { code: 50035 });
  });
  await check('gets every kind of option, resolved', async () => {
    const heard = used(client, 'everything');
    const option = (type, name, value) => ({ type, name, value });
    const options = [
      option(3, 'text', 'words'),
      option(4, 'whole', 7),
      option(10, 'number', 0.25),
      option(5, 'yes', true),
      option(6, 'user', client.user.id),
      option(8, 'role', guild.id),
      option(9, 'either', guild.ownerId),
      option(7, 'channel', channel.id),
      option(11, 'file', '0'),
      option(3, 'choice', 'low'),
    ];
    await person.slash('everything', options, [['input.txt', 'in the file']]);
    const interaction = await heard;
    const o = interaction.options;
    assert.ok(interaction.isChatInputCommand() && interaction.inCachedGuild());
    assert.deepEqual([o.getString('text'), o.getInteger('whole'), o.getNumber('number'), o.getBoolean('yes')], ['words', 7, 0.25, true]);
    assert.equal(o.getUser('user').id, client.user.id);
    assert.equal(o.getMember('user').id, client.user.id);
    assert.equal(o.getRole('role').id, guild.id);
    assert.equal(o.getMentionable('either').id, guild.ownerId);
    assert.equal(o.getChannel('channel', true, [ChannelType.GuildText]).id, channel.id);
    assert.equal(await (await fetch(o.getAttachment('file').url)).text(), 'in the file');
    assert.equal(o.getString('choice'), 'low');
    assert.ok(interaction.memberPermissions.has(PermissionFlagsBits.Administrator));
    assert.ok(interaction.appPermissions.has(PermissionFlagsBits.SendMessages));
    assert.equal(interaction.context, InteractionContextType.Guild);
    await interaction.reply('got it');
    await assert.rejects(person.slash('everything', [option(3, 'text', 'x')]), /400/);
    await assert.rejects(person.slash('everything', [option(3, 'text', 'xx'), option(4, 'whole', 10)]), /400/);
    await assert.rejects(person.slash('everything', [option(3, 'text', 'xx'), option(7, 'channel', guild.ownerId)]), /400/);
  });
  await check('completes what a person types in a subcommand of a group', async () => {
    const inGroup = (last) => [{ type: 2, name: 'task', options: [{ type: 1, name: 'show', options: [last] }] }];
    const typed = used(client, 'queue');
    await person.type('queue', inGroup({ type: 3, name: 'id', value: 'att', focused: true }));
    const typing = await typed;
    assert.ok(typing.isAutocomplete());
    assert.deepEqual(typing.options.getFocused(true).value, 'att');
    assert.deepEqual([typing.options.getSubcommandGroup(), typing.options.getSubcommand()], ['task', 'show']);
    await assert.rejects(typing.respond(Array.from({ length: 26 }, (_, n) => ({ name: `n${n}`, value: 'v' }))), { code: 50035 });
    typing.responded = false;
    await typing.respond([{ name: 'The newest', value: 'att_1' }]);
    const heard = used(client, 'queue');
    await person.slash('queue', inGroup({ type: 3, name: 'id', value: 'att_1' }));
    const interaction = await heard;
    assert.equal(interaction.options.getString('id'), 'att_1');
    await interaction.reply('shown');
  });
  await check('gets commands on people and on messages', async () => {
    const onUser = used(client, 'About them');
    await person.useOn('About them', guild.ownerId);
    const about = await onUser;
    assert.ok(about.isUserContextMenuCommand());
    assert.equal(about.targetUser.username, 'admin');
    assert.equal(about.targetMember.id, guild.ownerId);
    await about.reply('that is the admin');
    const { id } = await person.say('a task in a message');
    const onMessage = used(client, 'Run as task');
    await person.useOn('Run as task', id);
    const run = await onMessage;
    assert.ok(run.isMessageContextMenuCommand());
    assert.equal(run.targetMessage.content, 'a task in a message');
    await run.reply('running');
  });
};

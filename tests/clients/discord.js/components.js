// Buttons, selects of every kind, and messages made of components alone.
'use strict';

const {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  ChannelSelectMenuBuilder,
  ChannelType,
  ComponentType,
  ContainerBuilder,
  Events,
  FileBuilder,
  MediaGalleryBuilder,
  MentionableSelectMenuBuilder,
  MessageFlags,
  RoleSelectMenuBuilder,
  SectionBuilder,
  SeparatorBuilder,
  StringSelectMenuBuilder,
  TextDisplayBuilder,
  ThumbnailBuilder,
  UserSelectMenuBuilder,
} = require('discord.js');
const { assert, check, next } = require('./check.js');

const row = (...parts) => new ActionRowBuilder().addComponents(...parts);
const button = (style, id) => new ButtonBuilder().setStyle(style).setCustomId(id).setLabel(id);

module.exports = async ({ client, guild, channel, person }) => {
  const used = (id) => next(client, Events.InteractionCreate, (i) => i.customId === id);
  await check('posts buttons of all styles and hears a press', async () => {
    const styles = [ButtonStyle.Primary, ButtonStyle.Secondary, ButtonStyle.Success, ButtonStyle.Danger];
    const link = new ButtonBuilder().setStyle(ButtonStyle.Link).setURL('https://example.org/').setEmoji('🔗');
    const card = await channel.send({ content: 'card', components: [row(...styles.map((style, n) => button(style, `b${n}`)), link)] });
    const pressed = used('b3');
    await person.press(card.id, 'b3');
    const interaction = await pressed;
    assert.ok(interaction.isButton());
    assert.equal(interaction.message.id, card.id);
    assert.equal(interaction.component.style, ButtonStyle.Danger);
    const changed = next(client, Events.MessageUpdate, (_, now) => now.content === 'pressed');
    await interaction.update({ content: 'pressed', components: [row(button(ButtonStyle.Secondary, 'b3').setDisabled(true))] });
    assert.equal((await changed).id, card.id);
    await assert.rejects(person.press(card.id, 'b3'), /400/);
  });
  await check('takes its time with a press, then edits and follows up', async () => {
    const card = await channel.send({ content: 'slow', components: [row(button(ButtonStyle.Primary, 'slow'))] });
    const pressed = used('slow');
    await person.press(card.id, 'slow');
    const interaction = await pressed;
    await interaction.deferUpdate();
    assert.equal((await interaction.editReply({ content: 'edited later', components: [] })).id, card.id);
    const answer = await interaction.followUp({ content: 'and this', flags: MessageFlags.Ephemeral });
    assert.ok(answer.flags.has(MessageFlags.Ephemeral));
  });
  const choose = async (menu, values) => {
    const { custom_id: id, type } = menu.toJSON();
    const card = await channel.send({ components: [row(menu)], content: id });
    const chosen = used(id);
    await person.choose(card.id, id, type, values);
    const interaction = await chosen;
    assert.ok(interaction.isAnySelectMenu());
    assert.deepEqual(interaction.values, values);
    await interaction.deferUpdate();
    return [interaction, card];
  };
  await check('offers choices of its own', async () => {
    const options = ['a', 'b', 'c'].map((value) => ({ label: value, value, description: 'd', default: value === 'a' }));
    const menu = new StringSelectMenuBuilder().setCustomId('texts').addOptions(options).setMinValues(1).setMaxValues(2).setPlaceholder('p');
    const [, card] = await choose(menu, ['b', 'c']);
    await assert.rejects(person.choose(card.id, 'texts', ComponentType.StringSelect, ['a', 'b', 'c']), /400/);
    await assert.rejects(person.choose(card.id, 'texts', ComponentType.StringSelect, ['z']), /400/);
  });
  await check('offers people, roles, either, and channels', async () => {
    const users = new UserSelectMenuBuilder().setCustomId('users').setDefaultUsers(client.user.id).setMaxValues(2);
    assert.equal((await choose(users, [guild.ownerId]))[0].users.first().username, 'admin');
    const [byMember] = await choose(new UserSelectMenuBuilder().setCustomId('members'), [guild.ownerId]);
    assert.equal(byMember.members.first().id, guild.ownerId);
    assert.equal((await choose(new RoleSelectMenuBuilder().setCustomId('roles'), [guild.id]))[0].roles.first().id, guild.id);
    const either = new MentionableSelectMenuBuilder().setCustomId('either').setMaxValues(2);
    const [both] = await choose(either, [guild.ownerId, guild.id]);
    assert.deepEqual([both.users.size, both.roles.size], [1, 1]);
    const channels = new ChannelSelectMenuBuilder().setCustomId('channels').setChannelTypes(ChannelType.GuildText);
    const [where, card] = await choose(channels, [channel.id]);
    assert.equal(where.channels.first().id, channel.id);
    await assert.rejects(person.choose(card.id, 'channels', ComponentType.ChannelSelect, [guild.ownerId]), /400/);
  });
  await check('makes a message of components alone', async () => {
    const text = (content) => new TextDisplayBuilder().setContent(content);
    const section = new SectionBuilder().addTextDisplayComponents(text('# A title')).setButtonAccessory(button(ButtonStyle.Primary, 'in-section'));
    const picture = new SectionBuilder()
      .addTextDisplayComponents(text('beside'))
      .setThumbnailAccessory(new ThumbnailBuilder().setURL('attachment://dot.png'));
    const container = new ContainerBuilder()
      .setAccentColor(0x00ff00)
      .addSectionComponents(section, picture)
      .addSeparatorComponents(new SeparatorBuilder().setDivider(true))
      .addMediaGalleryComponents(new MediaGalleryBuilder().addItems((item) => item.setURL('attachment://dot.png')))
      .addFileComponents(new FileBuilder().setURL('attachment://log.txt'))
      .addActionRowComponents(row(button(ButtonStyle.Secondary, 'in-row')));
    const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    const files = [
      { attachment: dot, name: 'dot.png' },
      { attachment: Buffer.from('log'), name: 'log.txt' },
    ];
    const sent = await channel.send({ flags: MessageFlags.IsComponentsV2, components: [text('above'), container], files });
    assert.ok(sent.flags.has(MessageFlags.IsComponentsV2));
    const shown = sent.components[1].components;
    assert.match(shown[1].accessory.media.url, /^http/);
    assert.equal(await (await fetch(shown[4].file.url)).text(), 'log');
    assert.equal(shown[4].data.name, 'log.txt');
    const pressed = used('in-section');
    await person.press(sent.id, 'in-section');
    const interaction = await pressed;
    await interaction.update({ components: [text('all else is gone')] });
    assert.equal((await sent.fetch(true)).components.length, 1);
    await assert.rejects(sent.edit({ content: 'words' }), { code: 50035 });
    await assert.rejects(channel.send({ flags: MessageFlags.IsComponentsV2, components: [text('x')], content: 'y' }), { code: 50035 });
  });
};

// Modals: shown, filled in, answered.
'use strict';

const d = require('discord.js');
const { assert, check, next } = require('./check.js');

module.exports = async ({ client, guild, channel, person }) => {
  const open = async (modal) => {
    const row = new d.ActionRowBuilder().addComponents(new d.ButtonBuilder().setStyle(1).setCustomId('open').setLabel('open'));
    const card = await channel.send({ content: 'card', components: [row] });
    const pressed = next(client, d.Events.InteractionCreate, (i) => i.customId === 'open');
    await person.press(card.id, 'open');
    const interaction = await pressed;
    await interaction.showModal(modal);
    // In an array, so that waiting for the modal to open is not waiting for it to be sent.
    return [next(client, d.Events.InteractionCreate, (i) => i.isModalSubmit())];
  };
  await check('asks by a modal of rows, as older bots do, and updates the card', async () => {
    const input = new d.TextInputBuilder().setCustomId('why').setStyle(d.TextInputStyle.Short).setLabel('Why?').setMaxLength(10);
    const modal = new d.ModalBuilder().setCustomId('old').setTitle('Old').addComponents(new d.ActionRowBuilder().addComponents(input));
    const [sent] = await open(modal);
    await person.submit('old', [{ type: 1, components: [{ type: 4, custom_id: 'why', value: 'because' }] }]);
    const heard = await sent;
    assert.equal(heard.fields.getTextInputValue('why'), 'because');
    assert.ok(heard.isFromMessage());
    await heard.update({ content: 'explained', components: [] });
    assert.equal((await heard.fetchReply()).content, 'explained');
  });
  await check('asks by a modal of labels with every kind of input', async () => {
    const label = (text, set) => set(new d.LabelBuilder().setLabel(text).setDescription('d'));
    const modal = new d.ModalBuilder().setCustomId('new').setTitle('New').addLabelComponents(
      label('Words', (l) => l.setTextInputComponent(new d.TextInputBuilder().setCustomId('words').setStyle(2).setRequired(false))),
      label('One', (l) => l.setStringSelectMenuComponent(new d.StringSelectMenuBuilder().setCustomId('one').addOptions({ label: 'x', value: 'x' }))),
      label('Who', (l) => l.setUserSelectMenuComponent(new d.UserSelectMenuBuilder().setCustomId('who'))),
      label('File', (l) => l.setFileUploadComponent(new d.FileUploadBuilder().setCustomId('file').setMaxValues(2))),
    );
    modal.addTextDisplayComponents(new d.TextDisplayBuilder().setContent('read this'));
    const filled = (component) => ({ type: 18, component });
    const [sent] = await open(modal);
    await person.submit(
        'new',
        [
          filled({ type: 4, custom_id: 'words', value: '' }),
          filled({ type: 3, custom_id: 'one', values: ['x'] }),
          filled({ type: 5, custom_id: 'who', values: [guild.ownerId] }),
          filled({ type: 19, custom_id: 'file', values: ['0'] }),
        ],
        [['up.txt', 'uploaded']],
    );
    const heard = await sent;
    assert.deepEqual(heard.fields.getStringSelectValues('one'), ['x']);
    assert.equal(heard.fields.getSelectedUsers('who').first().username, 'admin');
    const file = heard.fields.getUploadedFiles('file').first();
    assert.equal(await (await fetch(file.url)).text(), 'uploaded');
    await heard.reply({ content: 'thank you', flags: d.MessageFlags.Ephemeral });
  });
  await check('asks by choices of one, of several, and of yes or no', async () => {
    const modal = {
      custom_id: 'choices',
      title: 'Choices',
      components: [
        { type: 18, label: 'One', component: { type: 21, custom_id: 'radio', options: ['a', 'b'].map((value) => ({ label: value, value })) } },
        { type: 18, label: 'Some', component: { type: 22, custom_id: 'boxes', options: ['c', 'd'].map((value) => ({ label: value, value })) } },
        { type: 18, label: 'Sure', component: { type: 23, custom_id: 'sure' } },
      ],
    };
    const [sent] = await open(modal);
    await person.submit('choices', [
        { type: 18, component: { type: 21, custom_id: 'radio', value: 'b' } },
        { type: 18, component: { type: 22, custom_id: 'boxes', values: ['c', 'd'] } },
        { type: 18, component: { type: 23, custom_id: 'sure', value: true } },
    ]);
    const heard = await sent;
    assert.equal(heard.fields.getRadioGroup('radio'), 'b');
    assert.deepEqual([...heard.fields.getCheckboxGroup('boxes')], ['c', 'd']);
    assert.equal(heard.fields.getCheckbox('sure'), true);
    await heard.deferReply();
    await heard.editReply('noted');
  });
};

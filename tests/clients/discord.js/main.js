// A bot on discord.js. All that it is told of the local Discord is its address and a token.
'use strict';

const { Client, Events, GatewayIntentBits, Partials } = require('discord.js');
const { check, next } = require('./check.js');
const { Person } = require('./person.js');

async function main() {
  const client = new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.GuildMessageTyping,
      GatewayIntentBits.MessageContent,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.GuildWebhooks,
    ],
    partials: [Partials.Channel, Partials.Message, Partials.Reaction],
    rest: { api: `${process.env.DISCORD_API_BASE}/api` },
  });
  client.on(Events.Error, (error) => {
    throw error;
  });

  await check('logs in', async () => {
    const ready = next(client, Events.ClientReady);
    await client.login(process.env.ORCHESTRATOR_AGENT_TOKEN);
    await ready;
  });
  const guild = await client.guilds.fetch(process.env.GUILD_ID);
  const channel = await client.channels.fetch(process.env.RESULTS_CHANNEL);
  const person = new Person(client.application.id, guild.id, channel.id);
  const world = { client, guild, channel, person };
  for (const part of ['guild', 'messages', 'threads', 'places', 'commands', 'answers', 'components', 'modals', 'connection']) {
    await require(`./${part}.js`)(world);
  }
  await check('logs out', () => client.destroy());
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);

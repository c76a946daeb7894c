"""A bot on discord.py. All that it is told of the local Discord is its address, its gateway and a token."""

import asyncio
import importlib
import os
import sys

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from check import check
from person import Person

discord.http.Route.BASE = f"{os.environ['DISCORD_API_BASE']}/api/v10"


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

    async def gateway(self):
        """Where the gateway is, as Discord tells."""
        return (await self.http.get_bot_gateway())[1]


async def main():
    bot = Bot()
    async with bot:
        async with check("logs in"):
            await bot.login(os.environ["ORCHESTRATOR_AGENT_TOKEN"])
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(await bot.gateway())
            connected = asyncio.create_task(bot.connect())
            connected.add_done_callback(lambda task: task.cancelled() or task.exception() and print(task.exception(), file=sys.stderr))
            await bot.wait_until_ready()
        guild = bot.get_guild(int(os.environ["GUILD_ID"]))
        channel = bot.get_channel(int(os.environ["RESULTS_CHANNEL"]))
        person = Person(bot.application_id, guild.id, channel.id)
        parts = sys.argv[1:] or ["guild", "messages", "threads", "places", "commands", "components", "modals", "connection"]
        for part in parts:
            await importlib.import_module(f"try_{part}").run(bot, guild, channel, person)
        async with check("logs out"):
            await bot.close()
            await connected


asyncio.run(main())

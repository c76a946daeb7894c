"""What happens to the connection: it breaks, it is told to go, and requests are too many."""

import asyncio

import aiohttp
import discord

from check import check


async def run(bot, guild, channel, person):
    async with check("resumes after a drop and hears what it missed"):
        resumed = asyncio.create_task(bot.wait_for("resumed"))
        heard = asyncio.create_task(bot.wait_for("message", check=lambda message: message.content == "while you were away"))
        await asyncio.sleep(0)
        await person.trouble({"gateway": "drop"})
        await person.say("while you were away")
        await asyncio.gather(resumed, heard)
    async with check("resumes when it is told to reconnect"):
        resumed = asyncio.create_task(bot.wait_for("resumed"))
        await asyncio.sleep(0)
        await person.trouble({"gateway": "reconnect"})
        await resumed
    async with check("waits out a 429 that it could not foresee"):
        # A second program with the same token: neither knows what the other has used up.
        async def other(number):
            headers = {"authorization": f"Bot {bot.http.token}"}
            url = f"{discord.http.Route.BASE}/channels/{channel.id}/messages"
            async with aiohttp.ClientSession() as session:
                async with session.post(url, headers=headers, json={"content": f"other {number}"}) as answer:
                    return answer.status

        ends = await asyncio.gather(*(other(n) if n % 2 else channel.send(f"crowd {n}") for n in range(12)))
        assert all(end.id for end in ends[::2])
        limited = [record for record in await person.log() if '"limited"' in str(record).replace("'", '"')]
        assert limited, "nobody met a 429"

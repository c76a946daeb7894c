"""Threads: from a message and without one."""

import discord

from check import check, refused


async def run(bot, guild, channel, person):
    async with check("opens a thread from a message"):
        card = await channel.send("a card")
        thread = await card.create_thread(name="its detail", auto_archive_duration=10080)
        assert thread.id == card.id and thread.auto_archive_duration == 10080 and thread.parent == channel
        async with refused(discord.HTTPException, 160004):
            await card.create_thread(name="another")
    async with check("writes and hears in a thread"):
        sent = await thread.send("inside")
        assert sent.channel == thread
        said = await person.say("a follow-up", thread.id)
        heard = [message.id async for message in thread.history(limit=1)]
        assert heard == [int(said["id"])]
    async with check("opens a thread without a message, and lists what is open"):
        free = await channel.create_thread(name="free", type=discord.ChannelType.public_thread)
        active = {known.id for known in await guild.active_threads()}
        assert {free.id, thread.id} <= active
        await free.delete()
    async with check("archives a thread, and takes it out again"):
        assert (await thread.edit(archived=True)).archived
        async with refused(discord.HTTPException, 50083):
            await sent.edit(content="no")
        assert not (await thread.edit(archived=False)).archived

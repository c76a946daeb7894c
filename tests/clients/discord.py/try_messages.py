"""Messages: sent, answered, changed, read again and taken away."""

import io

import discord

from check import check, refused


async def run(bot, guild, channel, person):
    async with check("hears what a person says"):
        asked = await person.say("hello, bot")
        heard = bot.cached_messages[-1] if bot.cached_messages and bot.cached_messages[-1].id == int(asked["id"]) else None
        heard = heard or await bot.wait_for("message", check=lambda message: message.id == int(asked["id"]))
        assert heard.content == "hello, bot" and heard.author.name == "admin" and heard.guild == guild
    async with check("sends, edits and deletes"):
        sent = await channel.send("first")
        edited = await sent.edit(content="second")
        assert edited.content == "second" and edited.edited_at
        await sent.delete()
        async with refused(discord.NotFound, 10008):
            await channel.fetch_message(sent.id)
    async with check("replies without pinging, and mentions whom it may"):
        asked = await channel.fetch_message((await person.say("answer me"))["id"])
        quiet = await asked.reply(f"yes, {asked.author.mention}", mention_author=False, allowed_mentions=discord.AllowedMentions.none())
        assert quiet.reference.message_id == asked.id and not quiet.mentions
        assert quiet.reference.resolved.content == "answer me"
        loud = await channel.send(asked.author.mention)
        assert [user.id for user in loud.mentions] == [asked.author.id]
    async with check("embeds"):
        embed = discord.Embed(title="A title", url="https://example.org/", description="**bold**", colour=0x336699)
        embed.add_field(name="one", value="1").set_footer(text="below").set_author(name="somebody")
        sent = await channel.send(embed=embed)
        assert sent.embeds[0].fields[0].value == "1" and sent.embeds[0].colour.value == 0x336699
        assert (await sent.edit(suppress=True)).flags.suppress_embeds
    async with check("attaches files and gets them back"):
        file = discord.File(io.BytesIO(b"the bytes"), "note.txt", description="a note")
        sent = await channel.send(file=file)
        there = sent.attachments[0]
        assert (there.filename, there.description, there.size) == ("note.txt", "a note", 9)
        assert await there.read() == b"the bytes"
        assert not (await sent.edit(content="no file", attachments=[])).attachments
    async with check("reacts, hears reactions, and takes them away"):
        sent = await channel.send("react to me")
        await sent.add_reaction("👍")
        await person.react(sent.id, "👍")
        again = await channel.fetch_message(sent.id)
        assert again.reactions[0].count == 2 and again.reactions[0].me
        assert {user.name async for user in again.reactions[0].users()} == {"admin", bot.user.name}
        await sent.remove_reaction("👍", bot.user)
        assert (await channel.fetch_message(sent.id)).reactions[0].count == 1
    async with check("pages through history"):
        ids = [(await channel.send(f"line {number}")).id for number in range(12)]
        newest = [message.id async for message in channel.history(limit=12)]
        assert newest == ids[::-1]
        after = [message.id async for message in channel.history(limit=3, after=discord.Object(ids[0]), oldest_first=True)]
        assert after == ids[1:4]
        around = [message.id async for message in channel.history(limit=3, around=discord.Object(ids[5]))]
        assert ids[5] in around and len(around) == 3
    async with check("is told in Discord’s words what is wrong with a message"):
        async with refused(discord.HTTPException, 50035):
            await channel.send("x" * 2001)
        async with refused(discord.HTTPException, 50006):
            await channel.send("")
    async with check("types"):
        async with channel.typing():
            pass
    async with check("deletes many at once"):
        mine = [await channel.send(f"gone {number}") for number in range(3)]
        granted = channel.permissions_for(guild.me).manage_messages
        if granted:
            await channel.delete_messages(mine)
        else:
            async with refused(discord.Forbidden, 50013):
                await channel.delete_messages(mine)

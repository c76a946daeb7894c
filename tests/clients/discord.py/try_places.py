"""What a bot that may do everything does with a place: channels, roles, members, webhooks, pins, forums."""

import discord

from check import check, refused


async def run(bot, guild, channel, person):
    async with check("is given all rights by an admin, and is told"):
        heard = bot.loop.create_task(bot.wait_for("guild_role_update"))
        permissions = str(discord.Permissions(administrator=True).value)
        await person.ask("PATCH", f"/guilds/{guild.id}/roles/{guild.self_role.id}", {"permissions": permissions})
        await heard
        assert guild.me.guild_permissions.manage_roles
    async with check("makes, changes and deletes channels"):
        category = await guild.create_category("Rooms")
        room = await guild.create_text_channel("workshop", category=category, topic="noise")
        await room.set_permissions(guild.default_role, send_messages=False)
        assert (await guild.fetch_channel(room.id)).overwrites_for(guild.default_role).send_messages is False
        assert (await room.edit(name="quiet-room")).name == "quiet-room"
        await room.delete()
        await category.delete()
    async with check("makes roles, gives them and takes them"):
        role = await guild.create_role(name="Reader", colour=0x112233, reason="to try it")
        assert (await role.edit(name="Listener", hoist=True)).hoist
        owner = await guild.fetch_member(guild.owner_id)
        await owner.add_roles(role)
        assert role.id in [held.id for held in (await guild.fetch_member(owner.id)).roles]
        await owner.remove_roles(role)
        async with refused(discord.Forbidden, 50013):
            await owner.edit(nick="Boss")
        await role.delete()
    async with check("pins, lists pins and unpins"):
        sent = await channel.send("keep this")
        await sent.pin()
        assert [pin.id async for pin in channel.pins()] == [sent.id]
        await sent.unpin()
        assert [pin async for pin in channel.pins()] == []
    async with check("makes a webhook, and writes, edits and deletes through it"):
        hook = await channel.create_webhook(name="Herald")
        sent = await hook.send("hear, hear", username="Town crier", embed=discord.Embed(title="t"), wait=True)
        assert sent.author.name == "Town crier" and sent.webhook_id == hook.id
        assert (await sent.edit(content="never mind")).content == "never mind"
        await sent.delete()
        assert hook.id in [known.id for known in await channel.webhooks()]
        await hook.delete()
    async with check("posts into a forum with tags, and finds old threads"):
        forum = await guild.create_forum("ideas", available_tags=[discord.ForumTag(name="new")])
        post, first = await forum.create_thread(name="An idea", content="the first words", applied_tags=forum.available_tags)
        assert [tag.name for tag in post.applied_tags] == ["new"] and first.content == "the first words"
        await post.edit(archived=True)
        assert post.id in [thread.id async for thread in forum.archived_threads()]
        await forum.delete()
    async with check("keeps a private thread, and who is in it"):
        thread = await channel.create_thread(name="among us", type=discord.ChannelType.private_thread, invitable=False)
        await thread.add_user(discord.Object(guild.owner_id))
        # The list of members takes the privileged intent, which is switched on as in the developer portal.
        intents = {"privileged_intents": ["MESSAGE_CONTENT", "GUILD_MEMBERS"]}
        await person.ask("PATCH", f"/sandbox/bots/{bot.application_id}", intents)
        assert {member.id for member in await thread.fetch_members()} == {bot.user.id, guild.owner_id}
        await thread.remove_user(discord.Object(guild.owner_id))
        assert (await thread.edit(locked=True)).locked
        await thread.delete()
    async with check("writes to a person directly, and hears the answer"):
        owner = await bot.fetch_user(guild.owner_id)
        sent = await owner.send("between us")
        heard = bot.loop.create_task(bot.wait_for("message", check=lambda message: message.content == "heard"))
        await person.say("heard", sent.channel.id)
        assert isinstance((await heard).channel, discord.DMChannel)

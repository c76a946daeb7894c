"""Commands: registered, used with every kind of option, completed, answered in every way."""

import enum
import io

import discord
from discord import app_commands

from check import check, refused

WAIT = "interaction"


def define(tree):
    """What the bot offers; every use of it lands in `bot.wait_for("interaction")`."""

    class Level(enum.Enum):
        low = "low"
        high = "high"

    @tree.command(description="Takes every kind of option")
    async def everything(
        interaction: discord.Interaction,
        text: app_commands.Range[str, 2, 20],
        whole: app_commands.Range[int, 1, 9] = 1,
        number: app_commands.Range[float, -0.5, 0.5] = 0.0,
        yes: bool = False,
        user: discord.Member = None,
        role: discord.Role = None,
        either: discord.Member | discord.Role = None,
        channel: discord.TextChannel = None,
        file: discord.Attachment = None,
        choice: Level = Level.low,
    ):
        read = (await file.read()).decode()
        interaction.client.given = (text, whole, number, yes, user, role, either, channel.id, read, choice.value)
        await interaction.response.send_message("got it")

    queue = app_commands.Group(name="queue", description="Has subcommands", guild_only=True)
    task = app_commands.Group(name="task", description="d", parent=queue)

    @queue.command(name="list", description="d")
    async def listed(interaction: discord.Interaction):
        """Left to those who wait for it."""

    @task.command(description="d")
    async def show(interaction: discord.Interaction, id: str):
        await interaction.response.send_message(f"showing {id}")

    @show.autocomplete("id")
    async def complete(interaction: discord.Interaction, current: str):
        return [app_commands.Choice(name="The newest", value=f"{current}_1")]

    tree.add_command(queue)

    @tree.context_menu(name="About them")
    async def about(interaction: discord.Interaction, member: discord.Member):
        await interaction.response.send_message(f"that is {member.name}", ephemeral=True)

    @tree.context_menu(name="Run as task")
    @app_commands.default_permissions(manage_guild=True)
    async def run_as_task(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(f"running {message.content}")

    @tree.error
    async def broke(interaction, error):
        raise error


async def run(bot, guild, channel, person):
    async with check("registers commands, global and of the guild"):
        define(bot.tree)
        synced = await bot.tree.sync()
        assert len(synced) == 4
        fetched = {command.name: command for command in await bot.tree.fetch_commands()}
        assert fetched["everything"].options[1].min_value == 1
        task = next(option for option in fetched["queue"].options if option.name == "task")
        assert task.options[0].options[0].autocomplete
        assert fetched["Run as task"].default_member_permissions.manage_guild
        bot.tree.copy_global_to(guild=guild)
        assert len(await bot.tree.sync(guild=guild)) == 4
        bot.tree.clear_commands(guild=guild)
        assert await bot.tree.sync(guild=guild) == []
        async with refused(discord.HTTPException, 50035):
            await bot.http.upsert_global_command(bot.application_id, {"name": "Not Lower", "description": "d", "type": 1})

    async def used(start):
        """What comes of an interaction that the person starts."""
        heard = bot.loop.create_task(bot.wait_for("interaction"))
        await start
        return await heard

    async with check("gets every kind of option, resolved"):
        option = lambda kind, name, value: {"type": kind, "name": name, "value": value}
        options = [
            option(3, "text", "words"),
            option(4, "whole", 7),
            option(10, "number", 0.25),
            option(5, "yes", True),
            option(6, "user", str(bot.user.id)),
            option(8, "role", str(guild.id)),
            option(9, "either", str(guild.owner_id)),
            option(7, "channel", str(channel.id)),
            option(11, "file", "0"),
            option(3, "choice", "high"),
        ]
        done = bot.loop.create_task(bot.wait_for("app_command_completion"))
        await person.slash("everything", options, [("input.txt", "in the file")])
        await done
        text, whole, number, yes, user, role, either, where, read, choice = bot.given
        assert (text, whole, number, yes, read, choice) == ("words", 7, 0.25, True, "in the file", "high")
        assert (user.id, role.id, either.id, where) == (bot.user.id, guild.id, guild.owner_id, channel.id)
    async with check("completes what a person types, and shows what was chosen"):
        inner = lambda last: [{"type": 2, "name": "task", "options": [{"type": 1, "name": "show", "options": [last]}]}]
        typed = await used(person.type("queue", inner({"type": 3, "name": "id", "value": "att", "focused": True})))
        assert typed.type == discord.InteractionType.autocomplete
        done = bot.loop.create_task(bot.wait_for("app_command_completion"))
        await person.slash("queue", inner({"type": 3, "name": "id", "value": "att_1"}))
        interaction, _ = await done
        assert (await interaction.original_response()).content == "showing att_1"
    async with check("gets commands on people and on messages"):
        done = bot.loop.create_task(bot.wait_for("app_command_completion"))
        await person.use_on("About them", guild.owner_id)
        interaction, _ = await done
        answer = await interaction.original_response()
        assert answer.content == "that is admin" and answer.flags.ephemeral
        said = await person.say("a task in a message")
        done = bot.loop.create_task(bot.wait_for("app_command_completion"))
        await person.use_on("Run as task", said["id"])
        interaction, _ = await done
        assert (await interaction.original_response()).content == "running a task in a message"

    listed = lambda: used(person.slash("queue", [{"type": 1, "name": "list", "options": []}]))
    async with check("answers, and reads, changes and deletes the answer"):
        interaction = await listed()
        callback = await interaction.response.send_message("one")
        assert callback.resource.content == "one" and callback.message_id
        assert (await interaction.original_response()).interaction_metadata.user.name == "admin"
        assert (await interaction.edit_original_response(content="two")).content == "two"
        await interaction.delete_original_response()
        async with refused(discord.NotFound, 10008):
            await interaction.followup.fetch_message(callback.message_id)
    async with check("answers once"):
        interaction = await listed()
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        async with refused(discord.HTTPException, 40060):
            await interaction.response.send_message("two")
    async with check("thinks first, then answers and follows up, with files and for one pair of eyes only"):
        interaction = await listed()
        await interaction.response.defer(thinking=True)
        assert (await interaction.original_response()).flags.loading
        filled = await interaction.edit_original_response(content="done", attachments=[discord.File(io.BytesIO(b"log"), "log.txt")])
        assert filled.attachments[0].filename == "log.txt" and not filled.flags.loading
        more = await interaction.followup.send("more", ephemeral=True, wait=True)
        assert more.flags.ephemeral
        assert (await more.edit(content="most")).content == "most"
        await more.delete()
        loud = await interaction.followup.send("loud", embed=discord.Embed(title="t"), wait=True)
        assert (await channel.fetch_message(loud.id)).embeds[0].title == "t"

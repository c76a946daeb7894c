"""Buttons, selects of every kind, and messages made of components alone."""

import io

import discord
from discord import ui

from check import check, refused

DOT = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6264f8cf500f000301010018dd8db00000000049454e44ae426082")


async def run(bot, guild, channel, person):
    async def used(custom_id, start):
        heard = bot.loop.create_task(
            bot.wait_for("interaction", check=lambda interaction: (interaction.data or {}).get("custom_id") == custom_id)
        )
        await start
        return await heard

    async with check("posts buttons of all styles and hears a press"):
        view = ui.View(timeout=None)
        for number, style in enumerate([discord.ButtonStyle.primary, discord.ButtonStyle.secondary, discord.ButtonStyle.success, discord.ButtonStyle.danger]):
            view.add_item(ui.Button(style=style, label=f"b{number}", custom_id=f"b{number}"))
        view.add_item(ui.Button(url="https://example.org/", emoji="🔗"))
        card = await channel.send("card", view=view)
        assert len(card.components[0].children) == 5
        interaction = await used("b3", person.press(card.id, "b3"))
        assert interaction.message.id == card.id and interaction.user.name == "admin" and interaction.permissions.administrator
        await interaction.response.edit_message(content="pressed", view=None)
        assert not (await channel.fetch_message(card.id)).components
    async with check("takes its time with a press, then edits and follows up"):
        card = await channel.send("slow", view=ui.View().add_item(ui.Button(label="slow", custom_id="slow")))
        interaction = await used("slow", person.press(card.id, "slow"))
        await interaction.response.defer()
        assert (await interaction.edit_original_response(content="edited later", view=None)).id == card.id
        assert (await interaction.followup.send("and this", ephemeral=True, wait=True)).flags.ephemeral

    async def chosen(select, values):
        card = await channel.send(select.custom_id, view=ui.View().add_item(select))
        heard = await used(select.custom_id, person.choose(card.id, select.custom_id, select.type.value, values))
        await heard.response.defer()
        assert heard.data["values"] == values
        return heard.data.get("resolved", {})

    async with check("offers choices of its own"):
        options = [discord.SelectOption(label=value, description="d", default=value == "a") for value in "abc"]
        await chosen(ui.Select(custom_id="texts", options=options, min_values=1, max_values=2), ["b", "c"])
    async with check("offers people, roles, either, and channels"):
        owner, everyone = str(guild.owner_id), str(guild.id)
        found = await chosen(ui.UserSelect(custom_id="users", default_values=[guild.me]), [owner])
        assert found["users"][owner]["username"] == "admin" and owner in found["members"]
        assert everyone in (await chosen(ui.RoleSelect(custom_id="roles"), [everyone]))["roles"]
        both = await chosen(ui.MentionableSelect(custom_id="either", max_values=2), [owner, everyone])
        assert owner in both["users"] and everyone in both["roles"]
        where = await chosen(ui.ChannelSelect(custom_id="channels", channel_types=[discord.ChannelType.text]), [str(channel.id)])
        assert where["channels"][str(channel.id)]["permissions"]
    async with check("makes a message of components alone"):
        view = ui.LayoutView()
        view.add_item(ui.TextDisplay("above"))
        container = ui.Container(accent_colour=0x00FF00)
        container.add_item(ui.Section("# A title", accessory=ui.Button(label="press", custom_id="in-section")))
        container.add_item(ui.Section("beside", accessory=ui.Thumbnail("attachment://dot.png")))
        container.add_item(ui.Separator())
        container.add_item(ui.MediaGallery(discord.MediaGalleryItem("attachment://dot.png")))
        container.add_item(ui.File("attachment://log.txt"))
        container.add_item(ui.ActionRow(ui.Button(label="row", custom_id="in-row")))
        view.add_item(container)
        sent = await channel.send(view=view, files=[discord.File(io.BytesIO(DOT), "dot.png"), discord.File(io.BytesIO(b"log"), "log.txt")])
        assert sent.flags.components_v2
        shown = sent.components[1].children
        assert shown[1].accessory.media.url.startswith("http")
        assert (shown[4].name, shown[4].size) == ("log.txt", 3)
        interaction = await used("in-section", person.press(sent.id, "in-section"))
        await interaction.response.edit_message(view=ui.LayoutView().add_item(ui.TextDisplay("all else is gone")))
        assert len((await channel.fetch_message(sent.id)).components) == 1
        async with refused(discord.HTTPException, 50035):
            await sent.edit(content="words", view=None)

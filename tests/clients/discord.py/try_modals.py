"""Modals: shown, filled in, answered."""

import discord
from discord import ui

from check import check


async def run(bot, guild, channel, person):
    async def filled(modal, components, files=()):
        card = await channel.send("card", view=ui.View().add_item(ui.Button(label="open", custom_id="open")))
        pressed = bot.loop.create_task(bot.wait_for("interaction", check=lambda i: i.data.get("custom_id") == "open"))
        await person.press(card.id, "open")
        await (await pressed).response.send_modal(modal)
        await person.submit(modal.custom_id, components, files)
        await modal.wait()

    async with check("asks by a modal of rows, as older bots do"):

        class Old(ui.Modal, title="Old"):
            why = ui.TextInput(label="Why?", max_length=10, custom_id="why")

            async def on_submit(self, interaction):
                await interaction.response.edit_message(content=f"explained: {self.why.value}", view=None)

        modal = Old()
        await filled(modal, [{"type": 1, "components": [{"type": 4, "custom_id": "why", "value": "because"}]}])
        assert modal.why.value == "because"
    async with check("asks by a modal of labels with every kind of input"):

        class New(ui.Modal, title="New"):
            words = ui.Label(text="Words", description="d", component=ui.TextInput(custom_id="words", required=False))
            one = ui.Label(text="One", component=ui.Select(custom_id="one", options=[discord.SelectOption(label="x")]))
            who = ui.Label(text="Who", component=ui.UserSelect(custom_id="who"))
            file = ui.Label(text="File", component=ui.FileUpload(custom_id="file", max_values=2))
            note = ui.TextDisplay("read this")

            async def on_submit(self, interaction):
                self.read = await self.file.component.values[0].read()
                await interaction.response.send_message("thank you", ephemeral=True)

        modal = New()
        label = lambda component: {"type": 18, "component": component}
        components = [
            label({"type": 4, "custom_id": "words", "value": ""}),
            label({"type": 3, "custom_id": "one", "values": ["x"]}),
            label({"type": 5, "custom_id": "who", "values": [str(guild.owner_id)]}),
            label({"type": 19, "custom_id": "file", "values": ["0"]}),
        ]
        await filled(modal, components, [("up.txt", "uploaded")])
        assert modal.one.component.values == ["x"]
        assert modal.who.component.values[0].name == "admin"
        assert modal.read == b"uploaded"
    async with check("asks by choices of one, of several, and of yes or no"):

        class Choices(ui.Modal, title="Choices"):
            radio = ui.Label(text="One", component=ui.RadioGroup(custom_id="radio", options=[discord.RadioGroupOption(label=v) for v in "ab"]))
            boxes = ui.Label(text="Some", component=ui.CheckboxGroup(custom_id="boxes", options=[discord.CheckboxGroupOption(label=v) for v in "cd"]))
            sure = ui.Label(text="Sure", component=ui.Checkbox(custom_id="sure"))

            async def on_submit(self, interaction):
                await interaction.response.defer(thinking=True)
                await interaction.edit_original_response(content="noted")

        modal = Choices()
        components = [
            {"type": 18, "component": {"type": 21, "custom_id": "radio", "value": "b"}},
            {"type": 18, "component": {"type": 22, "custom_id": "boxes", "values": ["c", "d"]}},
            {"type": 18, "component": {"type": 23, "custom_id": "sure", "value": True}},
        ]
        await filled(modal, components)
        assert modal.radio.component.value == "b"
        assert modal.boxes.component.values == ["c", "d"] and modal.sure.component.value is True

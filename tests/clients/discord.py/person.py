"""The people's side: what a person's own client asks Discord for. It knows nothing of the library that is tried."""

import json
import os

import aiohttp

BASE = os.environ["DISCORD_API_BASE"]


class Person:
    """A person who acts upon one bot, in one channel."""

    def __init__(self, application, guild, channel):
        self.application, self.guild, self.channel = str(application), str(guild), str(channel)

    async def ask(self, method, path, body=None, files=()):
        root = BASE if path.startswith("/sandbox/") else f"{BASE}/api/v10"
        headers = {"authorization": os.environ["SANDBOX_HUMAN_TOKEN"]}
        sent = {"json": body} if body is not None else {}
        if files:
            form = aiohttp.FormData()
            form.add_field("payload_json", json.dumps(body))
            for index, (name, text) in enumerate(files):
                form.add_field(f"files[{index}]", text.encode(), filename=name)
            sent = {"data": form}
        async with aiohttp.ClientSession() as session, session.request(method, root + path, headers=headers, **sent) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise RuntimeError(f"a person's {method} {path} got {answer.status}: {text}")
            return json.loads(text) if text else None

    def trouble(self, demand):
        """Makes trouble, as told in docs/local-discord.md."""
        return self.ask("POST", "/sandbox/trouble", demand)

    def log(self):
        """All that happened so far, as the local Discord wrote it down."""
        return self.ask("GET", "/sandbox/log")

    def say(self, content, channel=None):
        return self.ask("POST", f"/channels/{channel or self.channel}/messages", {"content": content})

    def react(self, message, emoji):
        return self.ask("PUT", f"/channels/{self.channel}/messages/{message}/reactions/{emoji}/@me")

    def interact(self, kind, data, files=(), **more):
        where = {"application_id": self.application, "guild_id": self.guild, "channel_id": self.channel}
        return self.ask("POST", "/interactions", {"type": kind, "data": data, **where, **more}, files)

    async def registered(self, name):
        whose = f"/applications/{self.application}"
        commands = await self.ask("GET", f"{whose}/commands") + await self.ask("GET", f"{whose}/guilds/{self.guild}/commands")
        found = next(command for command in commands if command["name"] == name)
        return {key: found[key] for key in ("id", "name", "type", "version")}

    async def slash(self, name, options=(), files=()):
        return await self.interact(2, {**await self.registered(name), "options": list(options)}, files)

    async def type(self, name, options):
        return await self.interact(4, {**await self.registered(name), "options": options})

    async def use_on(self, name, target):
        return await self.interact(2, {**await self.registered(name), "target_id": str(target)})

    def press(self, message, custom_id):
        return self.interact(3, {"component_type": 2, "custom_id": custom_id}, message_id=str(message))

    def choose(self, message, custom_id, kind, values):
        return self.interact(3, {"component_type": kind, "custom_id": custom_id, "values": values}, message_id=str(message))

    def submit(self, custom_id, components, files=()):
        return self.interact(5, {"custom_id": custom_id, "components": components}, files)

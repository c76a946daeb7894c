"""What the bot learns of the place that it is in."""

from check import check


async def run(bot, guild, channel, person):
    async with check("knows itself, its application and its guild"):
        application = await bot.application_info()
        assert application.id == bot.user.id == bot.application_id
        assert application.owner.name and application.flags.gateway_message_content_limited
        assert guild.owner_id and len(guild.text_channels) >= 3
        assert (await bot.fetch_guild(guild.id)).name == guild.name
    async with check("computes the permissions that it has"):
        granted = channel.permissions_for(guild.me)
        assert granted.send_messages and granted.view_channel and not granted.manage_guild
    async with check("asks for members by name, by id and by search"):
        found = await guild.query_members("adm", limit=5, cache=False)
        assert [member.name for member in found] == ["admin"]
        assert len(await guild.query_members(user_ids=[found[0].id, 5], cache=False)) == 1
        assert (await guild.fetch_member(found[0].id)).name == "admin"
    async with check("lists roles and channels"):
        assert guild.default_role.id in [role.id for role in await guild.fetch_roles()]
        assert channel.id in [known.id for known in await guild.fetch_channels()]

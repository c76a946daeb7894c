"""One line for each thing that was tried; the first that is not so ends the program."""

import asyncio
import contextlib

# Longer than anything here takes, but for a limit that is waited out.
SOON = 15


@contextlib.asynccontextmanager
async def check(sentence):
    """Tries one thing."""
    try:
        async with asyncio.timeout(SOON):
            yield
    except BaseException:
        print(f"not ok  discord.py {sentence}", flush=True)
        raise
    print(f"ok      discord.py {sentence}", flush=True)


@contextlib.asynccontextmanager
async def refused(kind, code=None):
    """What is done within has to be refused, with Discord's code."""
    try:
        yield
    except kind as refusal:
        given = getattr(refusal, "code", None)
        assert code is None or given == code, f"refused with {given} instead of {code}: {refusal}"
    else:
        raise AssertionError("it was not refused")

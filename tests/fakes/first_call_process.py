"""A process that makes its first provider calls under a watchdog, and prints what it saw.

Run as `python -m fakes.first_call_process SURFACE` in the tests folder. Knows nothing about what
is a good figure.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.runtimes import call_to, runtime_for
from fakes.steps import SURFACES
from fakes.watchdog import watched

from kata_lsp.providers.messages import TextDelta

SDKS = ("anthropic", "openai", "httpx2")


async def measure(surface: str) -> dict[str, object]:
    """The stalls of the first call and of the one after it, and the seconds they took."""
    figures: dict[str, object] = {"loadedBefore": [sdk for sdk in SDKS if sdk in sys.modules]}
    async with ProviderServer(Reply("hello there", chunks=3)) as server:
        runtime = runtime_for(server)
        for name in ("first", "second"):
            begun = time.monotonic()
            text = ""
            with watched() as watchdog:
                async with runtime.stream(call_to(surface)) as events:  # pyright: ignore[reportArgumentType] - from the command line
                    async for event in events:
                        text += event.text if isinstance(event, TextDelta) else ""
            figures[name] = {
                "text": text,
                "stallMs": round(watchdog.stall * 1000, 1),
                "turns": watchdog.turns,
                "seconds": round(time.monotonic() - begun, 2),
            }
        await runtime.aclose()
    return figures


if __name__ == "__main__":
    assert sys.argv[1] in SURFACES
    print(json.dumps(asyncio.run(measure(sys.argv[1]))))

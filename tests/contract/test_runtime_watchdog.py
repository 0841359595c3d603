"""The event loop is never held for more than 50 ms, also not by the first call."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest
from fakes.behaviours import canned
from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.runtimes import PROVIDER_OF, call_to, runtime_for
from fakes.steps import SURFACES
from fakes.watchdog import watched

_LIMIT_MS = 50.0
_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("surface", SURFACES)
async def test_the_first_call_of_a_process_does_not_hold_the_loop(surface):
    """An SDK is imported and warmed off the loop: seconds of work, no stall."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fakes.first_call_process",
        surface,
        cwd=_TESTS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(55):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    figures = json.loads(output)
    assert figures["loadedBefore"] == []
    for call in ("first", "second"):
        assert figures[call]["text"] == "hello there"
        assert figures[call]["stallMs"] < _LIMIT_MS, figures
    assert figures["first"]["turns"] > 5


@pytest.mark.parametrize("surface", SURFACES)
async def test_streams_at_full_speed_do_not_hold_the_loop(surface):
    """Ten streams as fast as they come leave the loop to others between their events."""
    reply = Reply("word " * 800, chunks=200)
    async with ProviderServer(canned(reply, surface)) as server:
        runtime = runtime_for(server)
        try:
            await runtime.list_models(PROVIDER_OF[surface])

            async def call() -> int:
                async with runtime.stream(call_to(surface)) as events:
                    return len([event async for event in events])

            with watched() as watchdog:
                counts = await asyncio.gather(*(call() for _ in range(10)))
        finally:
            await runtime.aclose()
    assert min(counts) > 200
    assert watchdog.stall * 1000 < _LIMIT_MS


async def test_the_watchdog_sees_a_loop_that_computes():
    """The measure itself is proven: a busy loop counts, an idle one does not."""
    with watched() as idle:
        await asyncio.sleep(0.05)
    with watched() as busy:
        end = time.process_time() + 0.08
        while time.process_time() < end:
            pass
    assert idle.stall * 1000 < _LIMIT_MS < busy.stall * 1000

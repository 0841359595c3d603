"""The first use of an SDK leaves the event loop alone; measured in a fresh interpreter."""

from __future__ import annotations

import asyncio

import pytest
from benchmarks.bench_first_call import KINDS, measure

_FAR_TOO_LONG = 250.0
"""Milliseconds. `bench_first_call.py` shows 10 to 25 on an idle machine, and 50 is the aim; tests
share their machine. Importing on the loop would take a second, a full collection alone 70."""


@pytest.mark.parametrize("kind", KINDS)
async def test_the_first_call_does_not_hold_the_loop(kind: str):
    """Import, warm-up, first connection, stream, plain answer and model list: no long stall."""
    stalls = await asyncio.to_thread(measure, kind)
    assert {phase: late for phase, late in stalls.items() if late > _FAR_TOO_LONG} == {}
    assert {"connect", "first stream", "plain", "models"} <= set(stalls)

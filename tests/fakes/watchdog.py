"""Measures how long an event loop is kept from turning.

A stall is counted in CPU time of this process, not in wall time: on a busy machine a loop that
does nothing may still not be scheduled, and that is not its fault. A loop that computes, or that
waits for another thread to give the interpreter back, uses CPU; one that sleeps does not, which
is why wall time beyond `ASLEEP` counts, too.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Generator
from contextlib import contextmanager

EVERY = 0.005
"""Seconds between two turns of a loop that is free."""
ASLEEP = 2.0
"""Wall seconds without a turn that no scheduler explains."""


class Watchdog:
    """The longest stall seen so far, in seconds, and the number of turns."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stall = 0.0
        self.turns = 0
        self._loop = loop
        self._cpu, self._wall = time.process_time(), time.monotonic()
        self._timer = loop.call_later(EVERY, self._turn)

    def _turn(self) -> None:
        self._measure()
        self._timer = self._loop.call_later(EVERY, self._turn)

    def _measure(self) -> None:
        cpu, wall = time.process_time(), time.monotonic()
        asleep = wall - self._wall
        self.stall = max(self.stall, cpu - self._cpu, asleep if asleep > ASLEEP else 0.0)
        self.turns += 1
        self._cpu, self._wall = cpu, wall

    def end(self) -> None:
        """Measure once more, and stop."""
        self._timer.cancel()
        self._measure()


@contextmanager
def watched() -> Generator[Watchdog]:
    """Watch the running loop for the time of the context.

    What thousands of earlier tests left behind is kept from the collector meanwhile: walking it
    holds the loop for longer than anything that is measured here.
    """
    gc.collect()
    gc.freeze()
    watchdog = Watchdog(asyncio.get_running_loop())
    try:
        yield watchdog
    finally:
        watchdog.end()
        gc.unfreeze()

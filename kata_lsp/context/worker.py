"""Owns one thread for work that would block the event loop, and the signal that stops it.

Must not know what the work is.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from kata_lsp.context.records import ContextLimits

__all__ = ["Stop", "StoppedError", "Worker"]

T = TypeVar("T")

_SOFT_SHARE = 0.8
"""Share of the time-out after which work should return what it has."""


class StoppedError(Exception):
    """The work was cancelled; nobody waits for its result."""


class Stop:
    """Tells running work that it was cancelled, or that its time is nearly up.

    Args:
        seconds: Time until `late` becomes true; the clock starts at construction.
        clock: Monotonic seconds.
    """

    __slots__ = ("_clock", "_deadline", "_event")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = Event()
        self._clock = clock
        self._deadline = clock() + seconds

    @classmethod
    def within(cls, limits: ContextLimits) -> "Stop":
        """A signal that turns late soon enough to answer before the engine's time-out."""
        return cls(limits.timeout * _SOFT_SHARE)

    def cancel(self) -> None:
        """Ask the work to end; `check` raises from now on."""
        self._event.set()

    @property
    def late(self) -> bool:
        """Whether the work should stop gathering and answer with what it has."""
        return self._clock() >= self._deadline

    def check(self) -> None:
        """Return when the work may go on.

        Raises:
            StoppedError: The work was cancelled.
        """
        if self._event.is_set():
            raise StoppedError


class Worker:
    """One lazily started thread; jobs run one at a time, in order.

    Not asyncio's default pool: there, slow work would delay everybody else's, and work that never
    ends could not be told apart. The work must call `Stop.check` in its loops.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._running: set[Stop] = set()
        self._closed = False

    async def run(self, work: Callable[[Stop], T], stop: Stop) -> T:
        """Run `work(stop)` in the thread.

        Raises:
            asyncio.CancelledError: At once when cancelled; the work is told to stop.
            StoppedError: The worker was closed meanwhile.
        """
        if self._closed:
            raise StoppedError
        self._running.add(stop)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, stop)
        except asyncio.CancelledError:
            stop.cancel()
            raise
        finally:
            self._running.discard(stop)

    async def aclose(self) -> None:
        """Stop the running work, wait until it has ended, and end the thread."""
        if self._closed:
            return
        self._closed = True
        for stop in self._running:
            stop.cancel()
        # The jobs that were told to stop are ahead of this one: when it runs, they have ended, and
        # shutdown has nothing left to wait for on the event loop.
        await asyncio.get_running_loop().run_in_executor(self._executor, _nothing)
        self._executor.shutdown(wait=True)


def _nothing() -> None:
    pass

"""Owns the guard around one adapter stream: deadlines, closing it in time, and who waits for it.

Must not know providers, retries or what the events mean beyond whether they are content.
"""

from __future__ import annotations

import asyncio
import logging
import math
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Deadlines
from kata_lsp.providers.messages import AdapterEvent

_log = logging.getLogger(__name__)

GRACE: Final = 0.5
"""Seconds an adapter has to close its connection once it is told to."""
LINGER: Final = 0.4
"""Seconds an adapter has to finish by itself after its last event, so the connection is reused."""
_MOST_BUFFERED: Final = 512
_PROBLEMS: Final = {
    "first": "no answer began within {0.first_token:g} s (deadlines.firstToken)",
    "idle": "the answer stopped for {0.idle:g} s (deadlines.idle)",
    "total": "no finished answer within {0.total:g} s (deadlines.total)",
}


class Strays:
    """Owns tasks of adapters that did not stop when told to, until they do."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def adopt(self, task: asyncio.Task[None]) -> None:
        """Keep the task until it ends; how it ends does not matter any more."""
        self._tasks.add(task)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def aclose(self) -> None:
        """Tell every stray once more, and wait a moment for them."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=GRACE)


class Feed:
    """What an adapter's events are put into, on the adapter's own task."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: list[AdapterEvent] = []
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._due = math.inf
        self._timer: asyncio.Handle | None = None
        self.ready_at: float | None = None
        self.drop: Callable[[], None] | None = None
        """Set by whoever opened a stream that can be dropped, see `Droppable`."""

    def ready(self) -> None:
        """Say that the request goes out now: the first-token deadline begins."""
        self.ready_at = self._loop.time()
        self.wake()

    async def put(self, event: AdapterEvent) -> None:
        """Add an event; waits while the reader is far behind."""
        self._items.append(event)
        self.wake()
        if len(self._items) >= _MOST_BUFFERED:
            self._room = self._loop.create_future()
            await self._room

    def take(self) -> Sequence[AdapterEvent]:
        """Return what has arrived since the last time."""
        items, self._items = self._items, []
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        return items

    def wake(self) -> None:
        """Let `wait` return."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, until: float) -> None:
        """Wait for the next change, at most until that loop time; it may also return early."""
        self._waiter = self._loop.create_future()
        # One timer serves many waits: to set one per token would cost more than the token does.
        if until < self._due:
            self.close()
            self._timer, self._due = self._loop.call_at(until, self._ring), until
        await self._waiter

    def _ring(self) -> None:
        self._due = math.inf
        self.wake()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()


class Guard:
    """Runs one adapter stream on a task of its own, so that no adapter can outstay a deadline.

    Args:
        relay: Opens the stream and puts its events into the feed.
        deadlines: The phases' limits, in seconds.
        total_at: Loop time at which the whole call ends.
        strays: Takes the task over when it does not stop.
    """

    def __init__(
        self,
        relay: Callable[[Feed], Awaitable[None]],
        deadlines: Deadlines,
        total_at: float,
        strays: Strays,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadlines = deadlines
        self._total_at = total_at
        self._strays = strays
        self._feed = Feed()
        self._content_at: float | None = None
        self._task = self._loop.create_task(_run(relay, self._feed))
        self._task.add_done_callback(lambda _: self._feed.wake())

    async def batch(self, *, after_content: bool) -> Sequence[AdapterEvent]:
        """Return the next events in order, none when the stream has ended.

        `after_content` says that the batch before held content: the idle clock starts anew. A
        slow reader is not the provider's fault, so it starts when the reader asks for more.

        Raises:
            KataError: `timeout`, or whatever the adapter raised.
        """
        if after_content:
            self._content_at = self._loop.time()
        while True:
            if items := self._feed.take():
                return items
            if self._task.done():
                _reraise(self._task)
                return ()
            until, phase = self._limit()
            if self._loop.time() >= until:
                raise KataError(ErrorCode.TIMEOUT, _PROBLEMS[phase].format(self._deadlines))
            await self._feed.wait(until)

    def _limit(self) -> tuple[float, str]:
        if self._content_at is not None:
            until, phase = self._content_at + self._deadlines.idle, "idle"
        elif self._feed.ready_at is not None:
            until, phase = self._feed.ready_at + self._deadlines.first_token, "first"
        else:
            return self._total_at, "total"
        return (until, phase) if until < self._total_at else (self._total_at, "total")

    async def close(self, *, linger: float = 0.0) -> None:
        """End the stream: the connection is closed when this returns, or soon after.

        `linger` is how many seconds it may end by itself first.
        """
        if not linger and self._feed.drop is not None:
            # Many calls are often given up together: every socket is closed before the first
            # of their tasks is unwound.
            self._feed.drop()
        try:
            await self._ended(within=linger)
            self._task.cancel()
            await self._ended(within=GRACE)
        finally:
            # Also when we are cancelled here ourselves: the task is never without an owner.
            self._task.cancel()
            self._feed.close()
            self._strays.adopt(self._task)

    async def _ended(self, *, within: float) -> None:
        until = self._loop.time() + within
        while not self._task.done() and self._loop.time() < until:
            await self._feed.wait(until)


async def _run(relay: Callable[[Feed], Awaitable[None]], feed: Feed) -> None:
    await relay(feed)


def _reraise(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        # Nobody cancelled us: the adapter gave up by itself, which is the provider's failure.
        raise KataError(ErrorCode.STREAM_INTERRUPTED, "the connection was given up midway")
    error = task.exception()
    if error is None:
        return
    if isinstance(error, KataError):
        raise error
    # Where it happened, but not its text: that may quote what was sent.
    places = traceback.extract_tb(error.__traceback__)
    place = f"{places[-1].filename}:{places[-1].lineno}" if places else "an unknown place"
    _log.error("an adapter raised %s at %s", type(error).__name__, place)
    raise KataError(
        ErrorCode.UNEXPECTED_ERROR, f"the provider's adapter failed ({type(error).__name__})"
    ) from error

"""The guard: no adapter outstays a deadline, whatever it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Deadlines
from kata_lsp.providers.deadlines import Feed, Guard, Strays
from kata_lsp.providers.messages import StreamStart, TextDelta

SHORT = Deadlines(connect=1, first_token=0.05, idle=0.05, total=5)
LONG = Deadlines(connect=10, first_token=30, idle=30, total=30)
Relay = Callable[[Feed], Awaitable[None]]


async def forever() -> None:
    """Wait for good."""
    await asyncio.Event().wait()


def guard(relay: Relay, deadlines: Deadlines = LONG, strays: Strays | None = None) -> Guard:
    """A guard around that relay."""
    total_at = asyncio.get_running_loop().time() + deadlines.total
    return Guard(relay, deadlines, total_at, strays or Strays())


async def failure(guarded: Guard) -> KataError:
    """How the guarded stream fails."""
    with pytest.raises(KataError) as caught:
        await guarded.batch(after_content=False)
    await guarded.close()
    return caught.value


async def test_events_come_in_order_and_before_the_failure():
    """What arrived is delivered first, then the error is raised."""
    texts = [TextDelta(str(number)) for number in range(5)]

    async def relay(feed: Feed) -> None:
        feed.ready()
        for text in texts:
            await feed.put(text)
        raise KataError(ErrorCode.STREAM_INTERRUPTED, "cut")

    guarded = guard(relay)
    assert list(await guarded.batch(after_content=False)) == texts
    assert (await failure(guarded)).message == "cut"


async def test_a_fast_adapter_waits_for_a_slow_reader():
    """Memory is bounded: the adapter is held when the reader is far behind."""
    sent = 0

    async def relay(feed: Feed) -> None:
        nonlocal sent
        for _ in range(5000):
            await feed.put(TextDelta("x"))
            sent += 1

    guarded = guard(relay)
    first = await guarded.batch(after_content=False)
    assert len(first) <= sent + 1 <= 1024
    got = len(first)
    while batch := await guarded.batch(after_content=True):
        got += len(batch)
    assert got == 5000


@pytest.mark.parametrize(
    ("before", "setting"),
    [((), "deadlines.firstToken"), ((StreamStart("m"),), "deadlines.firstToken")],
)
async def test_no_first_content_ends_in_a_timeout(before, setting):
    """A start event is not content."""

    async def relay(feed: Feed) -> None:
        feed.ready()
        for event in before:
            await feed.put(event)
        await forever()

    guarded = guard(relay, SHORT)
    if before:
        await guarded.batch(after_content=False)
    error = await failure(guarded)
    assert error.code is ErrorCode.TIMEOUT
    assert setting in error.message


async def test_silence_after_content_ends_in_a_timeout():
    """The idle clock starts anew after each batch with content."""

    async def relay(feed: Feed) -> None:
        feed.ready()
        await feed.put(TextDelta("x"))
        await forever()

    guarded = guard(relay, SHORT)
    await guarded.batch(after_content=False)
    with pytest.raises(KataError, match=r"deadlines\.idle"):
        await guarded.batch(after_content=True)
    await guarded.close()


async def test_connecting_counts_against_the_total_only():
    """Loading an SDK may take longer than a first token may."""
    limits = Deadlines(connect=1, first_token=0.01, idle=0.01, total=0.1)
    error = await failure(guard(lambda _: forever(), limits))
    assert error.code is ErrorCode.TIMEOUT
    assert "deadlines.total" in error.message


async def test_an_adapter_that_ignores_being_told_to_stop_is_left_behind():
    """The call ends; its task stays owned until it ends itself."""
    strays = Strays()
    told = asyncio.Event()
    released = asyncio.Event()

    async def relay(feed: Feed) -> None:
        feed.ready()
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                told.set()

    async with asyncio.timeout(10):
        error = await failure(guard(relay, SHORT, strays))
    assert error.code is ErrorCode.TIMEOUT
    assert told.is_set()
    released.set()
    await strays.aclose()


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KataError(ErrorCode.RATE_LIMITED, "slow down"), ErrorCode.RATE_LIMITED),
        (RuntimeError("sk-canary"), ErrorCode.UNEXPECTED_ERROR),
        (asyncio.CancelledError(), ErrorCode.STREAM_INTERRUPTED),
        (TimeoutError(), ErrorCode.UNEXPECTED_ERROR),
    ],
)
async def test_whatever_an_adapter_raises_leaves_as_a_typed_error(raised, code, caplog):
    """Its text does not: it may quote what was sent."""

    async def relay(_: Feed) -> None:
        raise raised

    error = await failure(guard(relay))
    assert error.code is code
    assert "canary" not in error.message + caplog.text


async def test_closing_ends_an_adapter_that_is_waiting():
    """Its clean-up has run when the guard is closed."""
    cleaned: list[bool] = []

    async def relay(feed: Feed) -> None:
        feed.ready()
        try:
            await forever()
        finally:
            cleaned.append(True)

    guarded = guard(relay)
    await asyncio.sleep(0)
    await guarded.close()
    assert cleaned == [True]


async def test_an_adapter_may_finish_by_itself_first():
    """With time to linger it reads the rest, so that its connection can be used again."""
    ended: list[str] = []

    async def relay(feed: Feed) -> None:
        await feed.put(TextDelta("x"))
        try:
            await asyncio.sleep(0.01)
            ended.append("by itself")
        except asyncio.CancelledError:
            ended.append("told to")
            raise

    guarded = guard(relay)
    await guarded.batch(after_content=False)
    await guarded.close(linger=10)
    assert ended == ["by itself"]


@pytest.mark.parametrize(("linger", "dropped"), [(0.0, 1), (30.0, 0)])
async def test_a_stream_that_is_left_early_is_dropped_before_its_task_ends(linger, dropped):
    """The hang-up comes first; a stream that may end by itself keeps its connection."""
    drops: list[bool] = []
    ended = asyncio.Event()

    async def relay(feed: Feed) -> None:
        feed.drop = lambda: drops.append(ended.is_set())
        feed.ready()
        await feed.put(TextDelta("hello"))
        try:
            if dropped:
                await forever()
        finally:
            ended.set()

    guarded = guard(relay)
    await guarded.batch(after_content=False)
    await guarded.close(linger=linger)
    assert drops == [False] * dropped
    assert ended.is_set()

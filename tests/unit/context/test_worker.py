"""Owns the worker thread: order, cancellation, closing."""

import asyncio
import threading

import pytest

from kata_lsp.context.records import ContextLimits
from kata_lsp.context.worker import Stop, StoppedError, Worker


def until_stopped(started: threading.Event, ended: threading.Event):
    def work(stop: Stop) -> None:
        started.set()
        try:
            while True:
                stop.check()
        finally:
            ended.set()

    return work


async def wait_for(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 30)


async def test_one_thread_that_is_not_the_loop_s() -> None:
    """All jobs run in the same thread, which is neither the loop's nor asyncio's pool."""
    worker = Worker("kata-test")
    names = [
        await worker.run(lambda _stop: threading.current_thread().name, Stop(30)) for _ in range(3)
    ]
    assert len(set(names)) == 1
    assert names[0].startswith("kata-test")
    await worker.aclose()


async def test_results_and_errors_come_back() -> None:
    """What the work returns or raises reaches the caller."""
    worker = Worker("kata-test")
    assert await worker.run(lambda _stop: 42, Stop(30)) == 42
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda _stop: 1 // 0, Stop(30))
    await worker.aclose()


async def test_cancel_returns_at_once_and_stops_the_work() -> None:
    """The caller is free at once; the work sees it at its next check; the thread goes on."""
    worker, started, ended = Worker("kata-test"), threading.Event(), threading.Event()
    task = asyncio.create_task(worker.run(until_stopped(started, ended), Stop(30)))
    await wait_for(started)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_for(ended)
    assert await worker.run(lambda _stop: "next", Stop(30)) == "next"
    await worker.aclose()


async def test_close_stops_work_and_ends_the_thread() -> None:
    """Closing ends a running job and the thread; later jobs are refused; closing twice is fine."""
    worker, started, ended = Worker("kata-closing"), threading.Event(), threading.Event()
    task = asyncio.create_task(worker.run(until_stopped(started, ended), Stop(30)))
    await wait_for(started)
    await worker.aclose()
    await worker.aclose()
    assert ended.is_set()
    with pytest.raises(StoppedError):
        await task
    with pytest.raises(StoppedError):
        await worker.run(lambda _stop: None, Stop(30))
    assert not [t for t in threading.enumerate() if t.name.startswith("kata-closing")]


async def test_no_thread_before_the_first_job() -> None:
    """Making a worker starts nothing."""
    worker = Worker("kata-lazy")
    assert not [t for t in threading.enumerate() if t.name.startswith("kata-lazy")]
    await worker.aclose()


def test_late_follows_the_clock() -> None:
    """Work turns late after its share of the time-out, by the given clock."""
    now = [100.0]
    stop = Stop(5, lambda: now[0])
    assert not stop.late
    now[0] = 105.0
    assert stop.late
    assert Stop.within(ContextLimits(timeout=0)).late

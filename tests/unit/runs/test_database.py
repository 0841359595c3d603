"""The store's threads and connections: groups of writes, endings, first openings that collide."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kata_lsp.runs.connection import _use_write_ahead_log, explained
from kata_lsp.runs.database import DatabaseThread, serve_each, serve_grouped
from kata_lsp.runs.store import StoreError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "numbers.sqlite3"


@pytest.fixture
async def writer(file: Path) -> AsyncIterator[DatabaseThread]:
    connect = partial(sqlite3.connect, file, isolation_level=None)
    writer = DatabaseThread("writer", file, connect, serve_grouped)
    await writer.start()
    await writer.run(lambda connection: connection.execute("CREATE TABLE t (n INTEGER)"))
    yield writer
    await writer.stop()


def insert(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("INSERT INTO t VALUES (?)", (number,))


def insert_and_fail(connection: sqlite3.Connection, number: int) -> None:
    insert(connection, number)
    raise LookupError(number)


def give_up(connection: sqlite3.Connection) -> None:
    """Lose the whole transaction, as SQLite may do on a full disk."""
    connection.execute("ROLLBACK")
    connection.execute("SELECT * FROM nowhere")


async def numbers(writer: DatabaseThread) -> list[int]:
    return await writer.run(
        lambda connection: [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]
    )


async def in_one_group(writer: DatabaseThread, *jobs: Any) -> list[BaseException | None]:
    """Run the jobs in one group: they gather while the thread is busy with another."""
    loop, is_busy, is_free = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def keep_busy(_: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(is_busy.set)
        is_free.wait(30)

    busy = asyncio.create_task(writer.run(keep_busy))
    await asyncio.wait_for(is_busy.wait(), 30)
    waiting = [asyncio.create_task(writer.run(job)) for job in jobs]
    await asyncio.sleep(0)
    is_free.set()
    await busy
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_failed_write_leaves_no_trace(writer: DatabaseThread) -> None:
    """What a job wrote before it failed is undone; its neighbours in the group are kept."""
    answers = await in_one_group(
        writer, partial(insert, number=1), partial(insert_and_fail, number=2),
        partial(insert, number=3),
    )  # fmt: skip
    assert [type(answer) for answer in answers] == [type(None), LookupError, type(None)]
    assert await numbers(writer) == [1, 3]


async def test_a_lost_transaction_is_told_to_all(writer: DatabaseThread) -> None:
    """When the whole group is lost every caller learns it, also one whose job had gone well."""
    answers = await in_one_group(writer, partial(insert, number=1), give_up)
    assert [type(answer) for answer in answers] == [StoreError, StoreError]
    assert all(answer and "nowhere" in str(answer.__cause__) for answer in answers)
    assert await numbers(writer) == []
    await writer.run(partial(insert, number=2))
    assert await numbers(writer) == [2]


async def test_jobs_that_wait_are_done_before_the_end(writer: DatabaseThread) -> None:
    """Stopping finishes what was asked for, and refuses what comes later."""
    waiting = [asyncio.create_task(writer.run(partial(insert, number=n))) for n in range(600)]
    last = asyncio.create_task(numbers(writer))
    await asyncio.sleep(0)
    await writer.stop()
    assert await last == list(range(600))
    assert await asyncio.gather(*waiting) == [None] * 600
    with pytest.raises(StoreError, match="not open"):
        await writer.run(partial(insert, number=1))
    await writer.stop()


async def test_a_thread_that_cannot_connect_ends(file: Path) -> None:
    """A failed start says why and leaves no thread behind."""
    thread = DatabaseThread(
        "reader", file, partial(sqlite3.connect, file / "no" / "where"), serve_each
    )
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        await thread.start()
    assert str(file) in caught.value.message
    assert "reader" not in {each.name for each in threading.enumerate()}


def test_an_event_loop_that_is_gone(file: Path) -> None:
    """A write whose event loop closed meanwhile is stored; nobody is there to be told."""
    connect = partial(sqlite3.connect, file, isolation_level=None)
    writer = DatabaseThread("writer", file, connect, serve_grouped)
    is_free = threading.Event()

    async def ask_and_leave() -> None:
        await writer.start()
        await writer.run(lambda connection: connection.execute("CREATE TABLE t (n INTEGER)"))
        jobs = (lambda _: is_free.wait(30), partial(insert, number=1))
        waiting = [asyncio.create_task(writer.run(job)) for job in jobs]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()

    async def come_back() -> list[int]:
        try:
            return await numbers(writer)
        finally:
            await writer.stop()

    asyncio.run(ask_and_leave())
    is_free.set()
    assert asyncio.run(come_back()) == [1]


def test_first_openings_that_collide(file: Path) -> None:
    """The switch to the write-ahead log is tried again when another server is about to do it."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (n INTEGER)")
        other.execute("BEGIN IMMEDIATE")

        class Watched(sqlite3.Connection):
            def execute(self, *arguments: Any) -> sqlite3.Cursor:
                try:
                    return super().execute(*arguments)
                except sqlite3.OperationalError:
                    other.execute("COMMIT")
                    raise

        with contextlib.closing(sqlite3.connect(file, factory=Watched)) as connection:
            _use_write_ahead_log(connection, 5.0)
            assert not other.in_transaction
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (sqlite3.ProgrammingError("odd"), "failed unexpectedly"),
    ],
)
def test_failures_are_explained(file: Path, error: Exception, says: str) -> None:
    """Each failure of the storage names the file, says what to do, and keeps its cause."""
    told = explained(error, file)
    assert isinstance(told, StoreError)
    assert says in told.message
    assert str(file) in told.message
    assert told.remediation
    assert told.__cause__ is error


def test_other_errors_stay_as_they_are(file: Path) -> None:
    """What is not the storage's failure is not dressed up as one."""
    error = LookupError("r1")
    assert explained(error, file) is error

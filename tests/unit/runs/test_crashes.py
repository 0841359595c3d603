"""Servers that die or share the store: real processes, real SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path

import fakes.store_process
import pytest

from kata_lsp.runs.record import RunStatus
from kata_lsp.runs.sqlite import SqliteRunStore
from kata_lsp.runs.store import RunFilter

NOW = 4e9
SCRIPT = fakes.store_process.__file__

Start = Callable[[str, str], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite3"


@pytest.fixture
async def start(file: Path) -> AsyncIterator[Start]:
    """Starts a process that owns one running run, named like the run, and says it is ready."""
    processes: list[asyncio.subprocess.Process] = []

    async def start(run_id: str, mode: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, file, f"owner-of-{run_id}", run_id, mode,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
        assert await next_line(process) == "ready"
        return process

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def next_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await asyncio.wait_for(process.wait(), 30)


@contextlib.asynccontextmanager
async def opened(file: Path, name: str = "reader") -> AsyncGenerator[SqliteRunStore]:
    numbers = itertools.count()
    store = SqliteRunStore(file, lambda: NOW, lambda: f"{name}-{next(numbers)}")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def statuses(store: SqliteRunStore) -> dict[str, RunStatus]:
    return {run.id: run.status for run in await store.list(RunFilter())}


async def test_only_the_dead_are_interrupted(file: Path, start: Start) -> None:
    """Opening marks the runs of a killed server interrupted and leaves a live one's alone."""
    dead = await start("of-dead", "wait")
    await start("of-live", "wait")
    await killed(dead)
    async with opened(file) as store:
        assert await statuses(store) == {
            "of-dead": RunStatus.INTERRUPTED,
            "of-live": RunStatus.RUNNING,
        }
        record = await store.get("of-dead")
        assert record is not None
        assert [entry.status for entry in record.timeline] == ["queued", "running", "interrupted"]


async def test_a_death_is_noticed_on_request(file: Path, start: Start) -> None:
    """A server that is already running finds the runs of one that dies later, once."""
    process = await start("r1", "wait")
    async with opened(file) as store:
        assert list(await store.interrupt_orphans()) == []
        await killed(process)
        assert list(await store.interrupt_orphans()) == ["r1"]
        assert list(await store.interrupt_orphans()) == []
        assert await statuses(store) == {"r1": RunStatus.INTERRUPTED}
    assert not list(file.with_name("runs.sqlite3.owners").iterdir())


async def test_kill_in_the_middle_of_writes(file: Path, start: Start) -> None:
    """What a killed server was told is stored is stored, and the database is whole."""
    process = await start("r1", "write")
    confirmed = 0
    while confirmed < 500:
        confirmed = int(await next_line(process))
    await killed(process)
    assert process.stdout is not None
    rest = (await process.stdout.read()).split(b"\n")[:-1]
    confirmed = int(rest[-1]) if rest else confirmed
    async with opened(file) as store:
        text = await store.output("r1", "text")
        assert len(text) >= confirmed
        assert text == "0123456789" * (len(text) // 10)
        assert await statuses(store) == {"r1": RunStatus.INTERRUPTED}
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_two_servers_write_at_once(file: Path, start: Start) -> None:
    """Two processes that write without pause both get on, and neither sees an error."""
    first, second = await asyncio.gather(start("r1", "write"), start("r2", "write"))
    for _ in range(50):
        await next_line(first)
        await next_line(second)
    assert (first.returncode, second.returncode) == (None, None)
    async with opened(file) as store:
        assert set((await statuses(store)).values()) == {RunStatus.RUNNING}


async def test_first_openings_at_once(file: Path, start: Start) -> None:
    """Processes that create the store at the same moment all succeed."""
    names = [f"r{n}" for n in range(4)]
    await asyncio.gather(*(start(name, "wait") for name in names))
    async with opened(file) as store:
        assert await statuses(store) == dict.fromkeys(names, RunStatus.RUNNING)

"""The SQLite store beyond the contract: ownership, privacy, groups of writes, failures."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sqlite3
import stat
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from kata_lsp.runs.lifecycle import moved, queued
from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus
from kata_lsp.runs.sqlite import SqliteRunStore, default_path
from kata_lsp.runs.store import RunFilter, StaleOwnerError, StoreError

NOW = 100.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "runs.sqlite3"


@contextlib.asynccontextmanager
async def opened(
    file: Path | None, name: str = "one", busy_seconds: float = 5.0
) -> AsyncGenerator[SqliteRunStore]:
    numbers = itertools.count()
    store = SqliteRunStore(
        file, lambda: NOW, lambda: f"{name}-{next(numbers)}", busy_seconds=busy_seconds
    )
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def new(run_id: str = "r1") -> RunRecord:
    return queued(run_id, RunRequest("prompt", "/w", ".kata/spec.md"), now=1.0)


def changed(file: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def create(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)


def contents(file: Path) -> bytes:
    return file.read_bytes()


def move_away(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_nobody_else_can_read_it(file: Path) -> None:
    """Folder, database, its side files and the lock are the user's alone."""
    async with opened(file) as store:
        await store.save(new())
        assert mode(file.parent) == 0o700
        found = [path for path in file.parent.rglob("*") if path.is_file()]
        assert len(found) == 4
        assert {mode(path) for path in found} == {0o600}


async def test_the_users_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path the store is in the state directory, which is closed to others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "kata-lsp").mkdir(mode=0o755)
    async with opened(None) as store:
        assert store.path == default_path() == tmp_path / "kata-lsp" / "runs.sqlite3"
        assert mode(store.path.parent) == 0o700


async def test_another_servers_run_is_refused(file: Path) -> None:
    """A live server's run takes no write of another one, neither record nor output."""
    async with opened(file, "one") as one, opened(file, "two") as two:
        record = await one.save(new())
        with pytest.raises(StaleOwnerError, match="r1"):
            await two.save(moved(record, RunStatus.CANCELLED, now=2.0))
        with pytest.raises(StaleOwnerError, match="r1"):
            await two.append_output("r1", "text", 0, "x")
        assert await one.get("r1") == record


async def test_a_terminal_run_may_be_changed_from_its_newest_version(file: Path) -> None:
    """Another server may note facts on an ended run, but not over a version it has not seen."""
    async with opened(file, "one") as one, opened(file, "two") as two:
        ended = await one.save(moved(new(), RunStatus.CANCELLED, now=2.0))
        noted = await two.save(replace(ended, cost_note="by two"))
        with pytest.raises(StaleOwnerError, match="read it again"):
            await one.save(replace(ended, cost_note="by one"))
        assert (await one.save(replace(noted, cost_note="by one"))).seq == 3


async def test_a_server_declared_dead_is_fenced(file: Path) -> None:
    """Once another server took its runs over, a server cannot write, not even new runs."""
    async with opened(file, "one") as one:
        record = await one.save(moved(new(), RunStatus.RUNNING, now=2.0))
        (file.parent / "runs.sqlite3.owners" / "one-0.lock").unlink()
        async with opened(file, "two") as two:
            interrupted = await two.get("r1")
            assert interrupted is not None
            assert interrupted.status is RunStatus.INTERRUPTED
            for late in (moved(record, RunStatus.COMPLETED, now=3.0), new("r2")):
                with pytest.raises(StaleOwnerError):
                    await one.save(late)
            with pytest.raises(StaleOwnerError):
                await one.append_output("r1", "text", 0, "x")
            assert await two.get("r1") == interrupted


async def test_many_small_appends(file: Path) -> None:
    """Appends of many runs at once are grouped, each answered, all stored."""
    async with opened(file) as store:
        names = [f"r{n}" for n in range(20)]

        async def stream(name: str) -> None:
            await store.save(new(name))
            for position in range(100):
                await store.append_output(name, "text", position, "x")

        await asyncio.wait_for(asyncio.gather(*map(stream, names)), 30)
        for name in names:
            assert await store.output(name, "text") == "x" * 100


async def test_one_bad_write_in_a_group(file: Path) -> None:
    """A write that is refused takes none of its neighbours with it."""
    async with opened(file) as store:
        await store.save(new())
        results = await asyncio.gather(
            store.append_output("r1", "text", 0, "good"),
            store.append_output("r1", "text", 7, "bad"),
            store.append_output("r1", "text", 4, " too"),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), ValueError, type(None)]
        assert await store.output("r1", "text") == "good too"


async def test_close_flushes(file: Path) -> None:
    """Writes that wait when the store is closed are stored and answered."""
    async with opened(file) as store:
        writes = [asyncio.create_task(store.save(new(f"r{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        await store.close()
        assert {record.seq for record in await asyncio.gather(*writes)} == {1}
    async with opened(file, "two") as store:
        assert len(await store.list(RunFilter())) == 20


async def test_the_event_table_is_append_only(file: Path) -> None:
    """The database itself refuses to change or drop a stored event."""
    async with opened(file) as store:
        await store.save(new())
    for statement in ("UPDATE event SET at = 0", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            changed(file, statement)


async def test_fields_of_a_newer_version_are_kept(file: Path) -> None:
    """A record keeps what only a newer version knows when this version changes it."""
    async with opened(file) as store:
        record = await store.save(new())
        changed(file, "UPDATE run SET record = json_set(record, '$.novelty', 'x')")
        await store.save(record)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        (text,) = connection.execute("SELECT record FROM run").fetchone()
    assert json.loads(text)["novelty"] == "x"


async def test_an_unreadable_record_hides_no_other(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A record in an unknown form is named in the log; the others are still listed."""
    async with opened(file) as store:
        await store.save(new("r1"))
        await store.save(new("r2"))
        changed(file, "UPDATE run SET record = json_set(record, '$.status', 'odd') WHERE id = 'r1'")
        assert [run.id for run in await store.list(RunFilter())] == ["r2"]
        assert "r1" in caplog.text
        with pytest.raises(StoreError, match=r"'r1'.*record\.status"):
            await store.get("r1")
        with pytest.raises(StoreError, match="'r1'"):
            await store.save(new("r1"))


async def test_a_newer_schema_is_refused(file: Path) -> None:
    """A file of a newer version is left as it is, with its name and what to do."""
    async with opened(file):
        pass
    changed(file, "PRAGMA user_version = 99")
    before = contents(file)
    with pytest.raises(StoreError, match="schema 99") as caught:
        async with opened(file):
            pass
    assert str(file) in caught.value.message
    assert "Upgrade" in caught.value.remediation
    assert contents(file) == before


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\7" * 4096])
async def test_a_damaged_file_is_named(file: Path, content: bytes) -> None:
    """A file that is no database is refused by name with a remedy, and is not touched."""
    create(file, content)
    with pytest.raises(StoreError) as caught:
        async with opened(file):
            pass
    assert str(file) in caught.value.message
    assert "Move the file away" in caught.value.remediation
    assert contents(file) == content


async def test_a_full_disk_fails_the_write_only(file: Path) -> None:
    """When the file cannot grow the write fails with a remedy; what was stored stays readable."""
    async with opened(file) as store:
        saved = await store.save(new())
        assert store._opened is not None
        await store._opened.writer.run(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
        with pytest.raises(StoreError, match="disk is full") as caught:
            await store.append_output("r1", "text", 0, "x" * 1_000_000)
        assert str(file) in caught.value.message
        assert await store.get("r1") == saved
        assert await store.output("r1", "text") == ""
        await store._opened.writer.run(
            lambda c: c.execute("PRAGMA max_page_count = 9999").fetchone()
        )
        await store.append_output("r1", "text", 0, "x")


async def test_a_deleted_file_is_noticed(file: Path) -> None:
    """Writes into a file that was moved away fail instead of getting lost."""
    store = SqliteRunStore(file, lambda: NOW, lambda: "one")
    await store.open()
    move_away(file)
    with pytest.raises(StoreError, match="moved or deleted"):
        await store.save(new())
    await store.close()


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A path below a file is refused by name and leaves no thread behind."""
    (tmp_path / "state").write_text("")
    file = tmp_path / "state" / "runs.sqlite3"
    with pytest.raises(StoreError, match="cannot be used") as caught:
        async with opened(file):
            pass
    assert str(file) in caught.value.message


async def test_a_held_database_is_reported(file: Path) -> None:
    """A transaction that another program keeps open ends in a retryable error, not in a hang."""
    async with opened(file, busy_seconds=0.1) as store:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="held by another process") as caught:
                await store.save(new())
            assert caught.value.retryable
            assert await store.get("r1") is None
        assert (await store.save(new())).seq == 1

"""Owns the durable run store: one SQLite file per user, shared by every server of that user.

Must not know how runs are carried out. Each server owns a locked file and an epoch; runs of a
server whose lock is free are dead and get interrupted, and every write is fenced by the epoch.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import platformdirs

from kata_lsp.runs import locks, tables
from kata_lsp.runs.connection import connect_reader, connect_writer, create_file
from kata_lsp.runs.database import DatabaseThread, serve_each, serve_grouped
from kata_lsp.runs.record import Attempt, RunRecord
from kata_lsp.runs.store import (
    OutputKind,
    RunEvent,
    RunFilter,
    Spending,
    SpendingFilter,
    StoreError,
)

T = TypeVar("T")


def default_path() -> Path:
    """Return the user's own store, in the platform's state directory."""
    return platformdirs.user_state_path("kata-lsp", appauthor=False) / "runs.sqlite3"


@dataclass(frozen=True, slots=True)
class _Opened:
    writer: DatabaseThread
    reader: DatabaseThread
    epoch: int
    lock: locks.HeldLock
    identity: tuple[int, int] | None


class SqliteRunStore:
    """A `RunStore` in one SQLite file; see there for what every method promises.

    Args:
        path: The file, None for the user's own. Its folder is created (0700) when missing.
        clock: The time, in epoch seconds.
        ids: Gives a new unique id, used to name the lock file.
        busy_seconds: How long to wait for another server's transaction, which takes milliseconds.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], float],
        ids: Callable[[], str],
        *,
        busy_seconds: float = 5.0,
    ) -> None:
        self._own_folder = path is None
        self._path = default_path() if path is None else path
        self._locks = self._path.with_name(f"{self._path.name}.owners")
        self._clock = clock
        self._ids = ids
        self._busy_seconds = busy_seconds
        self._opened: _Opened | None = None

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    async def open(self) -> None:
        """Open or create the file, migrate it, and mark dead owners' runs `interrupted`.

        Raises:
            StoreError: The file cannot be used; names it and what to do.
        """
        if self._opened is not None:
            return
        writer = DatabaseThread("kata-store-writer", self._path, self._connect, serve_grouped)
        reader = DatabaseThread(
            "kata-store-reader",
            self._path,
            partial(connect_reader, self._path, self._busy_seconds),
            serve_each,
        )
        lock: locks.HeldLock | None = None
        await writer.start()
        try:
            identity = await writer.run(lambda _: _identity(self._path))
            lock = await writer.run(lambda _: self._create_lock())
            epoch = await writer.run(partial(self._enter, lock=lock))
            await reader.start()
        except BaseException:
            await writer.stop()
            if lock is not None:
                lock.release()
            raise
        self._opened = _Opened(writer, reader, epoch, lock, identity)

    async def save(self, record: RunRecord) -> RunRecord:
        """Store the next version of a run."""
        return await self._write(lambda connection, epoch: tables.save(connection, record, epoch))

    async def append_output(self, run_id: str, kind: OutputKind, offset: int, delta: str) -> None:
        """Store a piece of streamed output."""
        piece = tables.Piece(run_id, kind, offset, delta)
        await self._write(lambda connection, epoch: tables.append_output(connection, piece, epoch))

    async def output(self, run_id: str, kind: OutputKind) -> str:
        """Return the streamed output stored so far."""
        return await self._read(lambda connection: tables.output(connection, run_id, kind))

    async def get(self, run_id: str) -> RunRecord | None:
        """Return the run, or None."""
        return await self._read(lambda connection: tables.get(connection, run_id))

    async def list(self, query: RunFilter) -> Sequence[RunRecord]:
        """Return the matching runs, newest first."""
        return await self._read(lambda connection: tables.list_runs(connection, query))

    async def history(self, run_id: str) -> Sequence[RunEvent]:
        """Return every stored change of the run, oldest first."""
        return await self._read(lambda connection: tables.history(connection, run_id))

    async def note_attempt(self, attempt: Attempt, root: str) -> None:
        """Store a request that belongs to no run."""
        await self._write(lambda connection, _: tables.note_attempt(connection, attempt, root))

    async def spent(self, query: SpendingFilter) -> Spending:
        """Return what the matching requests have used."""
        return await self._read(lambda connection: tables.spent(connection, query))

    async def interrupt_orphans(self) -> Sequence[str]:
        """Mark the unfinished runs of dead owners `interrupted`; return their ids."""
        return await self._write(self._interrupt_dead)

    async def close(self) -> None:
        """Finish the writes that wait, interrupt own unfinished runs, release file and lock.

        Raises:
            StoreError: The last writes failed; everything is released all the same, and the next
                server to open the file interrupts the runs.
        """
        opened, self._opened = self._opened, None
        if opened is None:
            return
        async with contextlib.AsyncExitStack() as last:
            last.callback(opened.lock.release)
            last.push_async_callback(opened.writer.stop)
            last.push_async_callback(opened.reader.stop)
            await opened.writer.run(
                lambda connection: tables.end_owner(connection, opened.epoch, self._clock())
            )

    def _require_open(self) -> _Opened:
        if self._opened is None:
            raise StoreError(
                f"the run store {str(self._path)!r} is not open", "Restart the server."
            )
        return self._opened

    async def _write(self, job: Callable[[sqlite3.Connection, int], T]) -> T:
        opened = self._require_open()

        def checked(connection: sqlite3.Connection) -> T:
            # SQLite happily goes on writing to a deleted file; nothing of that would be kept.
            if _identity(self._path) != opened.identity:
                raise StoreError(
                    f"the run store {str(self._path)!r} was moved or deleted while in use",
                    "Put it back if you can, and restart the server.",
                )
            return job(connection, opened.epoch)

        return await opened.writer.run(checked)

    async def _read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await self._require_open().reader.run(job)

    def _connect(self) -> sqlite3.Connection:
        create_file(self._path, own_folder=self._own_folder)
        return connect_writer(self._path, self._busy_seconds)

    def _create_lock(self) -> locks.HeldLock:
        self._locks.mkdir(mode=0o700, exist_ok=True)
        return locks.create(self._locks / f"{self._ids()}.lock")

    def _enter(self, connection: sqlite3.Connection, lock: locks.HeldLock) -> int:
        epoch = tables.add_owner(connection, lock.path.name, os.getpid(), self._clock())
        self._interrupt_dead(connection, epoch)
        return epoch

    def _interrupt_dead(self, connection: sqlite3.Connection, own: int) -> Sequence[str]:
        ended: list[str] = []
        for epoch, lock_file in tables.open_owners(connection, but=own):
            try:
                lock = locks.take_over(self._locks / lock_file)
            except FileNotFoundError:
                lock = None  # released, or removed by hand: either way nobody holds it
            else:
                if lock is None:
                    continue
            ended.extend(tables.end_owner(connection, epoch, self._clock()))
            if lock is not None:
                lock.release()
        return ended


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

"""Owns the threads that talk to SQLite: one writes in groups, one reads.

Must not know runs. A thread has one connection and one queue; nothing else touches either, and
asyncio's shared pool is never used, so that slow storage cannot make the server deaf.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from kata_lsp.runs.connection import explained
from kata_lsp.runs.store import StoreError

T = TypeVar("T")

_log = logging.getLogger(__name__)

MAX_GROUP: Final = 512
"""Writes committed together at most; it bounds how long the first of them waits."""


@dataclass(slots=True)
class Call:
    """One job on its way through a thread, and what became of it."""

    job: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def attempt(self, connection: sqlite3.Connection) -> None:
        """Run the job and keep its result or its error."""
        try:
            self.result = self.job(connection)
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits the call
            self.error = error


Serve = Callable[[sqlite3.Connection, Sequence[Call]], None]


def serve_each(connection: sqlite3.Connection, calls: Sequence[Call]) -> None:
    """Run reads one by one; each sees the newest committed state."""
    for call in calls:
        call.attempt(connection)


def serve_grouped(connection: sqlite3.Connection, calls: Sequence[Call]) -> None:
    """Run writes in one transaction: one that fails leaves no trace, a failed commit fails all."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for call in calls:
            connection.execute("SAVEPOINT one_call")
            call.attempt(connection)
            if call.error is not None:
                # Raises when SQLite gave up the whole transaction, as it may on a full disk.
                connection.execute("ROLLBACK TO one_call")
            connection.execute("RELEASE one_call")
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - handed to everyone who awaits
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        # A call that made SQLite give up knows why; what followed from it says less.
        reason = next((c.error for c in calls if isinstance(c.error, sqlite3.Error)), error)
        for call in calls:
            call.error = call.error or reason


class DatabaseThread:
    """Runs jobs on a connection of its own, in the order they were asked for.

    Args:
        name: The thread's name.
        file: The database, to name it in errors.
        connect: Opens the connection, on the thread.
        serve: Runs the jobs that wait; must set each call's result or error and not raise.
    """

    def __init__(
        self, name: str, file: Path, connect: Callable[[], sqlite3.Connection], serve: Serve
    ) -> None:
        self._file = file
        self._connect = connect
        self._serve = serve
        self._waiting: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._is_open = False
        self._when_ended: Callable[[], None] = lambda: None
        # A daemon: a server that dies without closing must not hang on it. Commits are atomic.
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    async def start(self) -> None:
        """Start the thread and connect.

        Raises:
            StoreError: The connection cannot be opened; the thread has ended.
        """
        self._is_open = True
        self._thread.start()
        try:
            await self.run(lambda _: None)
        except BaseException:
            await self.stop()
            raise

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run the job and return its result; cancelling the wait does not undo the job.

        Raises:
            StoreError: SQLite failed, or the thread is not running.
            Exception: Whatever else the job raised.
        """
        if not self._is_open:
            raise StoreError(
                f"the run store {str(self._file)!r} is not open", "Restart the server."
            )
        loop = asyncio.get_running_loop()
        call = Call(job, loop, loop.create_future())
        self._waiting.put(call)
        return await call.future

    async def stop(self) -> None:
        """Finish the jobs that wait, close the connection and end the thread."""
        if not self._is_open:
            return
        self._is_open = False
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._when_ended = lambda: _tell(loop, ended.set)
        self._waiting.put(None)
        await ended.wait()
        self._thread.join()  # it has nothing left to do, closing the connection included

    def _main(self) -> None:
        connection: sqlite3.Connection | None = None
        while calls := self._next_calls():
            try:
                connection = connection or self._connect()
            except Exception as error:  # noqa: BLE001 - handed to everyone who awaits
                for call in calls:
                    call.error = error
            else:
                self._serve(connection, calls)
            self._settle(calls)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._when_ended()

    def _next_calls(self) -> list[Call]:
        calls: list[Call] = []
        call = self._waiting.get()
        while call is not None:
            calls.append(call)
            if len(calls) == MAX_GROUP:
                return calls
            try:
                call = self._waiting.get_nowait()
            except queue.Empty:
                return calls
        if calls:
            self._waiting.put(None)  # the end; come back for it after these
        return calls

    def _settle(self, calls: Sequence[Call]) -> None:
        for loop in {call.loop for call in calls}:
            mine = [call for call in calls if call.loop is loop]
            _tell(loop, partial(_deliver, mine, self._file))


def _tell(loop: asyncio.AbstractEventLoop, news: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(news)
    except RuntimeError:
        _log.debug("an event loop closed before the store had answered")


def _deliver(calls: Sequence[Call], file: Path) -> None:
    for call in calls:
        if call.future.done():
            continue
        if call.error is None:
            call.future.set_result(call.result)
        else:
            call.future.set_exception(explained(call.error, file))

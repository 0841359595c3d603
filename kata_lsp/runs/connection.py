"""Owns the connection to the store's file: how it is opened, and what its failures mean to a user.

Must not know runs or threads.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from pathlib import Path
from typing import Final

from kata_lsp.runs.migrations import migrate
from kata_lsp.runs.store import StoreError

_WAL_TRIES: Final = 100
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600

_ADVICE: Final = {
    sqlite3.SQLITE_READONLY: (
        "cannot be written (read-only file or disk, or it was moved while in use)",
        "Make the file and its folder writable for you, then restart the server.",
    ),
    sqlite3.SQLITE_PERM: (
        "may not be accessed",
        "Make the file and its folder readable and writable for you, then restart the server.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Check that its folder exists and is writable for you, then restart the server.",
    ),
    sqlite3.SQLITE_FULL: (
        "could not grow: the disk is full",
        "Free some disk space; the last change was not stored.",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written: the disk reported an error",
        "Check the disk; the last change was not stored.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "Move the file away and restart (`sqlite3 FILE .recover` can salvage it; specs are safe).",
    ),
    sqlite3.SQLITE_NOTADB: (
        "is not a run store",
        "Move the file away and restart the server.",
    ),
    sqlite3.SQLITE_BUSY: (
        "is held by another process for too long",
        "Try again; if it stays so, stop the other process that uses the file.",
    ),
}
_OTHER: Final = ("failed unexpectedly", "Restart the server; if it stays so, move the file away.")


def explained(error: Exception, file: Path) -> Exception:
    """Return the failure as a `StoreError` that names the file; other exceptions as they are."""
    if isinstance(error, OSError) and not isinstance(error, StoreError):
        reason = error.strerror or type(error).__name__
        return _caused(
            StoreError(
                f"the run store {str(file)!r} cannot be used: {reason}",
                "Make its folder writable for you and keep it on a local disk.",
            ),
            error,
        )
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what, remedy = _ADVICE.get(code, _OTHER)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return _caused(
        StoreError(
            f"the run store {str(file)!r} {what} ({name})",
            remedy.replace("FILE", str(file)),
            retryable=code == sqlite3.SQLITE_BUSY,
        ),
        error,
    )


def _caused(error: StoreError, cause: Exception) -> StoreError:
    error.__cause__ = cause
    return error


def create_file(path: Path, *, own_folder: bool) -> None:
    """Create folder (0700) and file (0600) where they are missing.

    Args:
        path: The database.
        own_folder: The folder is ours alone, so one that others may read is closed to them.

    Raises:
        OSError: They cannot be created.
    """
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    if own_folder:
        path.parent.chmod(_PRIVATE_FOLDER)
    # Private from its first moment; -wal and -shm copy its mode. An existing database must not be
    # opened here: closing that handle would drop the locks SQLite holds in this process.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE))


def connect_writer(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open the database for writing, with the newest schema; the caller closes it.

    Raises:
        StoreError: A newer version of this program has written the file.
        sqlite3.Error: It cannot be opened or written.
    """
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        _use_write_ahead_log(connection, busy_seconds)
        connection.execute("PRAGMA synchronous = FULL")  # paid-for output survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open an existing, migrated database for reading; the caller closes it."""
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, busy_seconds: float) -> None:
    # The switch itself does not wait for a lock, whatever the timeout: two first servers collide.
    pause = threading.Event()
    for _ in range(_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            pause.wait(busy_seconds / _WAL_TRIES)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")

"""Owns the schema of the SQLite store, as numbered steps from an empty file to the newest.

Must not know records or queries. A step that was released is never edited; a change is a new step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kata_lsp.runs.store import StoreError

_RUNS: Final = (
    # AUTOINCREMENT: an epoch is never given out twice, so a stale one can never match again.
    """CREATE TABLE owner (
        epoch INTEGER PRIMARY KEY AUTOINCREMENT,
        lock_file TEXT NOT NULL UNIQUE,
        pid INTEGER NOT NULL,
        started_at REAL NOT NULL,
        ended_at REAL
    )""",
    """CREATE TABLE run (
        id TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        owner INTEGER NOT NULL REFERENCES owner (epoch),
        status TEXT NOT NULL,
        root TEXT NOT NULL,
        session TEXT,
        created_at REAL NOT NULL,
        record TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX run_newest ON run (created_at, id)",
    "CREATE INDEX run_owner ON run (owner, status)",
    """CREATE TABLE event (
        run_id TEXT NOT NULL REFERENCES run (id),
        seq INTEGER NOT NULL,
        at REAL NOT NULL,
        change TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) WITHOUT ROWID""",
    """CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the event table is append-only'); END""",
    """CREATE TRIGGER event_is_never_dropped BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the event table is append-only'); END""",
    # Only what is added up. A request outside any run has no run_id.
    """CREATE TABLE attempt (
        run_id TEXT REFERENCES run (id),
        started_at REAL NOT NULL,
        root TEXT NOT NULL,
        session TEXT,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cost_usd REAL
    )""",
    "CREATE INDEX attempt_run ON attempt (run_id)",
    "CREATE INDEX attempt_started ON attempt (started_at)",
    # Pieces are UTF-8 blobs: a model may stream half of a surrogate pair, which TEXT refuses.
    """CREATE TABLE output (
        run_id TEXT NOT NULL REFERENCES run (id),
        kind TEXT NOT NULL,
        position INTEGER NOT NULL,
        end_position INTEGER NOT NULL,
        delta BLOB NOT NULL,
        PRIMARY KEY (run_id, kind, position)
    ) WITHOUT ROWID""",
)


def m001_runs(connection: sqlite3.Connection) -> None:
    """Owners, the current record of each run, its changes, its attempts and its output."""
    for statement in _RUNS:
        connection.execute(statement)


Step = Callable[[sqlite3.Connection], None]

MIGRATIONS: tuple[Step, ...] = (m001_runs,)


def migrate(connection: sqlite3.Connection, file: Path, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Bring the database to the newest schema, in one transaction; all of it or nothing.

    Args:
        connection: In autocommit mode.
        file: The database, to name it in errors.
        steps: Every step there is, from an empty file on.

    Raises:
        StoreError: A newer version of this program has written the file.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _require_known(version, len(steps), file)
        for step in steps[version:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _require_known(version: int, newest: int, file: Path) -> None:
    if version > newest:
        raise StoreError(
            f"the run store {str(file)!r} has schema {version}; "
            f"this version of kata-lsp knows up to {newest}",
            "Upgrade kata-lsp, or move the file away to begin an empty store.",
        )

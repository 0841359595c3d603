"""The schema grows by whole steps, or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kata_lsp.runs.migrations import MIGRATIONS, migrate
from kata_lsp.runs.store import StoreError

FILE = Path("runs.sqlite3")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def state(connection: sqlite3.Connection) -> tuple[int, set[str]]:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return version, {name for (name,) in tables if not name.startswith("sqlite_")}


def add_note(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (text TEXT)")


def fail(connection: sqlite3.Connection) -> None:
    add_note(connection)
    connection.execute("CREATE TABLE run (id TEXT)")


def test_from_nothing(connection: sqlite3.Connection) -> None:
    """An empty file gets every step, and a second time nothing happens."""
    migrate(connection, FILE)
    first = state(connection)
    assert first == (len(MIGRATIONS), {"owner", "run", "event", "attempt", "output"})
    migrate(connection, FILE)
    assert state(connection) == first


def test_only_the_missing_steps(connection: sqlite3.Connection) -> None:
    """A file of an older version gets the steps it lacks and keeps what it holds."""
    migrate(connection, FILE)
    connection.execute("INSERT INTO owner VALUES (7, 'lock', 1, 1.0, NULL)")
    migrate(connection, FILE, (*MIGRATIONS, add_note))
    assert state(connection)[0] == len(MIGRATIONS) + 1
    assert "note" in state(connection)[1]
    assert connection.execute("SELECT epoch FROM owner").fetchall() == [(7,)]


def test_a_failing_step_leaves_no_trace(connection: sqlite3.Connection) -> None:
    """When a step fails the file stays at the version it had."""
    migrate(connection, FILE)
    before = state(connection)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, FILE, (*MIGRATIONS, fail))
    assert state(connection) == before
    assert not connection.in_transaction


def test_a_newer_file(connection: sqlite3.Connection) -> None:
    """A file of a newer version is refused by name."""
    migrate(connection, FILE, (*MIGRATIONS, add_note))
    with pytest.raises(StoreError, match=r"'runs.sqlite3' has schema 2"):
        migrate(connection, FILE)

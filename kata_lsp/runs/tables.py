"""Owns the SQL: what each operation of the store reads and writes, inside a transaction.

Must not know threads, files or event loops; `migrations` owns the schema.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kata_lsp.runs import codec
from kata_lsp.runs.lifecycle import TERMINAL, check_successor, moved
from kata_lsp.runs.record import Attempt, RunRecord, RunStatus
from kata_lsp.runs.store import (
    OutputKind,
    RunEvent,
    RunFilter,
    Spending,
    SpendingFilter,
    StaleOwnerError,
    StoreError,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of streamed output; `offset` counts code points of its kind."""

    run_id: str
    kind: OutputKind
    offset: int
    delta: str


def add_owner(connection: sqlite3.Connection, lock_file: str, pid: int, now: float) -> int:
    """Register a server whose lock is already held, and return its epoch."""
    cursor = connection.execute(
        "INSERT INTO owner (lock_file, pid, started_at) VALUES (?, ?, ?)", (lock_file, pid, now)
    )
    if cursor.lastrowid is None:
        raise AssertionError("an INSERT into a rowid table sets lastrowid")
    return cursor.lastrowid


def open_owners(connection: sqlite3.Connection, but: int) -> Sequence[tuple[int, str]]:
    """Return epoch and lock file of every server that has not ended, except `but`."""
    query = "SELECT epoch, lock_file FROM owner WHERE ended_at IS NULL AND epoch <> ?"
    return connection.execute(query, (but,)).fetchall()


def end_owner(connection: sqlite3.Connection, epoch: int, now: float) -> Sequence[str]:
    """Fence a server off and mark its unfinished runs `interrupted`; return their ids."""
    rows = connection.execute(
        "SELECT id, seq, record FROM run WHERE owner = ? AND status IN ('queued', 'running')",
        (epoch,),
    ).fetchall()
    ended: list[str] = []
    for run_id, seq, text in rows:
        stored = codec.loads(text)
        try:
            record = codec.from_plain(stored)
        except codec.UnreadableRecordError as error:
            _log.warning("run %s cannot be marked interrupted: %s", run_id, error)
            continue
        interrupted = moved(record, RunStatus.INTERRUPTED, now=now)
        _put(connection, replace(interrupted, seq=seq + 1), stored, epoch)
        ended.append(run_id)
    connection.execute("UPDATE owner SET ended_at = ? WHERE epoch = ?", (now, epoch))
    return ended


def save(connection: sqlite3.Connection, record: RunRecord, epoch: int) -> RunRecord:
    """Store the next version of a run for the owner `epoch`; see `RunStore.save`."""
    _require_live(connection, epoch)
    row = connection.execute(
        "SELECT seq, owner, record FROM run WHERE id = ?", (record.id,)
    ).fetchone()
    if row is None:
        check_successor(None, record)
        return _put(connection, replace(record, seq=1), {}, epoch)
    seq, owner, text = row
    stored = codec.loads(text)
    before = _decoded(record.id, stored)
    if owner != epoch and (before.status not in TERMINAL or record.seq != seq):
        raise StaleOwnerError(
            f"run {record.id!r} was changed by another server; read it again before changing it"
        )
    check_successor(before, record)
    return _put(connection, replace(record, seq=seq + 1), stored, epoch)


def _require_live(connection: sqlite3.Connection, epoch: int) -> None:
    query = "SELECT 1 FROM owner WHERE epoch = ? AND ended_at IS NULL"
    if connection.execute(query, (epoch,)).fetchone() is None:
        raise StaleOwnerError(
            "this server was declared dead by another one, which took over its runs; restart it"
        )


def _put(
    connection: sqlite3.Connection, record: RunRecord, stored: Mapping[str, Any], epoch: int
) -> RunRecord:
    plain = codec.to_plain(record)
    change = codec.changed_fields(stored, plain)
    connection.execute(
        """INSERT INTO run (id, seq, owner, status, root, session, created_at, record)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, owner = excluded.owner,
                status = excluded.status, record = excluded.record""",
        (
            record.id,
            record.seq,
            epoch,
            record.status.value,
            _sql_text(record.request.root),
            None if record.request.session is None else _sql_text(record.request.session),
            record.created_at,
            codec.dumps(codec.carry_unknown(stored, plain)),
        ),
    )
    connection.execute(
        "INSERT INTO event (run_id, seq, at, change) VALUES (?, ?, ?, ?)",
        (record.id, record.seq, record.updated_at, codec.dumps(change)),
    )
    if "attempts" in change:
        _put_attempts(connection, record)
    return record


def _put_attempts(connection: sqlite3.Connection, record: RunRecord) -> None:
    connection.execute("DELETE FROM attempt WHERE run_id = ?", (record.id,))
    request = record.request
    for attempt in record.attempts:
        note_attempt(connection, attempt, request.root, request.session, record.id)


def note_attempt(
    connection: sqlite3.Connection,
    attempt: Attempt,
    root: str,
    session: str | None = None,
    run_id: str | None = None,
) -> None:
    """Store what is added up of a request; `run_id` is None for one outside any run."""
    connection.execute(
        """INSERT INTO attempt
            (run_id, started_at, root, session, input_tokens, output_tokens, cost_usd)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            run_id,
            attempt.started_at,
            _sql_text(root),
            None if session is None else _sql_text(session),
            attempt.usage.input_tokens,
            attempt.usage.output_tokens,
            attempt.cost_usd,
        ),
    )


def append_output(connection: sqlite3.Connection, piece: Piece, epoch: int) -> None:
    """Store a piece of streamed output; see `RunStore.append_output`."""
    _require_live(connection, epoch)
    row = connection.execute("SELECT owner FROM run WHERE id = ?", (piece.run_id,)).fetchone()
    if row is None:
        raise LookupError(f"run {piece.run_id!r} is not stored; save it before its output")
    if row[0] != epoch:
        raise StaleOwnerError(f"run {piece.run_id!r} belongs to another server")
    of_kind = (piece.run_id, piece.kind)
    if piece.offset == 0:
        connection.execute("DELETE FROM output WHERE run_id = ? AND kind = ?", of_kind)
    elif (end := _output_end(connection, of_kind)) != piece.offset:
        raise ValueError(
            f"{piece.kind} of run {piece.run_id!r} ends at {end}; "
            f"a piece at {piece.offset} would leave a gap or overlap"
        )
    if piece.delta:
        connection.execute(
            "INSERT INTO output (run_id, kind, position, end_position, delta)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                *of_kind,
                piece.offset,
                piece.offset + len(piece.delta),
                piece.delta.encode("utf-8", "surrogatepass"),
            ),
        )


def _output_end(connection: sqlite3.Connection, of_kind: tuple[str, OutputKind]) -> int:
    row = connection.execute(
        "SELECT end_position FROM output WHERE run_id = ? AND kind = ?"
        " ORDER BY position DESC LIMIT 1",
        of_kind,
    ).fetchone()
    return 0 if row is None else row[0]


def output(connection: sqlite3.Connection, run_id: str, kind: OutputKind) -> str:
    """Return the streamed output stored so far, "" when there is none."""
    rows = connection.execute(
        "SELECT delta FROM output WHERE run_id = ? AND kind = ? ORDER BY position",
        (_sql_text(run_id), kind),
    )
    return "".join(str(row[0], "utf-8", "surrogatepass") for row in rows)


def get(connection: sqlite3.Connection, run_id: str) -> RunRecord | None:
    """Return the run, or None when there is no such id."""
    row = connection.execute("SELECT record FROM run WHERE id = ?", (_sql_text(run_id),)).fetchone()
    return None if row is None else _decoded(run_id, codec.loads(row[0]))


def list_runs(connection: sqlite3.Connection, query: RunFilter) -> Sequence[RunRecord]:
    """Return the matching runs, newest first; one that cannot be read is logged and left out."""
    conditions: list[str] = []
    values: list[Any] = []
    if query.root is not None:
        conditions.append("root = ?")
        values.append(_sql_text(query.root))
    if query.session is not None:
        conditions.append("session = ?")
        values.append(_sql_text(query.session))
    if query.statuses:
        conditions.append(f"status IN ({', '.join('?' * len(query.statuses))})")
        values.extend(status.value for status in query.statuses)
    if query.before is not None:
        conditions.append("(created_at, id) < (?, ?)")
        values.extend(query.before)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(
        f"SELECT id, record FROM run {where} ORDER BY created_at DESC, id DESC LIMIT ?",  # noqa: S608 - conditions are literals
        (*values, max(query.limit, 0)),
    )
    found: list[RunRecord] = []
    for run_id, text in rows:
        try:
            found.append(codec.from_plain(codec.loads(text)))
        except codec.UnreadableRecordError as error:
            _log.warning("run %s is left out of the list: %s", run_id, error)
    return found


def history(connection: sqlite3.Connection, run_id: str) -> Sequence[RunEvent]:
    """Return every stored change of the run, oldest first."""
    rows = connection.execute(
        "SELECT seq, at, change FROM event WHERE run_id = ? ORDER BY seq",
        (_sql_text(run_id),),
    )
    return tuple(RunEvent(seq, at, codec.loads(change)) for seq, at, change in rows)


def spent(connection: sqlite3.Connection, query: SpendingFilter) -> Spending:
    """Return what the matching requests have used."""
    row = connection.execute(
        """SELECT count(*), total(cost_usd), count(*) - count(cost_usd),
                coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0)
            FROM attempt
            WHERE started_at >= ?1 AND (?2 IS NULL OR root = ?2)
                AND (?3 IS NULL OR session = ?3)""",
        (
            query.since,
            None if query.root is None else _sql_text(query.root),
            None if query.session is None else _sql_text(query.session),
        ),
    ).fetchone()
    return Spending(*row)


def _decoded(run_id: str, plain: Mapping[str, Any]) -> RunRecord:
    try:
        return codec.from_plain(plain)
    except codec.UnreadableRecordError as error:
        raise StoreError(
            f"run {run_id!r} was stored in a form that this version cannot read: {error}",
            "Upgrade kata-lsp, or start the run again.",
        ) from error


def _sql_text(text: str) -> str:
    # TEXT must be UTF-8, but a path of undecodable bytes carries surrogates. Only for comparing.
    return text.encode("utf-8", "backslashreplace").decode()

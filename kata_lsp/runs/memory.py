"""Owns the run store that lives as long as its process: nothing is written to disk.

Must not promise less than the SQLite store; one contract suite holds for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kata_lsp.runs import codec
from kata_lsp.runs.lifecycle import TERMINAL, check_successor, moved
from kata_lsp.runs.record import Attempt, RunRecord, RunStatus
from kata_lsp.runs.store import (
    OutputKind,
    RunEvent,
    RunFilter,
    Spending,
    SpendingFilter,
    StoreError,
)


class MemoryRunStore:
    """A `RunStore` in memory, for `--no-store` and for tests. It has one owner: this process.

    Args:
        clock: The time, in epoch seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, RunRecord] = {}
        self._events: dict[str, list[RunEvent]] = {}
        self._output: dict[tuple[str, OutputKind], str] = {}
        self._outside: list[tuple[Attempt, str]] = []
        self._is_open = False

    async def open(self) -> None:
        """Begin; what an earlier opening of this object stored is still there."""
        self._is_open = True

    async def save(self, record: RunRecord) -> RunRecord:
        """Store the next version of a run; see `RunStore.save`."""
        self._require_open()
        stored = self._records.get(record.id)
        check_successor(stored, record)
        saved = replace(record, seq=1 if stored is None else stored.seq + 1)
        before = {} if stored is None else codec.to_plain(stored)
        change = codec.changed_fields(before, codec.to_plain(saved))
        self._events.setdefault(saved.id, []).append(RunEvent(saved.seq, saved.updated_at, change))
        self._records[saved.id] = saved
        return saved

    async def append_output(self, run_id: str, kind: OutputKind, offset: int, delta: str) -> None:
        """Store a piece of streamed output; see `RunStore.append_output`."""
        self._require_open()
        if run_id not in self._records:
            raise LookupError(f"run {run_id!r} is not stored; save it before its output")
        text = "" if offset == 0 else self._output.get((run_id, kind), "")
        if offset != len(text):
            raise ValueError(
                f"{kind} of run {run_id!r} ends at {len(text)}; "
                f"a piece at {offset} would leave a gap or overlap"
            )
        self._output[run_id, kind] = text + delta

    async def output(self, run_id: str, kind: OutputKind) -> str:
        """Return the streamed output stored so far, "" when there is none."""
        self._require_open()
        return self._output.get((run_id, kind), "")

    async def get(self, run_id: str) -> RunRecord | None:
        """Return the run, or None when there is no such id."""
        self._require_open()
        return self._records.get(run_id)

    async def list(self, query: RunFilter) -> Sequence[RunRecord]:
        """Return the matching runs, newest first, at most `query.limit`."""
        self._require_open()
        newest = sorted(
            self._records.values(), key=lambda run: (run.created_at, run.id), reverse=True
        )
        return [run for run in newest if _matches(run, query)][: max(query.limit, 0)]

    async def history(self, run_id: str) -> Sequence[RunEvent]:
        """Return every stored change of the run, oldest first."""
        self._require_open()
        return tuple(self._events.get(run_id, ()))

    async def interrupt_orphans(self) -> Sequence[str]:
        """Return nothing: no other process can have left a run here."""
        self._require_open()
        return ()

    async def note_attempt(self, attempt: Attempt, root: str) -> None:
        """Store a request that belongs to no run."""
        self._require_open()
        self._outside.append((attempt, root))

    async def spent(self, query: SpendingFilter) -> Spending:
        """Return what the matching requests have used."""
        self._require_open()
        requests = [
            (attempt, run.request.root, run.request.session)
            for run in self._records.values()
            for attempt in run.attempts
        ]
        requests += [(attempt, root, None) for attempt, root in self._outside]
        found = [
            attempt
            for attempt, root, session in requests
            if attempt.started_at >= query.since
            and query.root in (None, root)
            and query.session in (None, session)
        ]
        known = [attempt.cost_usd for attempt in found if attempt.cost_usd is not None]
        return Spending(
            requests=len(found),
            cost_usd=sum(known, 0.0),
            unknown_cost_requests=len(found) - len(known),
            input_tokens=sum(attempt.usage.input_tokens or 0 for attempt in found),
            output_tokens=sum(attempt.usage.output_tokens or 0 for attempt in found),
        )

    async def close(self) -> None:
        """End, as a server does that stops: its unfinished runs become `interrupted`."""
        if not self._is_open:
            return
        for run in tuple(self._records.values()):
            if run.status not in TERMINAL:
                await self.save(moved(run, RunStatus.INTERRUPTED, now=self._clock()))
        self._is_open = False

    def _require_open(self) -> None:
        if not self._is_open:
            raise StoreError("the run store in memory is not open", "Open the store first.")


def _matches(run: RunRecord, query: RunFilter) -> bool:
    return (
        (query.root is None or run.request.root == query.root)
        and (query.session is None or run.request.session == query.session)
        and (not query.statuses or run.status in query.statuses)
        and (query.before is None or (run.created_at, run.id) < query.before)
    )

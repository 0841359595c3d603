"""Owns the run lifecycle: which status may follow which, and what a transition does to a record.

Must not know storage, time or identity; both are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus, TimelineEntry

TERMINAL = frozenset(
    {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.CANCELLED}
)

TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = MappingProxyType(
    {
        RunStatus.QUEUED: frozenset(
            {RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.CANCELLED}
        ),
        RunStatus.RUNNING: TERMINAL,
        RunStatus.COMPLETED: frozenset(),
        RunStatus.FAILED: frozenset(),
        RunStatus.INTERRUPTED: frozenset(),
        RunStatus.CANCELLED: frozenset(),
    }
)


class IllegalTransitionError(Exception):
    """A status change that the lifecycle table does not allow; the message says why."""


def queued(run_id: str, request: RunRequest, *, now: float, origin: str | None = None) -> RunRecord:
    """Return a new record in its first state. `now` is epoch seconds."""
    return RunRecord(
        id=run_id,
        request=request,
        status=RunStatus.QUEUED,
        timeline=(TimelineEntry(RunStatus.QUEUED, now),),
        created_at=now,
        updated_at=now,
        origin=origin,
    )


def moved(record: RunRecord, status: RunStatus, *, now: float) -> RunRecord:
    """Return the record in `status`; repeating the current one only refreshes `updated_at`.

    Raises:
        IllegalTransitionError: The table does not allow the change.
    """
    if status is record.status:
        return replace(record, updated_at=now)
    if record.status in TERMINAL:
        raise IllegalTransitionError(
            f"run {record.id!r} is already {record.status}, which is final; "
            f"it cannot become {status}"
        )
    if status not in TRANSITIONS[record.status]:
        raise IllegalTransitionError(
            f"run {record.id!r} is {record.status}; it can become "
            f"{', '.join(sorted(TRANSITIONS[record.status]))}, not {status}"
        )
    phase = record.phase if status is RunStatus.RUNNING else None
    return replace(
        record,
        status=status,
        phase=phase,
        waiting_until=None,
        updated_at=now,
        timeline=(*record.timeline, TimelineEntry(status, now)),
    )


def check_successor(stored: RunRecord | None, record: RunRecord) -> None:
    """Refuse a record that may not be stored after `stored` (None: nothing is stored yet).

    Raises:
        IllegalTransitionError: It changes a final status or what a run never changes, or its
            timeline is not the stored one plus legal steps that end in its status.
    """
    if stored is not None:
        if stored.status in TERMINAL and record.status is not stored.status:
            raise IllegalTransitionError(
                f"run {record.id!r} is already {stored.status}, which is final; "
                f"it cannot become {record.status}"
            )
        for name in ("request", "created_at", "origin"):
            if getattr(stored, name) != getattr(record, name):
                raise IllegalTransitionError(f"run {record.id!r} cannot change its {name}")
        if record.timeline[: len(stored.timeline)] != stored.timeline:
            raise IllegalTransitionError(
                f"the timeline of run {record.id!r} only grows; an entry was changed or dropped"
            )
    steps = tuple(entry.status for entry in record.timeline)
    legal = all(after in TRANSITIONS[before] for before, after in pairwise(steps))
    if steps[:1] != (RunStatus.QUEUED,) or steps[-1] is not record.status or not legal:
        raise IllegalTransitionError(
            f"the timeline of run {record.id!r} ({', '.join(steps) or 'empty'}) "
            f"does not lead from queued to {record.status}"
        )

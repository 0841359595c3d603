"""The lifecycle table, and what may be stored after what."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from kata_lsp.runs.lifecycle import (
    TERMINAL,
    IllegalTransitionError,
    check_successor,
    moved,
    queued,
)
from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus, TimelineEntry

Q, R = RunStatus.QUEUED, RunStatus.RUNNING
LEGAL = {(Q, R), (Q, RunStatus.INTERRUPTED), (Q, RunStatus.CANCELLED)} | {
    (R, end) for end in TERMINAL
}


def at(status: RunStatus) -> RunRecord:
    record = queued("r1", RunRequest("p", "/w", ".kata/spec.md"), now=1.0)
    if status is Q:
        return record
    if (Q, status) not in LEGAL:
        record = moved(record, R, now=2.0)
    return moved(record, status, now=3.0)


@pytest.mark.parametrize(("before", "after"), list(product(RunStatus, RunStatus)))
def test_every_pair(before: RunStatus, after: RunStatus) -> None:
    """Each pair of states is legal as the design's table says, or refused naming the run."""
    record = at(before)
    if before is after:
        assert moved(record, after, now=9.0) == replace(record, updated_at=9.0)
    elif (before, after) in LEGAL:
        entered = moved(record, after, now=9.0)
        assert entered.status is after
        assert entered.timeline == (*record.timeline, TimelineEntry(after, 9.0))
        check_successor(record, entered)
    else:
        with pytest.raises(IllegalTransitionError, match="r1"):
            moved(record, after, now=9.0)


def test_leaving_running_clears_the_phase() -> None:
    """A run that has ended is in no phase and waits for nothing."""
    record = replace(at(R), phase="provider", waiting_until=8.0)
    ended = moved(record, RunStatus.FAILED, now=9.0)
    assert (ended.phase, ended.waiting_until) == (None, None)


@pytest.mark.parametrize(
    ("stored", "record", "reason"),
    [
        (None, replace(at(Q), timeline=()), "empty"),
        (None, replace(at(Q), status=R), "does not lead from queued to running"),
        (None, replace(at(R), timeline=at(R).timeline[1:]), "does not lead"),
        (at(R), replace(at(R), timeline=at(R).timeline[:1], status=Q), "only grows"),
        (at(R), replace(at(R), request=replace(at(R).request, prompt="x")), "its request"),
        (at(R), replace(at(R), created_at=0.0), "its created_at"),
        (at(R), replace(at(R), origin="r0"), "its origin"),
        (at(RunStatus.CANCELLED), at(RunStatus.COMPLETED), "already cancelled"),
        (at(RunStatus.COMPLETED), at(R), "already completed"),
    ],
)
def test_refused_successors(stored: RunRecord | None, record: RunRecord, reason: str) -> None:
    """A record that rewrites history is refused with its reason."""
    with pytest.raises(IllegalTransitionError, match=reason):
        check_successor(stored, record)


def test_a_terminal_record_may_gain_facts() -> None:
    """After the end the status stays, while what became of the draft may still be noted."""
    ended = at(RunStatus.COMPLETED)
    check_successor(ended, replace(ended, cost_note="price unknown"))

"""Run records in the states that tests need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kata_lsp.runs.lifecycle import TERMINAL, moved, queued
from kata_lsp.runs.record import Draft, DraftState, RunRecord, RunRequest, RunStatus

NOW = 1_800_000_000.0


def request(**changes: Any) -> RunRequest:
    """Return a request to draft a spec."""
    return replace(RunRequest("Count", "/w", ".kata/spec.md"), **changes)


def record(run_id: str = "r1", status: RunStatus = RunStatus.RUNNING, **changes: Any) -> RunRecord:
    """Return a run that has come to a status the usual way."""
    asked = changes.pop("request", request())
    found = queued(run_id, asked, now=NOW)
    if status is not RunStatus.QUEUED:
        found = moved(found, RunStatus.RUNNING, now=NOW + 1)
    if status in TERMINAL:
        found = moved(found, status, now=NOW + 2)
    return replace(found, **{"seq": 1, **changes})


def drafted(run_id: str = "r1", **changes: Any) -> RunRecord:
    """Return a completed run whose draft waits."""
    draft = Draft("# Draft\n", "", DraftState.WAITING, complete=True)
    return record(run_id, RunStatus.COMPLETED, **{"draft": draft, **changes})

"""Owns which runs are about which spec: in flight, waiting with a draft, or applied to it.

Must not know how they are shown. It is one of the orchestrator's sinks, and remembers the newest
facts per spec only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Final

from kata_lsp.orchestrator.events import Event, RunChanged
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import DraftState, RunRecord

MAX_RUNS = 50
"""Runs remembered; the oldest are forgotten first."""

_LABEL_CHARS: Final = 40

Place = tuple[str, str]
"""Root (absolute path) and spec (posix, relative to it)."""


@dataclass(frozen=True, slots=True)
class SpecRuns:
    """The runs about one spec, newest first; `applied` is the one it was last written by."""

    active: tuple[RunRecord, ...] = ()
    waiting: tuple[RunRecord, ...] = ()
    applied: RunRecord | None = None


def label(record: RunRecord) -> str:
    """Return what a run was asked for, in a few words."""
    return shorten(record.request.prompt, _LABEL_CHARS, placeholder="…")


class RunsBySpec:
    """Looks runs up by spec.

    Args:
        changed: Called with the place of a spec whose runs are no longer what they were.
    """

    def __init__(self, changed: Callable[[Place], None]) -> None:
        self._changed = changed
        self._runs: dict[str, RunRecord] = {}

    def __call__(self, event: Event) -> None:
        """Note an event; only what a spec shows counts as a change."""
        if isinstance(event, RunChanged):
            before = self._runs.get(event.record.id)
            self._note(event.record)
            if before is None or _shown(before) != _shown(event.record):
                self._changed(_place(event.record))

    def load(self, records: Iterable[RunRecord]) -> None:
        """Note runs of earlier sessions, oldest first; what is known already stays."""
        for record in records:
            if record.id not in self._runs:
                self._note(record)
                self._changed(_place(record))

    def of(self, root: str, path: str) -> SpecRuns:
        """Return the runs about a spec."""
        found = [run for run in self._runs.values() if _place(run) == (root, path)]
        found.sort(key=lambda run: run.created_at, reverse=True)
        states = [(run, run.draft.state if run.draft else DraftState.NONE) for run in found]
        applied = [run for run, state in states if state is DraftState.APPLIED]
        return SpecRuns(
            active=tuple(run for run in found if run.status not in TERMINAL),
            waiting=tuple(run for run, state in states if state is DraftState.WAITING),
            applied=max(applied, key=lambda run: run.updated_at, default=None),
        )

    def _note(self, record: RunRecord) -> None:
        self._runs.pop(record.id, None)
        self._runs[record.id] = record
        while len(self._runs) > MAX_RUNS:
            del self._runs[next(iter(self._runs))]


def _place(record: RunRecord) -> Place:
    return record.request.root, record.request.spec_path


def _shown(record: RunRecord) -> tuple[object, ...]:
    return (
        record.status in TERMINAL,
        record.phase,
        record.draft.state if record.draft else DraftState.NONE,
    )

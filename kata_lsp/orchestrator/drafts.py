"""Owns what becomes of a finished draft: showing it, applying it to the spec, or discarding it.

Must not know how a draft was made, nor how an editor writes; `SpecFiles` does.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Literal

from kata_lsp.errors import InvalidInputError
from kata_lsp.orchestrator.events import RunChanged, Sink, StatusChanged
from kata_lsp.orchestrator.journal import Clock
from kata_lsp.orchestrator.spec_files import SpecFiles, SpecSnapshot
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import Draft, DraftState, RunRecord, RunStatus
from kata_lsp.runs.store import RunFilter, RunStore
from kata_lsp.spec.edits import TextEdit, apply_edits
from kata_lsp.spec.merging import Conflict, merge

Choice = Literal["mine", "draft", "both"]
"""What to do where the reader and the draft changed the same thing."""

Outcome = Literal["applied", "unchanged", "conflict", "stale", "refused"]


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """A conflict with the id that a choice names; the id is stable while the draft waits."""

    id: str
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft beside the spec as it is now.

    `merged` is the spec with everything applied that is in no conflict, `diff` the unified diff
    that leads there.
    """

    record: RunRecord
    draft: Draft
    snapshot: SpecSnapshot
    conflicts: tuple[OpenConflict, ...]
    merged: str
    diff: str


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What came of applying; all but `applied` and `unchanged` leave the draft waiting."""

    record: RunRecord
    outcome: Outcome
    message: str
    snapshot: SpecSnapshot
    conflicts: tuple[OpenConflict, ...] = ()


class Drafts:
    """The drafts of all runs, waiting or not."""

    def __init__(self, *, store: RunStore, spec_files: SpecFiles, sink: Sink, clock: Clock) -> None:
        self._store = store
        self._spec_files = spec_files
        self._sink = sink
        self._clock = clock

    async def show(self, run_id: str | None, root: str) -> DraftView:
        """Return a draft and what applying it would change; without an id, the newest waiting one.

        Raises:
            InvalidInputError: There is no such run, or it has no draft.
        """
        record, draft = await self._find(run_id, root)
        snapshot = await self._read(record)
        result = merge(draft.base, snapshot.text, draft.text)
        merged = apply_edits(snapshot.text, result.edits)
        diff = _diff(snapshot.text, merged, record.request.spec_path)
        return DraftView(record, draft, snapshot, _named(result.conflicts), merged, diff)

    async def apply(
        self,
        run_id: str | None,
        root: str,
        *,
        choice: Choice | None = None,
        choices: Mapping[str, Choice] | None = None,
        confirm: bool = True,
    ) -> ApplyOutcome:
        """Apply a draft as minimal edits to the spec as it is now.

        Args:
            run_id: Whose draft; None takes the newest that waits in `root`.
            root: Absolute path of the workspace folder.
            choice: The answer to every conflict that `choices` does not name.
            choices: Answers by conflict id.
            confirm: Have the editor ask its user; a run with `apply: auto` never asks.

        Raises:
            InvalidInputError: There is no such run or draft, it may not be applied, or `choices`
                names a conflict that does not exist.
        """
        record, draft = await self._decidable(run_id, root)
        if not draft.complete:
            raise InvalidInputError(
                "runId", f"the draft of run {record.id!r} is not finished, so it is never applied"
            )
        snapshot = await self._read(record)
        result = merge(draft.base, snapshot.text, draft.text)
        chosen, open_conflicts = _decide(_named(result.conflicts), choice, choices)
        edits = (*result.edits, *chosen)
        if open_conflicts:
            message = (
                f"The spec and the draft both changed {len(open_conflicts)} place(s); "
                "choose `mine`, `draft` or `both` for each."
            )
            return ApplyOutcome(record, "conflict", message, snapshot, open_conflicts)
        if not edits:
            record = await self._record(record, draft, DraftState.APPLIED)
            return ApplyOutcome(record, "unchanged", "The spec says this already.", snapshot)
        written = await self._spec_files.write(
            snapshot,
            edits,
            label=f"Apply draft: {_title(record)}",
            confirm=confirm and record.request.apply != "auto",
        )
        if written.outcome == "applied":
            record = await self._record(record, draft, DraftState.APPLIED)
        message = written.message or f"Applied to {record.request.spec_path}."
        return ApplyOutcome(record, written.outcome, message, snapshot)

    async def discard(self, run_id: str | None, root: str) -> RunRecord:
        """Put a draft aside; its text stays with the run.

        Raises:
            InvalidInputError: There is no such run, it has no draft, or it is still at work.
        """
        record, draft = await self._decidable(run_id, root)
        return await self._record(record, draft, DraftState.DISCARDED)

    async def waiting(self, root: str) -> tuple[RunRecord, ...]:
        """Return the runs of `root` whose drafts wait, newest first."""
        runs = await self._store.list(
            RunFilter(root=root, statuses=frozenset({RunStatus.COMPLETED}))
        )
        return tuple(run for run in runs if run.draft and run.draft.state is DraftState.WAITING)

    async def _decidable(self, run_id: str | None, root: str) -> tuple[RunRecord, Draft]:
        record, draft = await self._find(run_id, root)
        if record.status not in TERMINAL:
            # What the run stores next would undo the decision, or be refused because of it.
            raise InvalidInputError(
                "runId", f"run {record.id!r} is still at work; wait for its end, or cancel it"
            )
        return record, draft

    async def _find(self, run_id: str | None, root: str) -> tuple[RunRecord, Draft]:
        if run_id is None:
            waiting = await self.waiting(root)
            if not waiting:
                raise InvalidInputError(
                    "runId", f"no draft waits in {root!r}; start a run, or name one"
                )
            record = waiting[0]
        else:
            found = await self._store.get(run_id)
            if found is None:
                raise InvalidInputError(
                    "runId", f"there is no run {run_id!r}; `kata.run.list` names them"
                )
            record = found
        if record.draft is None:
            raise InvalidInputError("runId", f"run {record.id!r} ({record.status}) has no draft")
        return record, record.draft

    async def _read(self, record: RunRecord) -> SpecSnapshot:
        return await self._spec_files.read(record.request.root, record.request.spec_path)

    async def _record(self, record: RunRecord, draft: Draft, state: DraftState) -> RunRecord:
        if draft.state is state:
            return record
        changed = replace(record, draft=replace(draft, state=state), updated_at=self._clock())
        stored = await self._store.save(changed)
        self._sink(RunChanged(stored))
        self._sink(StatusChanged())
        return stored


def _named(conflicts: Sequence[Conflict]) -> tuple[OpenConflict, ...]:
    """Name each conflict by what it is about, so that the name outlives edits elsewhere."""
    seen: Counter[str] = Counter()
    named: list[OpenConflict] = []
    for conflict in conflicts:
        name = f"{conflict.kind}:{conflict.subject}"
        seen[name] += 1
        named.append(OpenConflict(name if seen[name] == 1 else f"{name}#{seen[name]}", conflict))
    return tuple(named)


def _decide(
    conflicts: Sequence[OpenConflict],
    choice: Choice | None,
    choices: Mapping[str, Choice] | None,
) -> tuple[tuple[TextEdit, ...], tuple[OpenConflict, ...]]:
    """Return the edits that the choices make, and the conflicts that nobody has chosen for."""
    choices = choices or {}
    known = {each.id for each in conflicts}
    if unknown := sorted(set(choices) - known):
        names = ", ".join(map(repr, sorted(known))) or "none is left"
        raise InvalidInputError(
            "choices", f"there is no conflict {unknown[0]!r}; there are: {names}"
        )
    edits: list[TextEdit] = []
    undecided: list[OpenConflict] = []
    for each in conflicts:
        decision: Choice | None = choices.get(each.id) or choice
        match decision:
            case None:
                undecided.append(each)
            case "mine":
                edits += each.conflict.keep_mine
            case "draft":
                edits += each.conflict.take_draft
            case "both":
                edits += each.conflict.both
    return tuple(edits), tuple(undecided)


def _diff(before: str, after: str, path: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _title(record: RunRecord) -> str:
    return shorten(record.request.prompt, 60, placeholder="…")

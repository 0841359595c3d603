"""Owns the three-way merge of the tasks of one unit, each by its identity.

It must not know other blocks. A draft never ticks, never unticks and never takes an id away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kata_lsp.spec.document import Block, TaskBlock
from kata_lsp.spec.edits import TextEdit
from kata_lsp.spec.merging.canvas import Canvas
from kata_lsp.spec.merging.model import Conflict, ConflictReason
from kata_lsp.spec.merging.tasks import TaskIndex, draft_text, same_task, statuses
from kata_lsp.spec.merging.units import Unit
from kata_lsp.spec.shapes import Span, TaskStatus


@dataclass(frozen=True, slots=True)
class Sides:
    """The tasks of the three texts."""

    base: TaskIndex
    current: TaskIndex
    draft: TaskIndex
    merged: set[int] = field(default_factory=set[int])
    """Where the current tasks stand that have been dealt with, over all units of one merge."""


def merge_checklist(base: Unit | None, canvas: Canvas, sides: Sides) -> None:
    """Decide about every task of the draft's unit, and those of the base that the draft lacks."""
    merger = _ChecklistMerger(canvas, sides)
    theirs = [(block, block.task) for block in canvas.draft.blocks if block.task]
    for block, task in theirs:
        merger.merge(block, task)
    # A draft without any task has not said that all of them go.
    if base is not None and theirs:
        for block in base.blocks:
            if block.task and sides.draft.find(block.task) is None:
                merger.remove(block.task)


class _ChecklistMerger:
    def __init__(self, canvas: Canvas, sides: Sides) -> None:
        self._canvas = canvas
        self._sides = sides
        self._draft = sides.draft.document
        self._current = sides.current.document

    def merge(self, block: Block, theirs: TaskBlock) -> None:
        base, ours = self._sides.base.find(theirs), self._sides.current.find(theirs)
        changed = base is None or not same_task(
            (self._draft, theirs), (self._sides.base.document, base)
        )
        if ours is not None:
            if ours.span.start in self._sides.merged:
                return  # A second task with the id of one that has been dealt with.
            self._sides.merged.add(ours.span.start)
        if ours is None:
            if base is None:
                self._canvas.insert(block, draft_text(self._draft, theirs.span, {}))
            elif changed:
                self._offer_back(block, theirs)
        elif changed and not same_task((self._draft, theirs), (self._current, ours)):
            self._change(base, ours, theirs)

    def remove(self, gone: TaskBlock) -> None:
        ours = self._sides.current.find(gone)
        at = self._canvas.index_of(ours) if ours else None
        if ours is None or at is None or ours.span.start in self._sides.merged:
            return
        self._sides.merged.add(ours.span.start)
        started = set(statuses(self._current, ours.span).values()) - {TaskStatus.TODO}
        if not started and same_task((self._sides.base.document, gone), (self._current, ours)):
            self._canvas.remove(at)
            return
        self._offer(ours, "draft_deleted", "", (self._canvas.removal(at),), ())

    def _change(self, base: TaskBlock | None, ours: TaskBlock, theirs: TaskBlock) -> None:
        marks = statuses(self._current, ours.span)
        text = draft_text(self._draft, theirs.span, marks, ours.id)
        edit = self._canvas.replacement(ours.span, text)
        at = self._canvas.index_of(ours)
        if (
            base
            and at is not None
            and same_task((self._sides.base.document, base), (self._current, ours))
        ):
            self._canvas.replace(at, text)
            return
        indices = (self._sides.base, self._sides.current, self._sides.draft)
        fresh = self._current.dialect.next_id({each for index in indices for each in index.by_id})
        other = draft_text(self._draft, theirs.span, {}, fresh)
        end = Span(ours.span.end, ours.span.end)
        both = self._canvas.replacement(end, f"\n{other}")
        self._offer(ours, "both_changed" if base else "unrelated", text, (edit,), (both,))

    def _offer_back(self, block: Block, theirs: TaskBlock) -> None:
        text = draft_text(self._draft, theirs.span, {})
        edit = self._canvas.insertion(block, text)
        self._canvas.conflicts.append(
            Conflict("task", "you_deleted", _name(theirs), edit.span, "", text, (edit,), (edit,))
        )

    def _offer(
        self,
        ours: TaskBlock,
        reason: ConflictReason,
        theirs: str,
        take: tuple[TextEdit, ...],
        both: tuple[TextEdit, ...],
    ) -> None:
        text = ours.span.of(self._current.text)
        self._canvas.conflicts.append(
            Conflict("task", reason, _name(ours), ours.span, text, theirs, take, both)
        )


def _name(task: TaskBlock) -> str:
    return task.id or task.title

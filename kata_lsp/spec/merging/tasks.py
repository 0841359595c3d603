"""Owns which tasks of two texts are the same, and what of a task a draft may not change.

It must not know sections or edits of the current text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kata_lsp.spec.document import SpecDocument, TaskBlock
from kata_lsp.spec.edits import TextEdit, apply_edits
from kata_lsp.spec.merging.units import comparable
from kata_lsp.spec.parser import parse
from kata_lsp.spec.shapes import Span, TaskStatus


@dataclass(frozen=True, slots=True)
class TaskIndex:
    """The tasks of one text that no other task encloses, by id and by title."""

    document: SpecDocument
    by_id: Mapping[str, TaskBlock]
    by_title: Mapping[str, TaskBlock]

    def find(self, task: TaskBlock) -> TaskBlock | None:
        """Return the task with the same id, else one with the same title."""
        if task.id and (found := self.by_id.get(task.id)):
            return found
        found = self.by_title.get(_title_key(task))
        return found if found and (found.id is None or task.id is None) else None


def index_tasks(document: SpecDocument) -> TaskIndex:
    """Index the outermost tasks of a document; of two alike the first counts."""
    by_id: dict[str, TaskBlock] = {}
    by_title: dict[str, TaskBlock] = {}
    for task in document.checkboxes():
        if task.depth == 0:
            if task.id:
                by_id.setdefault(task.id, task)
            if task.title:
                by_title.setdefault(_title_key(task), task)
    return TaskIndex(document, by_id, by_title)


def align_ids(base: TaskIndex, current: TaskIndex, draft: TaskIndex) -> SpecDocument:
    """Return the draft with the ids of its new tasks made to fit the current text.

    A new task that is there already under another id gets that id; one whose id the reader gave to
    another task meanwhile gets a free one. References follow.
    """
    taken = {*base.by_id, *current.by_id, *draft.by_id}
    renames: dict[str, str] = {}
    for task_id, task in draft.by_id.items():
        same = current.by_title.get(_title_key(task))
        if task_id in base.by_id:
            continue
        if same and same.id:
            if same.id not in draft.by_id and same.id not in base.by_id:
                renames[task_id] = same.id
        elif base.by_id and task_id in current.by_id:
            renames[task_id] = current.document.dialect.next_id(taken)
            taken.add(renames[task_id])
    text = apply_edits(draft.document.text, _rename_edits(draft.document, renames))
    return parse(text, dialect=draft.document.dialect)


def _rename_edits(document: SpecDocument, renames: Mapping[str, str]) -> list[TextEdit]:
    edits: list[TextEdit] = []
    for task in document.checkboxes():
        if task.id and task.id in renames and task.id_span:
            edits.append(TextEdit(task.id_span, renames[task.id]))
        edits += (
            TextEdit(reference.span, renames[reference.id])
            for reference in task.references
            if reference.id in renames
        )
    return edits


def task_key(document: SpecDocument, task: TaskBlock, *, with_id: bool) -> str:
    """Return a task's text without its marks, and without its id where that is not compared."""
    edits = [TextEdit(each.mark, " ") for each in document.checkboxes(task.span) if each.mark]
    if task.id_span and not with_id:
        edits.append(TextEdit(task.id_span, ""))
    return " ".join(comparable(_edited(document, task.span, edits)).split(" "))


def same_task(one: tuple[SpecDocument, TaskBlock], other: tuple[SpecDocument, TaskBlock]) -> bool:
    """Tell whether two versions of a task differ in marks and missing ids at most."""
    with_id = one[1].id is not None and other[1].id is not None
    keys = [task_key(document, task, with_id=with_id) for document, task in (one, other)]
    return keys[0].split() == keys[1].split() if not with_id else keys[0] == keys[1]


def statuses(document: SpecDocument, span: Span) -> dict[str, TaskStatus]:
    """Return the statuses of the tasks inside ``span`` under their ids and titles."""
    found: dict[str, TaskStatus] = {}
    for task in document.checkboxes(span):
        found.setdefault(_title_key(task), task.status)
        if task.id:
            found[task.id] = task.status
    return found


def draft_text(
    document: SpecDocument, span: Span, marks: Mapping[str, TaskStatus], task_id: str | None = None
) -> str:
    """Return part of a draft with the marks of ``marks``: the server ticks, a draft does not.

    Args:
        document: The draft.
        span: The part.
        marks: From `statuses`; tasks not in it are to do.
        task_id: The id for the first task of the part, where it is to have another or its first.
    """
    edits: list[TextEdit] = []
    for number, task in enumerate(document.checkboxes(span)):
        wanted = marks.get(task.id or "", marks.get(_title_key(task), TaskStatus.TODO))
        mark = document.dialect.mark(wanted)
        if task.mark and mark and task.status != wanted:
            edits.append(TextEdit(task.mark, mark))
        if number == 0 and task_id and task.mark:
            at = task.mark.end + 1
            edits.append(
                TextEdit(task.id_span, task_id)
                if task.id_span
                else TextEdit(Span(at, at), f" {task_id}")
            )
    return _edited(document, span, edits)


def _edited(document: SpecDocument, span: Span, edits: list[TextEdit]) -> str:
    moved = [TextEdit(edit.span.shift(-span.start), edit.new_text) for edit in edits]
    return apply_edits(span.of(document.text), moved)


def _title_key(task: TaskBlock) -> str:
    return " ".join(task.title.casefold().split())

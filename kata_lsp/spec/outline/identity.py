"""Owns where a task's id is defined and used: definition, references and rename.

It must not know other documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.edits import SpecEditError, TextEdit
from kata_lsp.spec.shapes import Span


@dataclass(frozen=True, slots=True)
class IdUse:
    """A task id at one place."""

    id: str
    span: Span
    is_definition: bool


def uses(document: SpecDocument, task_id: str) -> tuple[IdUse, ...]:
    """Return every place of an id in document order: definitions, ``after``, and the prose.

    In prose an id counts as a whole word outside code blocks, and only if it has a letter: ``1.2``
    in a sentence is rarely a task.
    """
    found: dict[Span, IdUse] = {}
    for task in document.tasks:
        if task.shape.id == task_id and task.id_span:
            found[task.id_span] = IdUse(task_id, task.id_span, is_definition=True)
        for reference in task.references if task.shape.after else ():
            if reference.id == task_id:
                found[reference.span] = IdUse(task_id, reference.span, is_definition=False)
    if task_id[:1].isalpha():
        for match in re.finditer(rf"(?<![\w-]){re.escape(task_id)}(?![\w-])", document.text):
            span = Span(*match.span())
            if span not in found and document.is_prose(span.start):
                found[span] = IdUse(task_id, span, is_definition=False)
    return tuple(sorted(found.values(), key=lambda use: use.span))


def id_at(document: SpecDocument, offset: int) -> IdUse | None:
    """Return the task id at a caret, if a task has it."""
    task = document.task_at(offset)
    if task:
        if task.id and task.id_span and task.id_span.covers(offset):
            return IdUse(task.id, task.id_span, is_definition=True)
        for reference in task.references:
            if reference.span.covers(offset):
                return IdUse(reference.id, reference.span, is_definition=False)
    return _word_at(document, offset)


def definition(document: SpecDocument, offset: int) -> Span | None:
    """Return where the id at a caret is defined: the id itself in its task."""
    use = id_at(document, offset)
    task = document.task(use.id) if use else None
    return task.id_span if task else None


def references(
    document: SpecDocument, offset: int, *, with_definition: bool = True
) -> tuple[Span, ...]:
    """Return the places of the id at a caret."""
    use = id_at(document, offset)
    if use is None:
        return ()
    found = uses(document, use.id)
    return tuple(each.span for each in found if with_definition or not each.is_definition)


def rename_edits(document: SpecDocument, offset: int, new_id: str) -> tuple[TextEdit, ...]:
    """Return the edits that rename the id at a caret everywhere.

    Raises:
        SpecEditError: No id there, or a new one that the dialect cannot read or a task has.
    """
    use = id_at(document, offset)
    if use is None:
        raise SpecEditError("there is no task id at that place; put the caret on one")
    match = document.dialect.task_id.fullmatch(new_id)
    if match is None or match["id"] != new_id:
        raise SpecEditError(
            f"{new_id!r} is no task id in a {document.dialect.label} file; write one like {use.id}"
        )
    if new_id != use.id and document.task(new_id):
        raise SpecEditError(f"another task has the id {new_id!r} already; choose a free one")
    return tuple(TextEdit(each.span, new_id) for each in uses(document, use.id))


def _word_at(document: SpecDocument, offset: int) -> IdUse | None:
    line = document.line_starts[document.line_at(offset)]
    for match in re.finditer(r"[A-Za-z][\w.-]*\w", document.text[line : offset + 64]):
        span = Span(*match.span()).shift(line)
        if span.covers(offset) and document.task(match[0]) and document.is_prose(span.start):
            return IdUse(match[0], span, is_definition=False)
    return None

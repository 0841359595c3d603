"""Owns text edits: applying them, keeping them minimal, and the one-character tick.

It must not know why an edit is made; quick fixes (`fixes`) and merges (`merging`) decide that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kata_lsp.spec.document import SpecDocument, TaskBlock
from kata_lsp.spec.shapes import Span, TaskStatus


class SpecEditError(ValueError):
    """An edit that cannot be made; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace ``span`` (code points of the text before any edit) by ``new_text``."""

    span: Span
    new_text: str


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """Return ``text`` with all ``edits`` made at once; insertions at one place keep their order.

    Raises:
        SpecEditError: Two edits overlap, or one reaches outside the text.
    """
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        start, end = edit.span
        if not at <= start <= end <= len(text):
            raise SpecEditError(
                f"the edit of {start}..{end} overlaps another edit or the end of the text; "
                "make the edits one after the other"
            )
        parts += text[at:start], edit.new_text
        at = end
    parts.append(text[at:])
    return "".join(parts)


def minimal_edit(text: str, span: Span, new_text: str) -> TextEdit:
    """Return the smallest edit that turns ``text[span]`` into ``new_text``."""
    old = span.of(text)
    shared = min(len(old), len(new_text))
    start = next((i for i in range(shared) if old[i] != new_text[i]), shared)
    room = shared - start
    back = next((i for i in range(room) if old[-1 - i] != new_text[-1 - i]), room)
    # A carriage return and its line feed are one line ending: an edit never parts them.
    if start and old[start - 1] == "\r":
        start -= 1
    if back and old[len(old) - back] == "\n":
        back -= 1
    kept = len(new_text) - back
    return TextEdit(Span(span.start + start, span.end - back), new_text[start:kept])


def set_task_status(
    document: SpecDocument, task: TaskBlock | str, status: TaskStatus
) -> tuple[TextEdit, ...]:
    """Return the one-character edit that gives a task ``status``; no edit where it has it already.

    Args:
        document: The document the task is in.
        task: A task of ``document``, or the id of one.
        status: The status wanted.

    Raises:
        SpecEditError: No such task, no checkbox to tick, or a status the dialect does not have.
    """
    found = document.task(task) if isinstance(task, str) else task
    if found is None:
        raise SpecEditError(f"no task has the id {task!r}; use an id that the spec contains")
    if found.status == status:
        return ()
    if found.mark is None:
        raise SpecEditError(
            f"task {found.id or found.title!r} is an @@@task block without a checkbox; "
            "convert it to a checkbox first"
        )
    mark = document.dialect.mark(status)
    if mark is None:
        raise SpecEditError(
            f"{document.dialect.label} has no mark for status {status.value!r}; "
            f"use one of {', '.join(each.value for each, _ in document.dialect.marks)}"
        )
    return (TextEdit(found.mark, mark),)

"""Owns which parts of the text carry meaning for colouring: ids, references, marks, labels.

It must not know the token types of a protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kata_lsp.spec.document import SpecDocument, TaskBlock
from kata_lsp.spec.shapes import Span, TaskStatus

MarkKind = Literal["id", "reference", "parallel", "mark", "clarification", "keyword"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A coloured part of the text."""

    kind: MarkKind
    span: Span
    status: TaskStatus | None = None
    """The task's status, for ids and marks."""


def marks(document: SpecDocument, span: Span | None = None) -> tuple[Mark, ...]:
    """Return the marks that begin inside ``span``, in order and never overlapping."""
    inside = span or Span(0, len(document.text))
    found = [Mark("clarification", each) for each in document.clarifications()]
    for task in document.tasks:
        if task.span.start < inside.end and task.span.end >= inside.start:
            found += _task_marks(document, task)
    found.sort(key=lambda mark: mark.span)
    kept: list[Mark] = []
    for mark in found:
        if inside.start <= mark.span.start < inside.end:
            if kept and kept[-1].span.end > mark.span.start:
                continue
            kept.append(mark)
    return tuple(kept)


def _task_marks(document: SpecDocument, task: TaskBlock) -> Iterator[Mark]:
    if task.form == "fenced":
        start = document.text.index("@@@", task.line.start)
        yield Mark("keyword", Span(start, start + len("@@@task")))
    if task.mark:
        yield Mark("mark", Span(task.mark.start - 1, task.mark.end + 1), task.status)
    if task.id_span:
        yield Mark("id", task.id_span, task.status)
    if task.parallel_span:
        yield Mark("parallel", task.parallel_span)
    for reference in task.references:
        yield Mark("reference", reference.span)

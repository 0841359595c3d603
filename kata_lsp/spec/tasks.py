"""Owns how one line reads as a task: checkbox, id, labels, title and what it waits for.

It must not know which lines are list items: the block structure decides that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kata_lsp.spec.dialects import MARKS, Dialect
from kata_lsp.spec.shapes import Reference, Span, TaskShape, TaskStatus

ITEM = re.compile(
    r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]{1,4}|$)"
    r"(?P<box>\[(?P<mark>[ xX/~-])\](?P<optional>\*?)(?:[ \t]+|$))?(?P<text>.*)"
)
"""The first line of a list item; group ``box`` is there where it has a checkbox."""

TASK_OPENER = re.compile(r" {0,3}@@@task\b[ \t]*(?P<text>.*)")
TASK_CLOSER = re.compile(r" {0,3}@@@[ \t]*")
_BLOCK_TITLE = re.compile(r" {0,3}#{1,6}[ \t]+(?P<text>.*)")

_LABEL = re.compile(r"\[(?P<label>[A-Za-z][A-Za-z0-9_-]{0,15})\](?![(\[:])[ \t]*")
_AFTER = re.compile(r"\([ \t]*(?:after|depends on)\b[: \t]*(?P<ids>[^()]*)\)", re.IGNORECASE)
_REFERENCE = re.compile(r"[A-Za-z0-9][\w.-]*[A-Za-z0-9]|[A-Za-z0-9]")
_NOT_AN_ID = frozenset({"and"})


class Head(NamedTuple):
    """What the text of a task's first line says."""

    id: str | None
    id_at: int | None
    labels: tuple[str, ...]
    parallel_at: int | None
    title: str
    title_at: int
    after: tuple[Reference, ...]
    after_span: Span | None


def read_head(text: str, span: Span, dialect: Dialect) -> Head:
    """Read id, labels, title and ``(after ...)`` from ``text[span]``, in whatever is there."""
    pos = _skip_blanks(text, span)
    labels: list[str] = []
    parallel: int | None = None
    task_id: str | None = None
    id_at: int | None = None
    while pos < span.end:
        if task_id is None and (match := dialect.task_id.match(text, pos, span.end)):
            task_id, id_at = match["id"], match.start("id")
        elif match := _LABEL.match(text, pos, span.end):
            if match["label"] == "P":
                parallel = pos
            else:
                labels.append(match["label"])
        else:
            break
        pos = _skip_blanks(text, Span(match.end(), span.end))
    after, after_span = _read_after(text, Span(pos, span.end))
    stop = after_span.start if after_span else span.end
    title = text[pos:stop].rstrip()
    return Head(task_id, id_at, tuple(labels), parallel, title, pos, after, after_span)


def read_checkbox(
    text: str, span: Span, match: re.Match[str], depth: int, dialect: Dialect
) -> TaskShape:
    """Return the task of a checkbox item.

    Args:
        text: The chunk.
        span: The item's lines.
        match: The match of `ITEM` on the item's first line, with a checkbox.
        depth: How many list items enclose it.
        dialect: Whose ids are read.
    """
    head = read_head(text, Span(*match.span("text")), dialect)
    return TaskShape(
        form="checkbox",
        span=span,
        line_end=match.end(),
        status=MARKS[match["mark"]],
        title=head.title,
        title_at=head.title_at,
        mark_at=match.start("mark"),
        id=head.id,
        id_at=head.id_at,
        parallel_at=head.parallel_at,
        labels=head.labels,
        after=head.after,
        after_span=head.after_span,
        depth=depth,
        optional=bool(match["optional"]),
    )


def read_fenced(text: str, lines: list[Span], dialect: Dialect, *, terminated: bool) -> TaskShape:
    """Return the task of an ``@@@task`` block, whose opener is ``lines[0]``.

    The title is the rest of the opener, else the first heading inside the block, else its first
    line with text. An id in the title counts unless the opener has one.
    """
    opener = TASK_OPENER.match(text, lines[0].start, lines[0].end)
    head = read_head(text, Span(*opener.span("text")) if opener else lines[0], dialect)
    if not head.title and terminated:
        inner = _title_line(text, lines[1:-1])
        if inner:
            head = _merge_heads(head, read_head(text, inner, dialect))
    return TaskShape(
        form="fenced",
        span=Span(lines[0].start, lines[-1].end),
        line_end=lines[0].end,
        status=TaskStatus.TODO,
        title=head.title,
        title_at=head.title_at,
        id=head.id,
        id_at=head.id_at,
        parallel_at=head.parallel_at,
        labels=head.labels,
        after=head.after,
        after_span=head.after_span,
        terminated=terminated,
    )


def _merge_heads(opener: Head, title: Head) -> Head:
    has_id = opener.id is not None
    has_after = opener.after_span is not None
    return Head(
        opener.id if has_id else title.id,
        opener.id_at if has_id else title.id_at,
        opener.labels + title.labels,
        title.parallel_at if opener.parallel_at is None else opener.parallel_at,
        title.title,
        title.title_at,
        opener.after if has_after else title.after,
        opener.after_span if has_after else title.after_span,
    )


def _title_line(text: str, lines: list[Span]) -> Span | None:
    first: Span | None = None
    for line in lines:
        if match := _BLOCK_TITLE.match(text, line.start, line.end):
            return Span(*match.span("text"))
        if first is None and line.of(text).strip():
            first = line
    return first


def _read_after(text: str, span: Span) -> tuple[tuple[Reference, ...], Span | None]:
    matches = list(_AFTER.finditer(text, span.start, span.end))
    if not matches:
        return (), None
    match = matches[-1]
    found = _REFERENCE.finditer(text, *match.span("ids"))
    ids = (Reference(each[0], Span(*each.span())) for each in found if each[0] not in _NOT_AN_ID)
    return tuple(ids), Span(*match.span())


def _skip_blanks(text: str, span: Span) -> int:
    pos = span.start
    while pos < span.end and text[pos] in " \t":
        pos += 1
    return pos

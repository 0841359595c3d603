"""Owns the position-independent records that a run of spec lines parses into.

It must not know where in a document those lines stand: that is what lets an edit reuse them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NamedTuple


class Span(NamedTuple):
    """A half-open range ``[start, end)`` of code points.

    A named tuple rather than a dataclass because one keystroke makes thousands of them.
    """

    start: int
    end: int

    def shift(self, by: int) -> Span:
        """Return the same range ``by`` code points further on."""
        return Span(self.start + by, self.end + by)

    def covers(self, offset: int) -> bool:
        """Tell whether a caret at ``offset`` touches the range; both ends count."""
        return self.start <= offset <= self.end

    def of(self, text: str) -> str:
        """Return the part of ``text`` that the range selects."""
        return text[self.start : self.end]


class TaskStatus(StrEnum):
    """What the one character between a task's brackets says."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"


BlockKind = Literal[
    "heading", "paragraph", "item", "code", "html", "quote", "rule", "task", "definition"
]
TaskForm = Literal["checkbox", "fenced"]
LinkKind = Literal["path", "url"]


class Reference(NamedTuple):
    """A task id written inside ``(after ...)``, and where."""

    id: str
    span: Span

    def shift(self, by: int) -> Reference:
        """Return the same reference ``by`` code points further on."""
        return Reference(self.id, self.span.shift(by))


@dataclass(frozen=True, slots=True)
class TaskShape:
    """One task, with every span relative to its chunk; `TaskBlock` documents the fields."""

    form: TaskForm
    span: Span
    line: Span
    status: TaskStatus
    title: str
    title_span: Span
    mark: Span | None = None
    id: str | None = None
    id_span: Span | None = None
    parallel: Span | None = None
    labels: tuple[str, ...] = ()
    after: tuple[Reference, ...] = ()
    after_span: Span | None = None
    depth: int = 0
    optional: bool = False
    terminated: bool = True

    def shift(self, by: int) -> TaskShape:
        """Return the same task with every span ``by`` code points further on."""
        return replace(
            self,
            span=self.span.shift(by),
            line=self.line.shift(by),
            title_span=self.title_span.shift(by),
            mark=self.mark and self.mark.shift(by),
            id_span=self.id_span and self.id_span.shift(by),
            parallel=self.parallel and self.parallel.shift(by),
            after=tuple(reference.shift(by) for reference in self.after),
            after_span=self.after_span and self.after_span.shift(by),
        )


class HeadingShape(NamedTuple):
    """A heading outside every list, quote and fence."""

    level: int
    title: str
    span: Span
    title_span: Span


class ItemShape(NamedTuple):
    """A list item with the text after its marker and checkbox."""

    span: Span
    text_span: Span
    depth: int
    headings: int
    """How many headings of the chunk stand before it."""
    task: TaskShape | None


class BlockShape(NamedTuple):
    """A top-level block; each item of a top-level list is a block of its own."""

    kind: BlockKind
    span: Span
    task: TaskShape | None = None


class LinkShape(NamedTuple):
    """A path or an address found in the text."""

    kind: LinkKind
    target: str
    span: Span


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that mean the same wherever they stand, and what they mean."""

    text: str
    line_starts: tuple[int, ...]
    headings: tuple[HeadingShape, ...] = ()
    items: tuple[ItemShape, ...] = ()
    blocks: tuple[BlockShape, ...] = ()
    opaque: tuple[Span, ...] = ()
    """Code, HTML and front matter: places where text is not prose."""
    clarifications: tuple[Span, ...] = ()
    links: tuple[LinkShape, ...] = ()
    dangling: tuple[int, ...] = ()
    """Where ``@@@task`` openers without a closing ``@@@`` stand."""
    open: bool = False
    """The last block would swallow the line that follows the chunk."""
    front_matter: bool = False

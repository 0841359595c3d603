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
    """One task, with every place relative to its chunk; `TaskBlock` documents the meaning.

    Places are plain numbers where a length is known, not spans: a long spec has thousands of tasks,
    and each object makes the garbage collector slower while somebody types.
    """

    form: TaskForm
    span: Span
    line_end: int
    status: TaskStatus
    title: str
    title_at: int
    mark_at: int | None = None
    id: str | None = None
    id_at: int | None = None
    parallel_at: int | None = None
    labels: tuple[str, ...] = ()
    after: tuple[Reference, ...] = ()
    after_span: Span | None = None
    depth: int = 0
    optional: bool = False
    terminated: bool = True

    @property
    def line(self) -> Span:
        """The first line."""
        return Span(self.span.start, self.line_end)

    @property
    def title_span(self) -> Span:
        """The title's place."""
        return Span(self.title_at, self.title_at + len(self.title))

    @property
    def mark(self) -> Span | None:
        """The place of the one character between the brackets."""
        return None if self.mark_at is None else Span(self.mark_at, self.mark_at + 1)

    @property
    def id_span(self) -> Span | None:
        """The id's place."""
        if self.id_at is None or self.id is None:
            return None
        return Span(self.id_at, self.id_at + len(self.id))

    @property
    def parallel(self) -> Span | None:
        """The place of ``[P]``."""
        return None if self.parallel_at is None else Span(self.parallel_at, self.parallel_at + 3)

    def shift(self, by: int) -> TaskShape:
        """Return the same task with every place ``by`` code points further on."""
        return replace(
            self,
            span=self.span.shift(by),
            line_end=self.line_end + by,
            title_at=self.title_at + by,
            mark_at=None if self.mark_at is None else self.mark_at + by,
            id_at=None if self.id_at is None else self.id_at + by,
            parallel_at=None if self.parallel_at is None else self.parallel_at + by,
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
    text_at: int
    text_end: int
    depth: int
    headings: int
    """How many headings of the chunk stand before it."""
    task: TaskShape | None

    @property
    def text_span(self) -> Span:
        """The place of the text after marker and checkbox."""
        return Span(self.text_at, self.text_end)


class BlockShape(NamedTuple):
    """A top-level block; each item of a top-level list is a block of its own."""

    kind: BlockKind
    span: Span
    task: TaskShape | None = None


class LinkShape(NamedTuple):
    """A path or an address found in the text."""

    kind: LinkKind
    target: str
    at: int

    @property
    def span(self) -> Span:
        """The place of the target."""
        return Span(self.at, self.at + len(self.target))


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

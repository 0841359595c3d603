"""Owns the parsed spec: sections, tasks, blocks and items at their places in one text.

It must not know how they were found (`parser`) nor what an editor shows of them (`outline`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from kata_lsp.spec.dialects import Dialect
from kata_lsp.spec.shapes import (
    BlockKind,
    Chunk,
    LinkKind,
    Reference,
    Span,
    TaskForm,
    TaskShape,
    TaskStatus,
)


@dataclass(frozen=True, slots=True, eq=False)
class TaskBlock:
    """A task of the spec: its checkbox item, or its ``@@@task`` block.

    Every span is in code points of the whole document. Two tasks are equal when they say the same
    at the same place, however the text was cut for parsing.
    """

    shape: TaskShape
    offset: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TaskBlock) and self.placed_shape == other.placed_shape

    def __hash__(self) -> int:
        return hash(self.span)

    @property
    def placed_shape(self) -> TaskShape:
        """The shape with its spans in the whole document."""
        return self.shape.shift(self.offset)

    @property
    def id(self) -> str | None:
        """The stable id, such as ``T001`` or ``2.1``; None where the task has none."""
        return self.shape.id

    @property
    def title(self) -> str:
        """The text after id and labels, without ``(after ...)``; may be empty."""
        return self.shape.title

    @property
    def status(self) -> TaskStatus:
        """What the mark says; an ``@@@task`` block has no mark and is always to do."""
        return self.shape.status

    @property
    def form(self) -> TaskForm:
        """How the task is written."""
        return self.shape.form

    @property
    def after(self) -> tuple[str, ...]:
        """The ids this task waits for, as written."""
        return tuple(reference.id for reference in self.shape.after)

    @property
    def references(self) -> tuple[Reference, ...]:
        """The ids inside ``(after ...)`` with their places."""
        return tuple(reference.shift(self.offset) for reference in self.shape.after)

    @property
    def parallel(self) -> bool:
        """Whether the task carries ``[P]``."""
        return self.shape.parallel is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """Other bracketed labels before the title, such as ``US1``."""
        return self.shape.labels

    @property
    def depth(self) -> int:
        """How many list items enclose the task; 0 for a task of its own."""
        return self.shape.depth

    @property
    def optional(self) -> bool:
        """Whether the task is marked ``[ ]*``, as Kiro marks what may be left out."""
        return self.shape.optional

    @property
    def terminated(self) -> bool:
        """False for an ``@@@task`` line that no ``@@@`` closes."""
        return self.shape.terminated

    @property
    def span(self) -> Span:
        """The whole task with its details, without the last line's ending."""
        return self.shape.span.shift(self.offset)

    @property
    def line(self) -> Span:
        """The first line, without its ending."""
        return self.shape.line.shift(self.offset)

    @property
    def mark(self) -> Span | None:
        """The one character between the brackets."""
        return self.shape.mark and self.shape.mark.shift(self.offset)

    @property
    def id_span(self) -> Span | None:
        """Where the id stands."""
        return self.shape.id_span and self.shape.id_span.shift(self.offset)

    @property
    def title_span(self) -> Span:
        """Where the title stands; empty where there is none."""
        return self.shape.title_span.shift(self.offset)

    @property
    def parallel_span(self) -> Span | None:
        """Where ``[P]`` stands, brackets included."""
        return self.shape.parallel and self.shape.parallel.shift(self.offset)

    @property
    def after_span(self) -> Span | None:
        """Where ``(after ...)`` stands, parentheses included."""
        return self.shape.after_span and self.shape.after_span.shift(self.offset)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and everything up to the next heading of its level or above."""

    level: int
    title: str
    path: tuple[str, ...]
    """The titles from the outermost heading down to this one."""
    span: Span
    heading: Span
    """The heading's lines without the last line's ending."""
    title_span: Span
    body: Span
    """From the line after the heading to the end of the section, subsections included."""


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block without the line ending of its last line."""

    kind: BlockKind
    span: Span
    task: TaskBlock | None
    """What a checkbox item or an ``@@@task`` block says, in whatever section it stands."""


@dataclass(frozen=True, slots=True)
class Item:
    """A list item; `text` is what stands after its marker and checkbox on the first line."""

    span: Span
    text_span: Span
    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class Link:
    """A path or an address in the text; `span` covers `target`."""

    kind: LinkKind
    target: str
    span: Span


@dataclass(frozen=True, slots=True)
class Placed:
    """A chunk at its place, with the tasks it contributes."""

    chunk: Chunk
    offset: int
    tasks: tuple[TaskBlock, ...]
    in_tasks: bool
    """Whether checkboxes at the chunk's start count as tasks."""

    @property
    def end(self) -> int:
        """The offset after the chunk."""
        return self.offset + len(self.chunk.text)


@dataclass(frozen=True, slots=True)
class SpecDocument:
    """One version of a spec, parsed; immutable and free of references to earlier versions."""

    text: str
    path: str
    dialect: Dialect
    newline: str
    """The first line ending in the text, a line feed where it has none."""
    sections: tuple[Section, ...]
    tasks: tuple[TaskBlock, ...]
    line_starts: tuple[int, ...]
    """The offset of every line, as the Language Server Protocol counts lines."""
    placed: tuple[Placed, ...] = field(repr=False, compare=False)

    def line_at(self, offset: int) -> int:
        """Return the zero-based line that holds ``offset``."""
        return bisect_right(self.line_starts, offset) - 1

    def task(self, task_id: str) -> TaskBlock | None:
        """Return the first task with that id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def task_at(self, offset: int) -> TaskBlock | None:
        """Return the innermost task whose lines hold ``offset``."""
        index = bisect_right(self.tasks, offset, key=lambda task: task.span.start)
        before = reversed(self.tasks[:index])
        for task in before:
            if task.span.covers(offset):
                return task
            if task.depth == 0:
                return None
        return None

    def section_at(self, offset: int) -> Section | None:
        """Return the innermost section that holds ``offset``."""
        index = bisect_right(self.sections, offset, key=lambda section: section.span.start)
        return self.sections[index - 1] if index else None

    def blocks(self, span: Span) -> Iterator[Block]:
        """Yield the top-level blocks that begin inside ``span``, in order."""
        for placed in self._within(span):
            for shape in placed.chunk.blocks:
                at = shape.span.shift(placed.offset)
                if span.start <= at.start < span.end:
                    task = shape.task and TaskBlock(shape.task, placed.offset)
                    yield Block(shape.kind, at, task)

    def items(self, span: Span) -> Iterator[Item]:
        """Yield the list items, nested ones included, that begin inside ``span``."""
        for placed in self._within(span):
            for shape in placed.chunk.items:
                at = shape.span.shift(placed.offset)
                if span.start <= at.start < span.end:
                    text_span = shape.text_span.shift(placed.offset)
                    yield Item(at, text_span, text_span.of(self.text), shape.depth)

    def checkboxes(self, span: Span | None = None) -> Iterator[TaskBlock]:
        """Yield every checkbox item and ``@@@task`` block that begins inside ``span``.

        Other than in `tasks`, those in sections without tasks count too.
        """
        inside = Span(0, len(self.text)) if span is None else span
        for placed in self._within(inside):
            for shape in placed.chunk.items:
                at = shape.span.start + placed.offset
                if shape.task and inside.start <= at < inside.end:
                    yield TaskBlock(shape.task, placed.offset)

    def links(self, span: Span | None = None) -> Iterator[Link]:
        """Yield the paths and addresses that begin inside ``span``, by default anywhere."""
        inside = Span(0, len(self.text)) if span is None else span
        for placed in self._within(inside):
            for shape in placed.chunk.links:
                at = shape.span.shift(placed.offset)
                if inside.start <= at.start < inside.end:
                    yield Link(shape.kind, shape.target, at)

    def clarifications(self) -> Iterator[Span]:
        """Yield the places of ``[NEEDS CLARIFICATION: ...]`` marks outside code and comments."""
        for placed in self.placed:
            for span in placed.chunk.clarifications:
                yield span.shift(placed.offset)

    def is_prose(self, offset: int) -> bool:
        """Tell whether ``offset`` is outside code, HTML and front matter."""
        for placed in self._within(Span(offset, offset + 1)):
            at = offset - placed.offset
            if any(span.start <= at < span.end for span in placed.chunk.opaque):
                return False
        return True

    def _within(self, span: Span) -> Iterator[Placed]:
        first = bisect_right(self.placed, span.start, key=lambda placed: placed.offset) - 1
        for placed in self.placed[max(first, 0) :]:
            if placed.offset >= span.end:
                return
            yield placed

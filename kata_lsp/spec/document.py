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
    Span,
)
from kata_lsp.spec.task_block import TaskBlock

__all__ = ["Block", "Item", "Link", "Placed", "Section", "SpecDocument", "TaskBlock"]


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
        index = bisect_right(self.tasks, offset, key=_start_of)
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

    def has_content(self, span: Span) -> bool:
        """Tell whether ``span`` holds more than headings, rules, definitions and comments."""
        for block in self.blocks(span):
            if block.kind in {"heading", "rule", "definition"}:
                continue
            if block.kind == "html" and block.span.of(self.text).lstrip().startswith("<!--"):
                continue
            return True
        return False

    def _within(self, span: Span) -> Iterator[Placed]:
        first = bisect_right(self.placed, span.start, key=lambda placed: placed.offset) - 1
        for placed in self.placed[max(first, 0) :]:
            if placed.offset >= span.end:
                return
            yield placed


def _start_of(task: TaskBlock) -> int:
    # `task.span` would build a span per look.
    return task.offset + task.shape.span.start

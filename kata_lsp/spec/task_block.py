"""Owns a task of the spec at its place in one text.

It must not know how tasks are found, scheduled or edited.
"""

from __future__ import annotations

from dataclasses import dataclass

from kata_lsp.spec.shapes import Reference, Span, TaskForm, TaskShape, TaskStatus


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
        return self.shape.parallel_at is not None

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

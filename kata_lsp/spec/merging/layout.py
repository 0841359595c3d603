"""Owns how blocks are put into, replaced in and taken out of the current text.

It must not know why: it turns decisions into edits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kata_lsp.spec.document import Block
from kata_lsp.spec.edits import TextEdit
from kata_lsp.spec.merging.units import Unit
from kata_lsp.spec.shapes import Span

BLANK_LINE = 2


class Piece(NamedTuple):
    """A text to insert."""

    breaks: int
    """How many line endings come before it, unless it is put at the start of a unit."""
    text: str
    is_item: bool


@dataclass(slots=True)
class Insertions:
    """Texts to insert into one unit of the current text, gathered by place."""

    unit: Unit
    newline: str
    pieces: dict[int | None, list[Piece]] = field(default_factory=dict[int | None, list[Piece]])
    """By the index of the block that they follow, None for the start."""

    def add(self, after: int | None, piece: Piece) -> None:
        """Insert a piece after a block of the unit, behind what was inserted there before."""
        self.pieces.setdefault(after, []).append(piece)

    def leading(self) -> list[TextEdit]:
        """Return the edit at the unit's start, to be made before any other at that place."""
        return [self._edit(None, pieces) for after, pieces in self.pieces.items() if after is None]

    def following(self) -> list[TextEdit]:
        """Return the edits behind blocks, to be made after any other at their places."""
        behind = ((after, pieces) for after, pieces in self.pieces.items() if after is not None)
        return [self._edit(after, pieces) for after, pieces in behind]

    def _edit(self, after: int | None, pieces: list[Piece]) -> TextEdit:
        blank = self.newline * BLANK_LINE
        tail = "".join(self.newline * each.breaks + each.text for each in pieces[1:])
        if after is not None:
            at = self.unit.blocks[after].span.end
            return TextEdit(Span(at, at), self.newline * pieces[0].breaks + pieces[0].text + tail)
        if self.unit.blocks:
            first = self.unit.blocks[0]
            tight = pieces[-1].is_item and first.kind == "item"
            text = pieces[0].text + tail + (self.newline if tight else blank)
            return TextEdit(Span(first.span.start, first.span.start), text)
        at = self.unit.head
        if self.unit.section:
            return TextEdit(Span(at, at), blank + pieces[0].text + tail)
        return TextEdit(Span(at, at), pieces[0].text + tail + blank)


def breaks_between(before: Block | None, block: Block, gap: str | None) -> int:
    """Return how many line endings belong between two blocks.

    Args:
        before: The block before, None at the start of a unit.
        block: The block after.
        gap: What stands between them in the draft, where they are neighbours there.
    """
    if before is None:
        return BLANK_LINE
    if gap is not None:
        return min(max(gap.count("\n"), 1), BLANK_LINE)
    return 1 if before.kind == block.kind == "item" else BLANK_LINE


def removal(unit: Unit, index: int) -> TextEdit:
    """Return the edit that takes a block out, with the line endings before it."""
    span = unit.blocks[index].span
    if index:
        return TextEdit(Span(unit.blocks[index - 1].span.end, span.end), "")
    return TextEdit(Span(unit.head if unit.section else span.start, span.end), "")

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

    def leading(self, *, at_head: bool) -> list[TextEdit]:
        """Return the edit at the unit's start, to be made before any other at that place.

        Args:
            at_head: Insert right behind the heading, where even the removal of the first block
                leaves room, instead of right before that block.
        """
        if None not in self.pieces:
            return []
        pieces = self.pieces[None]
        text = pieces[0].text + self._joined(pieces[1:])
        first = self.unit.blocks[0] if self.unit.blocks else None
        blank = self.newline * BLANK_LINE
        if first and not at_head:
            tight = pieces[-1].is_item and first.kind == "item"
            start = first.span.start
            return [TextEdit(Span(start, start), text + (self.newline if tight else blank))]
        at = self.unit.head
        if not self.unit.section:
            return [TextEdit(Span(at, at), text + blank)]
        gap = self.unit.document.text[at : first.span.start] if first else blank
        roomy = gap.count(self.newline) >= BLANK_LINE
        return [TextEdit(Span(at, at), blank + text + ("" if roomy else self.newline))]

    def following(self) -> list[TextEdit]:
        """Return the edits behind blocks, to be made after any other at their places."""
        edits: list[TextEdit] = []
        for after, pieces in self.pieces.items():
            if after is not None:
                at = self.unit.blocks[after].span.end
                edits.append(TextEdit(Span(at, at), self._joined(pieces)))
        return edits

    def _joined(self, pieces: list[Piece]) -> str:
        return "".join(self.newline * each.breaks + each.text for each in pieces)


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
    """Return the edit that takes a block out, and with it the smaller one of the gaps around it."""
    span = unit.blocks[index].span
    before = unit.blocks[index - 1].span.end if index else unit.head
    if index == 0 and not unit.section:
        before = span.start
    kept = 0
    if index + 1 < len(unit.blocks):
        after = unit.blocks[index + 1].span.start - span.end
        kept = max(span.start - before - after, 0)
    return TextEdit(Span(before + kept, span.end), "")

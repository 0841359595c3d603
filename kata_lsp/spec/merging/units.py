"""Owns the pieces that a merge compares: the sections of a spec cut into blocks, and their text.

It must not know which side a piece comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

from kata_lsp.spec.document import Block, Section, SpecDocument
from kata_lsp.spec.lines import BOM, with_newlines
from kata_lsp.spec.sections import SECTION_LEVEL, section_key
from kata_lsp.spec.shapes import Span

UnitKey = tuple[str, int]
TITLE = "#"
"""The name of the first level-1 heading, whatever it says."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The text before the first heading, or a heading of level 1 or 2 with what follows it."""

    document: SpecDocument
    key: UnitKey
    """What the unit is called, and how many before it are called the same."""
    section: Section | None
    blocks: tuple[Block, ...]
    """Everything but the heading, subsections included."""

    @property
    def head(self) -> int:
        """Where content may begin: after the heading, or at the start of the text."""
        if self.section:
            return self.section.heading.end
        return 1 if self.document.text.startswith(BOM) else 0

    @property
    def end(self) -> int:
        """Where content ends, trailing blank lines left out."""
        return self.blocks[-1].span.end if self.blocks else self.head

    @property
    def span(self) -> Span:
        """The unit from its heading to where its content ends."""
        return Span(self.section.span.start if self.section else self.head, self.end)

    @property
    def title(self) -> str:
        """The heading's text; empty for what precedes the headings."""
        return self.section.title if self.section else ""


def units_of(document: SpecDocument) -> dict[UnitKey, Unit]:
    """Return the units of a document in order; the first is always what precedes the headings."""
    tops = [each for each in document.sections if each.level <= SECTION_LEVEL]
    bounds = [each.span.start for each in tops] + [len(document.text)]
    preamble = Unit(document, ("", 0), None, tuple(document.blocks(Span(0, bounds[0]))))
    units = {preamble.key: preamble}
    title_seen = False
    for section, end in zip(tops, bounds[1:], strict=True):
        is_title = section.level == 1 and not title_seen
        title_seen = title_seen or is_title
        name = TITLE if is_title else f"## {section_key(section.title)}"
        count = sum(1 for each, _ in units if each == name)
        blocks = tuple(document.blocks(Span(section.heading.end, end)))
        units[name, count] = Unit(document, (name, count), section, blocks)
    return units


def comparable(text: str) -> str:
    """Return ``text`` without what is no change: line endings and blanks at line ends."""
    return "\n".join(line.rstrip() for line in with_newlines(text, "\n").split("\n")).strip("\n")


def block_key(unit: Unit, block: Block) -> str:
    """Return what a block has in common with the same block of another side."""
    return comparable(block.span.of(unit.document.text))


def is_comment(unit: Unit, block: Block) -> bool:
    """Tell whether a block is an HTML comment: a draft never removes one."""
    return block.kind == "html" and block_key(unit, block).lstrip().startswith("<!--")

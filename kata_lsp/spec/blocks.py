"""Owns the reading of one chunk: CommonMark structure plus ``@@@task`` blocks, with offsets.

It must not know what stands before or after the chunk; `parser` chooses where chunks begin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from kata_lsp.spec.dialects import Dialect
from kata_lsp.spec.links import scan_links
from kata_lsp.spec.shapes import (
    BlockKind,
    BlockShape,
    Chunk,
    HeadingShape,
    ItemShape,
    Span,
    TaskShape,
)
from kata_lsp.spec.tasks import ITEM, TASK_CLOSER, TASK_OPENER, read_checkbox, read_fenced

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

CLARIFICATION = re.compile(r"\[NEEDS CLARIFICATION(?::[^\]\r\n]*)?\]")

_BLOCK_KINDS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "fence": "code",
    "code_block": "code",
    "html_block": "html",
    "blockquote_open": "quote",
    "hr": "rule",
    "task_block": "task",
}
_OPAQUE = frozenset({"fence", "code_block", "html_block"})
_ENDINGS = frozenset({"\n", "\r", "\r\n"})


def parse_chunk(text: str, lines: Sequence[Span], dialect: Dialect) -> Chunk:
    """Parse ``text``, whose lines (without their endings) are ``lines``, on its own."""
    tokens: list[Token] = []
    markdown = _markdown()
    # A byte order mark is not part of the first line, so `lines` leaves it out.
    source = "".join(f"{span.of(text)}\n" for span in lines)
    markdown.block.parse(source, markdown, {}, tokens)
    reader = _Reader(text, lines, dialect)
    for token in tokens:
        reader.read(token)
    reader.add_unclaimed()
    opaque = tuple(reader.opaque)
    return Chunk(
        text=text,
        line_starts=(0, *(span.start for span in lines[1:])),
        headings=tuple(reader.headings),
        items=tuple(reader.items),
        blocks=tuple(reader.blocks),
        opaque=opaque,
        clarifications=tuple(
            Span(*match.span())
            for match in CLARIFICATION.finditer(text)
            if not any(span.start <= match.start() < span.end for span in opaque)
        ),
        links=tuple(scan_links(text, opaque)),
        dangling=tuple(reader.dangling),
        open=_stays_open(tokens, lines, text),
    )


@dataclass(slots=True)
class _Reader:
    """Turns the tokens of one chunk into shapes, in order."""

    text: str
    lines: Sequence[Span]
    dialect: Dialect
    headings: list[HeadingShape] = field(default_factory=list[HeadingShape])
    items: list[ItemShape] = field(default_factory=list[ItemShape])
    blocks: list[BlockShape] = field(default_factory=list[BlockShape])
    opaque: list[Span] = field(default_factory=list[Span])
    dangling: list[int] = field(default_factory=list[int])
    depth: int = 0

    def read(self, token: Token) -> None:
        if token.type == "list_item_close":
            self.depth -= 1
        if token.map is None or token.nesting < 0:
            return
        first, last = token.map
        if token.type == "list_item_open":
            self._item(first, last, top_level=token.level == 1)
            self.depth += 1
            return
        if token.type in _OPAQUE:
            self.opaque.append(self._span(first, last))
        if token.level == 0 and token.type in _BLOCK_KINDS:
            self._block(token, first, last)

    def add_unclaimed(self) -> None:
        """Make blocks of lines with text that produce no token: link reference definitions."""
        claimed = [block.span for block in self.blocks]
        found: list[BlockShape] = []
        at = 0
        for line in self.lines:
            while at < len(claimed) and claimed[at].end <= line.start:
                at += 1
            if at < len(claimed) and claimed[at].start < line.end:
                continue
            if not line.of(self.text).strip():
                continue
            if found and self.text[found[-1].span.end : line.start] in _ENDINGS:
                found[-1] = BlockShape("definition", Span(found[-1].span.start, line.end))
            else:
                found.append(BlockShape("definition", line))
        if found:
            self.blocks = sorted([*self.blocks, *found], key=lambda block: block.span)

    def _block(self, token: Token, first: int, last: int) -> None:
        span = self._span(first, last)
        task: TaskShape | None = None
        if token.type == "heading_open":
            self.headings.append(self._heading(int(token.tag[1:]), first, last))
        elif token.type == "task_block":
            task = self._fenced(first, last, terminated=bool(token.meta["terminated"]))
        self.blocks.append(BlockShape(_BLOCK_KINDS[token.type], span, task))

    def _item(self, first: int, last: int, *, top_level: bool) -> None:
        span = self._span(first, last)
        line = self.lines[first]
        match = ITEM.match(self.text, line.start, line.end)
        task: TaskShape | None = None
        if match and match["box"] is not None:
            task = read_checkbox(self.text, span, match, self.depth, self.dialect)
        if match and (not self.items or self.items[-1].span.start != span.start):
            place = match.span("text")
            self.items.append(ItemShape(span, *place, self.depth, len(self.headings), task))
        if top_level and self.depth == 0:
            self.blocks.append(BlockShape("item", span, task))

    def _fenced(self, first: int, last: int, *, terminated: bool) -> TaskShape:
        inside = list(self.lines[first:last])
        task = read_fenced(self.text, inside, self.dialect, terminated=terminated)
        if not terminated:
            self.dangling.append(inside[0].start)
        self.items.append(ItemShape(task.span, *task.title_span, 0, len(self.headings), task))
        return task

    def _heading(self, level: int, first: int, last: int) -> HeadingShape:
        span = self._span(first, last)
        line = self.lines[first]
        raw = line.of(self.text)
        if last - first > 1:
            # Setext: the last line is the underline, the others are the title.
            title_span = Span(line.start, self.lines[last - 2].end)
            return HeadingShape(level, " ".join(title_span.of(self.text).split()), span, title_span)
        title = re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", raw.strip(" \t").lstrip("#").strip(" \t"))
        start = line.start + (len(raw) - len(raw.lstrip(" \t").lstrip("#").lstrip(" \t")))
        start = min(start, line.end) if title else line.end
        return HeadingShape(level, title, span, Span(start, start + len(title)))

    def _span(self, first: int, last: int) -> Span:
        while last - 1 > first and not self.lines[last - 1].of(self.text).strip():
            last -= 1
        return Span(self.lines[first].start, self.lines[last - 1].end)


def _stays_open(tokens: list[Token], lines: Sequence[Span], text: str) -> bool:
    last = next((each for each in reversed(tokens) if each.level == 0 and each.map), None)
    if last is None or last.map is None or last.map[1] < len(lines):
        return False
    ending = lines[-1].of(text).strip()
    if last.type == "fence":
        closed = last.map[1] - last.map[0] > 1 and ending == last.markup[0] * len(ending)
        return not (closed and len(ending) >= len(last.markup))
    # Only comments are common in specs; any other unfinished HTML merely makes the chunk longer.
    comment = lines[last.map[0]].of(text).lstrip().startswith("<!--") and ending.endswith("-->")
    return last.type == "html_block" and not comment


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 70 ms that a server without specs never pays

    markdown = MarkdownIt("commonmark")
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "task_block", _task_block, {"alt": interrupts})
    return markdown


def _task_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:  # noqa: FBT001 - the signature of a markdown-it rule
    if state.is_code_block(first) or not TASK_OPENER.fullmatch(_line(state, first)):
        return False
    if silent:
        return True
    if state.level:
        return False
    end, terminated = first + 1, False
    for line in range(first + 1, last):
        text = _line(state, line)
        if TASK_OPENER.fullmatch(text):
            break
        if TASK_CLOSER.fullmatch(text):
            end, terminated = line + 1, True
            break
    state.line = end
    token = state.push("task_block", "", 0)
    token.map = [first, end]
    token.meta = {"terminated": terminated}
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] : state.eMarks[line]]

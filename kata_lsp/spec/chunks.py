"""Owns where a text may be cut into chunks that parse on their own, and the cutting.

It must not know sections or tasks: a chunk's meaning is the business of `blocks`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from kata_lsp.spec.blocks import parse_chunk
from kata_lsp.spec.dialects import Dialect
from kata_lsp.spec.lines import BOM, Line, blank_before, lines_of
from kata_lsp.spec.shapes import BlockShape, Chunk, Span

CHUNK_LINES = 32
"""A chunk ends at the first safe line after this many: small enough to reparse on a keystroke."""

# These lines begin a new top-level block, whatever came before, unless a top-level fence, HTML
# block or @@@task block is open: CommonMark lets none of them continue a container or paragraph.
_ALWAYS_SAFE = re.compile(r"#{1,6}(?:[ \t]|$)|[-*+][ \t]+\S")
_TASK_OPENER = re.compile(r" {0,3}@@@task\b")
_TASK_CLOSER = re.compile(r" {0,3}@@@[ \t]*(?=[\r\n]|\Z)")
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*(?:\r\n|\r|\n)(?:[^\r\n]*(?:\r\n|\r|\n))*?---[ \t]*(?:\r\n|\r|\n|\Z)"
)


class Chunker:
    """Cuts one text into chunks at lines where a new top-level block must begin."""

    def __init__(self, text: str, dialect: Dialect, chunk_lines: int) -> None:
        self.text = text
        self._dialect = dialect
        self._chunk_lines = chunk_lines
        self._tasks = list(_task_ranges(text))
        self.openers = frozenset(span.start for span in self._tasks)
        match = _FRONT_MATTER.match(text)
        self.front_matter = match.end() if match else 0

    def run(self, start: int, tail: Sequence[Chunk]) -> list[Chunk]:
        """Return the chunks from ``start`` on, ending with as much of ``tail`` as still holds."""
        chunks: list[Chunk] = []
        taken = 0
        end = len(self.text) - sum(len(each.text) for each in tail)
        if start == 0 and self.front_matter:
            chunks.append(self._front_matter())
            start = self.front_matter
        grow = 1
        while True:
            while taken < len(tail) and (end < start or not self.safe(end)):
                end += len(tail[taken].text)
                taken += 1
            start = self._cut(start, end, chunks, final=taken == len(tail))
            if start == end:
                return chunks + list(tail[taken:])
            wanted = min(taken + grow, len(tail))
            end += sum(len(each.text) for each in tail[taken:wanted])
            taken, grow = wanted, grow * 2

    def _cut(self, start: int, end: int, chunks: list[Chunk], *, final: bool) -> int:
        """Append the chunks of a region; return where it ends or where a block stays open."""
        lines = lines_of(self.text, start, end)
        cuts = self._cuts(lines)
        at, width = 0, 1
        while at < len(cuts) - 1:
            stop = min(at + width, len(cuts) - 1)
            chunk = self._chunk(lines[cuts[at] : cuts[stop]])
            if chunk.open and stop < len(cuts) - 1:
                width *= 2
                continue
            if chunk.open and not final:
                return lines[cuts[at]].start
            chunks.append(chunk)
            at, width = stop, 1
        return end

    def _chunk(self, lines: Sequence[Line]) -> Chunk:
        start = lines[0].start
        text = self.text[start : lines[-1].next]
        spans = [Span(each.start - start, each.end - start) for each in lines]
        if start == 0 and text.startswith(BOM):
            spans[0] = Span(1, spans[0].end)
        return parse_chunk(text, spans, self._dialect)

    def _cuts(self, lines: Sequence[Line]) -> list[int]:
        cuts = [0] if lines else []
        for index, line in enumerate(lines):
            if index - cuts[-1] >= self._chunk_lines and self.safe(line.start):
                cuts.append(index)
        if lines:
            cuts.append(len(lines))
        return cuts

    def safe(self, offset: int) -> bool:
        """Tell whether a chunk may begin at the line that begins at ``offset``."""
        if self._inside_task(offset):
            return False
        if offset in (0, len(self.text), self.front_matter):
            return True
        if self.text[offset - 1] not in "\r\n" or self.text[offset] in " \t\r\n":
            return False
        return bool(_ALWAYS_SAFE.match(self.text, offset)) or blank_before(self.text, offset)

    def _inside_task(self, offset: int) -> bool:
        index = bisect_left(self._tasks, offset, key=lambda span: span.start) - 1
        return index >= 0 and offset < self._tasks[index].end

    def _front_matter(self) -> Chunk:
        text = self.text[: self.front_matter]
        lines = lines_of(text, 0, len(text))
        span = Span(1 if text.startswith(BOM) else 0, lines[-1].end)
        return Chunk(
            text=text,
            line_starts=tuple(line.start for line in lines),
            blocks=(BlockShape("code", span),),
            opaque=(span,),
            front_matter=True,
        )


def _task_ranges(text: str) -> Iterator[Span]:
    """Yield every ``@@@task`` line with the ``@@@`` that closes it, code fences not considered."""
    opener = -1
    at = text.find("@@@")
    while at >= 0:
        start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
        if start == 0 and text.startswith(BOM):
            start = 1
        if _TASK_OPENER.match(text, start):
            opener = start
        elif opener >= 0 and (match := _TASK_CLOSER.match(text, start)):
            yield Span(opener, match.end())
            opener = -1
        at = text.find("@@@", at + 3)

"""Owns turning text into a `SpecDocument`, and doing so again after an edit at little cost.

It must not know rules, editors or files; it never raises and never changes the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from kata_lsp.spec.chunks import CHUNK_LINES, Chunker
from kata_lsp.spec.dialects import Dialect, detect
from kata_lsp.spec.document import Placed, Section, SpecDocument, TaskBlock
from kata_lsp.spec.lines import after_line_ending, newline_of
from kata_lsp.spec.sections import SECTION_LEVEL, guide_for
from kata_lsp.spec.shapes import Chunk, HeadingShape, Span


def parse(
    text: str, *, path: str = "", dialect: Dialect | None = None, chunk_lines: int = CHUNK_LINES
) -> SpecDocument:
    """Parse a spec.

    Args:
        text: The whole file, decoded, with its own line endings and byte order mark.
        path: Workspace-relative or absolute path; it decides the dialect where it can.
        dialect: Given, nothing is detected.
        chunk_lines: The least length of a reusable run of lines; changes cost, not meaning.
    """
    chosen = dialect or detect(path, text)
    chunks = Chunker(text, chosen, chunk_lines).run(0, ())
    return _assemble(text, path, chosen, chunks, ())


def reparse(previous: SpecDocument, text: str) -> SpecDocument:
    """Parse an edited version of ``previous``, reusing every run of lines that the edit left alone.

    The result equals ``parse(text, path=previous.path, dialect=previous.dialect)``.
    """
    if text == previous.text:
        return previous
    chunker = Chunker(text, previous.dialect, CHUNK_LINES)
    placed = previous.placed
    kept = _common_start(placed, text, chunker)
    start = placed[kept].offset if placed else 0
    tail = [each.chunk for each in _common_end(placed[kept:], text, start)]
    chunks = [each.chunk for each in placed[:kept]] + chunker.run(start, tail)
    return _assemble(text, previous.path, previous.dialect, chunks, placed)


def _common_start(placed: Sequence[Placed], text: str, chunker: Chunker) -> int:
    count = 0
    for each in placed:
        closed = any(each.offset + at in chunker.openers for at in each.chunk.dangling)
        if closed or not text.startswith(each.chunk.text, each.offset):
            break
        count += 1
    # The edit may have changed the line that ended the last one, so that one is read again.
    count = max(count - 1, 0)
    while count and not chunker.safe(placed[count].offset):
        count -= 1
    front_matter = placed[0].end if placed and placed[0].chunk.front_matter else 0
    return count if chunker.front_matter == front_matter else 0


def _common_end(placed: Sequence[Placed], text: str, start: int) -> Sequence[Placed]:
    begin = len(text)
    count = 0
    for each in reversed(placed[1:]):
        begin -= len(each.chunk.text)
        if begin < start or not text.startswith(each.chunk.text, begin):
            break
        count += 1
    return placed[len(placed) - count :]


def _assemble(
    text: str,
    path: str,
    dialect: Dialect,
    chunks: Sequence[Chunk],
    previous: Sequence[Placed],
) -> SpecDocument:
    placed = _place(chunks, dialect, {id(each.chunk): each for each in previous})
    line_starts = [at + each.offset for each in placed for at in each.chunk.line_starts]
    if not text or text[-1] in "\r\n":
        line_starts.append(len(text))
    return SpecDocument(
        text=text,
        path=path,
        dialect=dialect,
        newline=newline_of(text),
        sections=_sections(placed, text),
        tasks=tuple(task for each in placed for task in each.tasks),
        line_starts=tuple(line_starts),
        placed=placed,
    )


def _place(
    chunks: Sequence[Chunk], dialect: Dialect, known: dict[int, Placed]
) -> tuple[Placed, ...]:
    placed: list[Placed] = []
    offset, in_tasks = 0, True
    for chunk in chunks:
        before = known.get(id(chunk))
        if before is None or before.offset != offset or before.in_tasks != in_tasks:
            before = Placed(
                chunk, offset, _tasks(chunk, offset, dialect, in_tasks=in_tasks), in_tasks
            )
        placed.append(before)
        offset += len(chunk.text)
        in_tasks = _holds_tasks(chunk.headings, dialect, before=in_tasks)
    return tuple(placed)


def _tasks(chunk: Chunk, offset: int, dialect: Dialect, *, in_tasks: bool) -> tuple[TaskBlock, ...]:
    tasks: list[TaskBlock] = []
    seen = 0
    for item in chunk.items:
        if item.headings > seen:
            in_tasks = _holds_tasks(chunk.headings[seen : item.headings], dialect, before=in_tasks)
            seen = item.headings
        if item.task and (in_tasks or item.task.form == "fenced"):
            tasks.append(TaskBlock(item.task, offset))
    return tuple(tasks)


def _holds_tasks(headings: Sequence[HeadingShape], dialect: Dialect, *, before: bool) -> bool:
    for heading in reversed(headings):
        if heading.level <= SECTION_LEVEL:
            return guide_for(heading.title) not in dialect.not_tasks
    return before


def _sections(placed: Sequence[Placed], text: str) -> tuple[Section, ...]:
    headings = [(shape, each.offset) for each in placed for shape in each.chunk.headings]
    ends = _section_ends([shape.level for shape, _ in headings])
    starts = [shape.span.start + offset for shape, offset in headings] + [len(text)]
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    for index, (shape, offset) in enumerate(headings):
        while path and path[-1][0] >= shape.level:
            path.pop()
        path.append((shape.level, shape.title))
        span = Span(starts[index], starts[ends[index]])
        heading = shape.span.shift(offset)
        sections.append(
            Section(
                level=shape.level,
                title=shape.title,
                path=tuple(title for _, title in path),
                span=span,
                heading=heading,
                title_span=shape.title_span.shift(offset),
                body=Span(after_line_ending(text, heading.end), span.end),
            )
        )
    return tuple(sections)


def _section_ends(levels: Sequence[int]) -> list[int]:
    """Return for each heading the index of the next one of its level or above."""
    ends = [len(levels)] * len(levels)
    waiting: list[int] = []
    for index, level in enumerate(levels):
        while waiting and levels[waiting[-1]] >= level:
            ends[waiting.pop()] = index
        waiting.append(index)
    return ends

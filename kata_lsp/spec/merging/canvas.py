"""Owns one unit of the current text during a merge: decisions go in, edits and choices come out.

It must not know the base, nor why something is decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from kata_lsp.spec.document import Block, TaskBlock
from kata_lsp.spec.edits import TextEdit, minimal_edit
from kata_lsp.spec.lines import with_newlines
from kata_lsp.spec.merging.layout import BLANK_LINE, Insertions, Piece, breaks_between, removal
from kata_lsp.spec.merging.model import Conflict, ConflictReason
from kata_lsp.spec.merging.tasks import TaskIndex
from kata_lsp.spec.merging.units import Unit, block_key
from kata_lsp.spec.shapes import Span


class Canvas:
    """The current unit, the draft's unit, and what has been decided so far."""

    def __init__(self, current: Unit, draft: Unit, tasks: TaskIndex) -> None:
        self.current = current
        self.draft = draft
        self.conflicts: list[Conflict] = []
        self._edits: list[TextEdit] = []
        self._first_removed = False
        self._newline = current.document.newline
        self._insertions = Insertions(current, self._newline)
        self._tasks = tasks
        self._index = {block.span.start: at for at, block in enumerate(current.blocks)}
        self._anchors = self._find_anchors()

    @property
    def edits(self) -> tuple[TextEdit, ...]:
        """The edits decided so far; those at one place in the order to make them in."""
        leading = self._insertions.leading(at_head=self._first_removed)
        return (*leading, *self._edits, *self._insertions.following())

    def insert(self, block: Block, text: str) -> None:
        """Put a block of the draft behind the one it follows there."""
        after, piece = self._piece(block, text)
        self._insertions.add(after, piece)

    def insertion(self, block: Block, text: str) -> TextEdit:
        """Return the edit of `insert` without deciding on it."""
        alone = Insertions(self.current, self._newline)
        after, piece = self._piece(block, text)
        alone.add(after, piece)
        return [*alone.leading(at_head=True), *alone.following()][0]

    def replace(self, at: int, text: str) -> None:
        """Turn block ``at`` of the current unit into ``text`` with the smallest edit."""
        self._edits.append(self.replacement(self.current.blocks[at].span, text))

    def replacement(self, span: Span, text: str) -> TextEdit:
        """Return the smallest edit that turns ``span`` into ``text``."""
        return minimal_edit(self.current.document.text, span, self._local(text))

    def remove(self, at: int) -> None:
        """Take block ``at`` out of the current unit."""
        self._edits.append(self.removal(at))

    def removal(self, at: int) -> TextEdit:
        """Return the edit of `remove` without deciding on it."""
        self._first_removed = self._first_removed or at == 0
        return removal(self.current, at)

    def index_of(self, task: TaskBlock) -> int | None:
        """Return which block of the current unit a task is, None where it stands elsewhere."""
        return self._index.get(task.span.start)

    def draft_text(self, block: Block) -> str:
        """Return a block of the draft with the line endings of the current text."""
        return self._local(block.span.of(self.draft.document.text))

    def offer_section(
        self, ours: Sequence[int], theirs: Sequence[Block], reason: ConflictReason
    ) -> None:
        """Leave it to the reader whether blocks of the draft replace blocks of the current unit."""
        text = self._joined(theirs)
        spans = [self.current.blocks[at].span for at in ours]
        if spans:
            take = [
                self.replacement(spans[0], text),
                *(self.removal(at) for at in ours[1:]),
            ]
            both = [TextEdit(Span(spans[-1].end, spans[-1].end), self._newline * BLANK_LINE + text)]
        else:
            take = both = [self.insertion(theirs[0], text)]
        title = self.current.section.title if self.current.section else ""
        self.conflicts.append(
            Conflict(
                kind="section",
                reason=reason,
                subject=title,
                span=Span(spans[0].start, spans[-1].end) if spans else take[0].span,
                ours=self._newline.join(span.of(self.current.document.text) for span in spans),
                theirs=text,
                take_draft=tuple(take),
                both=tuple(both),
            )
        )

    def _joined(self, blocks: Sequence[Block]) -> str:
        text = ""
        for before, block in zip([None, *blocks], blocks, strict=False):
            at = self.draft.blocks.index(block)
            near = at > 0 and self.draft.blocks[at - 1] is before
            if before is not None:
                gap = self.draft.document.text[before.span.end : block.span.start] if near else None
                text += self._newline * breaks_between(before, block, gap)
            text += self.draft_text(block)
        return text

    def _piece(self, block: Block, text: str) -> tuple[int | None, Piece]:
        at = self.draft.blocks.index(block)
        before = self.draft.blocks[at - 1] if at else None
        gap = self.draft.document.text[before.span.end : block.span.start] if before else None
        after = self._anchors[at]
        if before is None and after is not None:
            before = self.current.blocks[after]
        breaks = breaks_between(before, block, gap)
        return after, Piece(breaks, self._local(text), block.kind == "item")

    def _find_anchors(self) -> list[int | None]:
        """Return for each draft block the current block that the ones before it lead up to."""
        places: dict[str, list[int]] = {}
        for at, block in enumerate(self.current.blocks):
            if not block.task:
                places.setdefault(block_key(self.current, block), []).append(at)
        anchors: list[int | None] = []
        anchor: int | None = None
        for block in self.draft.blocks:
            anchors.append(anchor)
            found = self._counterpart(block, places)
            anchor = anchor if found is None else found
        return anchors

    def _counterpart(self, block: Block, places: dict[str, list[int]]) -> int | None:
        if block.task:
            task = self._tasks.find(block.task)
            return self.index_of(task) if task else None
        same = places.get(block_key(self.draft, block))
        return same.pop(0) if same else None

    def _local(self, text: str) -> str:
        return with_newlines(text, self._newline)

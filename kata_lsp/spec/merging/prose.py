"""Owns the three-way merge of what is no task in one unit: paragraphs, list items, code, comments.

It must not know tasks. Blocks are merged as sets with counts, not as sequences: what the draft adds
is added unless it is there, what it removes is removed unless it is gone. So merging again finds
nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from kata_lsp.spec.document import Block
from kata_lsp.spec.merging.canvas import Canvas
from kata_lsp.spec.merging.units import Unit, block_key, is_comment

Change = tuple[int, int, int, int]
"""Blocks ``[0]..[1]`` of the base became blocks ``[2]..[3]`` of the draft."""


def merge_prose(base: Unit | None, canvas: Canvas) -> None:
    """Decide about every block that is no task; ``base`` is None where the sides are unrelated."""
    merger = _ProseMerger(canvas)
    if base is None:
        merger.merge_unrelated()
    else:
        merger.merge(base)


class _ProseMerger:
    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._ours = _prose(canvas.current)
        self._theirs = _prose(canvas.draft)
        self._have = Counter(block_key(canvas.current, each) for _, each in self._ours)
        self._want = Counter(block_key(canvas.draft, each) for _, each in self._theirs)
        self._removed: set[int] = set()
        self._offered: set[int] = set()

    def merge_unrelated(self) -> None:
        missing = [block for _, block in self._theirs if self._is_missing(block)]
        ours = [at for at, block in self._ours if self._is_only_ours(block)]
        if missing and ours:
            self._canvas.offer_section(ours, missing, "unrelated")
        else:
            for block in missing:
                self._insert(block)

    def merge(self, base: Unit) -> None:
        old = [block for _, block in _prose(base)]
        new = [block for _, block in self._theirs]
        keys = [block_key(base, each) for each in old]
        kept = [is_comment(base, each) for each in old]
        new_keys = [block_key(self._canvas.draft, each) for each in new]
        for change in _joined(
            _changes(keys, new_keys), lambda each: self._clashes(keys, new, each)
        ):
            i1, i2, j1, j2 = change
            missing = [block for block in new[j1:j2] if self._is_missing(block)]
            if self._clashes(keys, new, change):
                ours = self._in_place_of(keys, i1, i2)
                self._offered.update(ours)
                self._canvas.offer_section(ours, missing, "both_changed" if ours else "you_deleted")
            else:
                self._change([keys[at] for at in range(i1, i2) if not kept[at]], missing)

    def _clashes(self, old_keys: list[str], new: list[Block], change: Change) -> bool:
        """Tell whether the draft replaces something that the reader changed or deleted."""
        i1, i2, j1, j2 = change
        gone = any(not self._have[key] for key in old_keys[i1:i2])
        return gone and any(self._is_missing(block) for block in new[j1:j2])

    def _change(self, removed: Sequence[str], missing: Sequence[Block]) -> None:
        surplus = [at for key in removed for at in self._surplus(key)]
        for at, block in zip(surplus, missing, strict=False):
            self._canvas.replace(at, self._canvas.draft_text(block))
            self._have[block_key(self._canvas.draft, block)] += 1
        for at in surplus[len(missing) :]:
            self._canvas.remove(at)
        for block in missing[len(surplus) :]:
            self._insert(block)

    def _surplus(self, key: str) -> Iterator[int]:
        """Yield the block that goes when the draft removes one with ``key``, if any does."""
        if self._have[key] <= self._want[key]:
            return
        # From the end: the first ones may be what the draft's other blocks follow.
        for at, block in reversed(self._ours):
            if at not in self._removed and block_key(self._canvas.current, block) == key:
                self._have[key] -= 1
                self._removed.add(at)
                yield at
                return

    def _in_place_of(self, old_keys: list[str], start: int, stop: int) -> list[int]:
        """Return which current blocks stand in the place of ``old_keys[start:stop]``."""
        keys = [block_key(self._canvas.current, block) for _, block in self._ours]
        first, last = 0, len(keys)
        for match in SequenceMatcher(None, old_keys, keys, autojunk=False).get_matching_blocks():
            if match.size and match.a < start:
                first = match.b + min(match.size, start - match.a)
            if match.size and match.a + match.size > stop:
                last = match.b + max(stop - match.a, 0)
                break
        return [
            at
            for at, block in self._ours[first:last]
            if at not in self._offered and self._is_only_ours(block)
        ]

    def _is_missing(self, block: Block) -> bool:
        key = block_key(self._canvas.draft, block)
        return self._have[key] < self._want[key]

    def _is_only_ours(self, block: Block) -> bool:
        key = block_key(self._canvas.current, block)
        surplus = self._have[key] > self._want[key]
        return surplus and not is_comment(self._canvas.current, block)

    def _insert(self, block: Block) -> None:
        self._canvas.insert(block, self._canvas.draft_text(block))
        self._have[block_key(self._canvas.draft, block)] += 1


def _prose(unit: Unit) -> list[tuple[int, Block]]:
    return [(at, block) for at, block in enumerate(unit.blocks) if not block.task]


def _changes(old: list[str], new: list[str]) -> Iterator[Change]:
    """Yield what changed, block by block where as many came as went."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if i2 - i1 == j2 - j1:
            yield from ((i1 + k, i1 + k + 1, j1 + k, j1 + k + 1) for k in range(i2 - i1))
        else:
            yield i1, i2, j1, j2


def _joined(changes: Iterable[Change], clashes: Callable[[Change], bool]) -> Iterator[Change]:
    """Make one change of neighbours that clash: they are one choice."""
    waiting: Change | None = None
    for change in changes:
        if not clashes(change):
            if waiting:
                yield waiting
            waiting = None
            yield change
        elif waiting and waiting[1] == change[0] and waiting[3] == change[2]:
            waiting = (waiting[0], change[1], waiting[2], change[3])
        else:
            if waiting:
                yield waiting
            waiting = change
    if waiting:
        yield waiting

"""Owns the indexes of the few roots in use, kept true to the disk.

Must not rank. It is used by one thread at a time.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kata_lsp.context.files.git import git_files
from kata_lsp.context.files.patterns import compile_patterns, verdict
from kata_lsp.context.files.reading import FileStamp, RootReader, decode
from kata_lsp.context.files.selection import (
    Kind,
    is_machine_written,
    is_secret_name,
    is_skipped,
    kind_of,
)
from kata_lsp.context.files.walk import walk_files
from kata_lsp.context.index import FileIndex
from kata_lsp.context.records import ContextLimits
from kata_lsp.context.worker import Stop

__all__ = ["Catalog", "Refreshed", "readable_text"]

_MAX_ROOTS = 4
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """An index that agrees with the disk as far as the limits allowed."""

    index: FileIndex
    files: int
    """Files that the tree offers, within the limits or not."""
    left_out: int
    """Files that are not in the index because a limit or the time was used up."""


class Catalog:
    """Indexes by root; the least recently used one makes room for a fifth."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[tuple[Path, ContextLimits], FileIndex] = OrderedDict()

    def refresh(
        self, root: Path, reader: RootReader, limits: ContextLimits, stop: Stop
    ) -> Refreshed:
        """Bring the index of a root up to date, re-reading only what changed.

        Raises:
            StoppedError: The work was cancelled; what was read is kept for the next call.
        """
        index = self._index_of((root, limits))
        offered = _offered(root, limits, stop)
        wanted = set(offered[: limits.max_files])
        for path in index.paths():
            if path not in wanted:
                index.drop(path)
        left_out = _update(index, offered[: limits.max_files], reader, limits, stop)
        return Refreshed(index, len(offered), left_out + max(0, len(offered) - limits.max_files))

    def clear(self) -> None:
        """Forget everything."""
        self._indexes.clear()

    def _index_of(self, key: tuple[Path, ContextLimits]) -> FileIndex:
        index = self._indexes.pop(key, None) or FileIndex()
        self._indexes[key] = index
        while len(self._indexes) > _MAX_ROOTS:
            self._indexes.popitem(last=False)
        return index


def readable_text(reader: RootReader, path: str, limits: ContextLimits) -> str | None:
    """The text of a file with lines ended by LF; None when it must or can not be read."""
    if is_secret_name(path):
        return None
    data = reader.read(path, limits.max_file_bytes)
    if data is None or is_machine_written(data):
        return None
    return decode(data)


def _offered(root: Path, limits: ContextLimits, stop: Stop) -> list[str]:
    """Paths worth indexing, the likeliest kinds first, then sorted so folders stay together."""
    listed = git_files(root, stop)
    if listed is None:
        listed = walk_files(root, 4 * limits.max_files, stop)
    excludes = compile_patterns(limits.excludes)
    kept = [
        path
        for path in listed
        if not (is_skipped(path) or is_secret_name(path) or verdict(excludes, path))
    ]
    return sorted(kept, key=lambda path: (_ORDER[kind_of(path)], path))


def _update(
    index: FileIndex, paths: Sequence[str], reader: RootReader, limits: ContextLimits, stop: Stop
) -> int:
    left_out = 0
    budget = limits.max_total_bytes
    for path in paths:
        stop.check()
        stamp = reader.stamp(path)
        if stamp is None:
            index.drop(path)
            continue
        budget -= min(stamp.size, limits.max_file_bytes)
        known = index.stamp_of(path) == stamp
        if budget < 0 or (not known and (stop.late or index.full)):
            index.drop(path)
            left_out += 1
        elif not known:
            index.put(path, stamp, _text_for_index(reader, path, stamp, limits))
    return left_out


def _text_for_index(reader: RootReader, path: str, stamp: FileStamp, limits: ContextLimits) -> str:
    if stamp.size > limits.max_file_bytes and kind_of(path) is not Kind.SOURCE:
        return ""
    return readable_text(reader, path, limits) or ""

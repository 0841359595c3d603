"""Owns finding the specs of a workspace that are not open, read and parsed off the event loop.

Must not know what is looked for in them. Looks at the places where specs live, not everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from kata_lsp.lsp.convert import Encoding, Lines, canonical
from kata_lsp.lsp.documents import Snapshot
from kata_lsp.lsp.folders import Folders, uri_inside
from kata_lsp.lsp.specs import Specs, SpecView
from kata_lsp.spec.parser import parse

MAX_FILES: Final = 100
MAX_BYTES: Final = 1024 * 1024

_PLACES: Final = (
    ".kata/*.md",
    ".kata/*/*.md",
    "specs/*/tasks.md",
    "openspec/changes/*/tasks.md",
    ".kiro/specs/*/tasks.md",
)
_Stamp = tuple[int, int]


class SpecSearch:
    """The specs of the workspace.

    Args:
        specs: The open ones.
        folders: Where to look.
        encoding: Returns how the client counts.
        spec_path: Returns the setting `specPath`.
    """

    def __init__(
        self,
        specs: Specs,
        folders: Folders,
        encoding: Callable[[], Encoding],
        spec_path: Callable[[], str],
    ) -> None:
        self._specs = specs
        self._folders = folders
        self._encoding = encoding
        self._spec_path = spec_path
        self._kept: dict[Path, tuple[_Stamp, SpecView]] = {}
        self._searching = asyncio.Lock()

    async def views(self) -> tuple[SpecView, ...]:
        """Return the open specs as they are, and those on disk as they were saved."""
        opened = self._specs.views()
        known = {Path(view.root, view.path) for view in opened}
        roots = [(root, self._folders.uri(root)) for root in self._folders.all()]
        async with self._searching:
            found = await asyncio.to_thread(self._read, roots, self._spec_path(), self._encoding())
        return (*opened, *(view for path, view in found if path not in known))

    def _read(
        self, roots: Sequence[tuple[str, str]], spec_path: str, encoding: Encoding
    ) -> list[tuple[Path, SpecView]]:
        read: dict[Path, tuple[_Stamp, SpecView]] = {}
        for root, root_uri in roots:
            for path in islice(_files(Path(root), spec_path), MAX_FILES):
                if path not in read and (found := self._view(path, root, root_uri, encoding)):
                    read[path] = found
        self._kept = read
        return [(path, view) for path, (_, view) in read.items()]

    def _view(
        self, path: Path, root: str, root_uri: str, encoding: Encoding
    ) -> tuple[_Stamp, SpecView] | None:
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            kept = self._kept.get(path)
            if kept and kept[0] == stamp:
                return kept
            if stat.st_size > MAX_BYTES or not path.is_file():
                return None
            text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        except (OSError, UnicodeDecodeError):
            return None
        relative = path.relative_to(root).as_posix()
        snapshot = Snapshot(uri_inside(root_uri, relative), 0, "markdown", Lines(text), encoding)
        return stamp, SpecView(snapshot, parse(text, path=relative), root, relative)


def _files(root: Path, spec_path: str) -> Iterator[Path]:
    for pattern in (spec_path, *_PLACES):
        try:
            for path in root.glob(pattern):
                # A link must not lead out of the folder.
                if Path(canonical(str(path))).is_relative_to(root):
                    yield path
        except (ValueError, OSError, NotImplementedError):
            continue

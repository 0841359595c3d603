"""Owns which open documents are specs, and what each means, parsed once per version.

Must not know what features make of a spec; they get a view and ask the `spec` room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lsprotocol import types

from kata_lsp.lsp.convert import canonical, uri_to_path
from kata_lsp.lsp.documents import Documents, Snapshot
from kata_lsp.lsp.folders import Folders
from kata_lsp.orchestrator.spec_files import MAX_SPEC_BYTES
from kata_lsp.spec.dialects import DIALECTS
from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.edits import TextEdit
from kata_lsp.spec.parser import parse, reparse
from kata_lsp.spec.shapes import Span
from kata_lsp.spec.waves import Schedule, plan_waves


@dataclass(frozen=True)
class SpecView:
    """One version of an open spec; nothing about it changes, so what is computed is kept."""

    snapshot: Snapshot
    document: SpecDocument
    root: str
    """Absolute path of the workspace folder."""
    path: str
    """Posix, relative to the root."""

    @cached_property
    def schedule(self) -> Schedule:
        """The waves of its tasks."""
        return plan_waves(self.document)

    def range(self, span: Span) -> dict[str, Any]:
        """Return a span as the client counts, as plain JSON.

        LSP's classes would take most of the time of an answer with thousands of ranges.
        """
        lines, start, end = self.snapshot.lines, span.start, span.end
        line = lines.line_at(start)
        first, last = lines.span(line)
        # Nearly every span is a part of one line, and nearly every text is plain.
        if end <= last and lines.text.isascii():
            return {
                "start": {"line": line, "character": start - first},
                "end": {"line": line, "character": end - first},
            }
        place = self.snapshot.position
        return {"start": place(start)._asdict(), "end": place(end)._asdict()}

    def offset(self, position: types.Position) -> int:
        """Return what the client means by a position, moved into the text."""
        return self.snapshot.offset(position)

    def span(self, range_: types.Range) -> Span:
        """Return what the client means by a range, moved into the text."""
        start, end = self.snapshot.offset(range_.start), self.snapshot.offset(range_.end)
        return Span(min(start, end), max(start, end))

    def text_edits(self, edits: Iterable[TextEdit]) -> list[dict[str, Any]]:
        """Return edits as the client counts, as plain JSON."""
        return [{"range": self.range(edit.span), "newText": edit.new_text} for edit in edits]

    @cached_property
    def path_targets(self) -> frozenset[str]:
        """Every path that the spec names, as written."""
        links = (link for placed in self.document.placed for link in placed.chunk.links)
        return frozenset(link.target for link in links if link.kind == "path")


class Specs:
    """The open specs.

    Args:
        documents: Returns the open documents.
        folders: The client's folders.
        spec_path: Returns the setting `specPath`.
    """

    def __init__(
        self, documents: Callable[[], Documents], folders: Folders, spec_path: Callable[[], str]
    ) -> None:
        self._documents = documents
        self._folders = folders
        self._spec_path = spec_path
        self._views: dict[str, SpecView] = {}

    def view(self, uri: str) -> SpecView | None:
        """Return the open spec of that URI as it is now; None for anything else."""
        snapshot = self._documents().opened(uri)
        if snapshot is None:
            self._views.pop(uri, None)
            return None
        known = self._views.get(uri)
        if known is not None and known.snapshot is snapshot:
            return known
        if known is not None:
            document = reparse(known.document, snapshot.text)
            view = SpecView(snapshot, document, known.root, known.path)
        else:
            place = self.place(uri)
            if place is None or not self.is_spec(place[1]):
                return None
            # What is too large to be drafted or ticked would only hold up the event loop.
            if len(snapshot.text) > MAX_SPEC_BYTES:
                return None
            root, path = place
            view = SpecView(snapshot, parse(snapshot.text, path=path), root, path)
        self._views[uri] = view
        return view

    def views(self) -> tuple[SpecView, ...]:
        """Return every open spec."""
        uris = tuple(self._documents().text_documents)
        return tuple(view for uri in uris if (view := self.view(uri)) is not None)

    def forget(self, uri: str) -> None:
        """Drop what was kept of a closed document."""
        self._views.pop(uri, None)

    def forget_all(self) -> None:
        """Drop everything: which documents are specs is to be found out again."""
        self._views.clear()

    def place(self, uri: str) -> tuple[str, str] | None:
        """Return the root and the relative path of a file in an open folder."""
        file = uri_to_path(uri)
        if file is None:
            return None
        path = Path(canonical(file))
        for root in self._folders.all():
            if path.is_relative_to(root):
                return root, path.relative_to(root).as_posix()
        return None

    def is_spec(self, path: str) -> bool:
        """Tell whether a path relative to its root is where a spec of any dialect lives."""
        return path == self._spec_path() or any(each.path.fullmatch(path) for each in DIALECTS)

"""Owns which open documents are specs, and what each means, parsed once per version.

Must not know what features make of a spec; they get a view and ask the `spec` room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from lsprotocol import types

from kata_lsp.lsp.convert import canonical, uri_to_path
from kata_lsp.lsp.documents import Documents, Snapshot
from kata_lsp.lsp.folders import Folders
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

    def range(self, span: Span) -> types.Range:
        """Return a span as the client counts."""
        start, end = self.snapshot.position(span.start), self.snapshot.position(span.end)
        return types.Range(types.Position(*start), types.Position(*end))

    def span(self, range_: types.Range) -> Span:
        """Return what the client means by a range, moved into the text."""
        return Span(self.snapshot.offset(range_.start), self.snapshot.offset(range_.end))

    def text_edits(self, edits: tuple[TextEdit, ...]) -> list[types.TextEdit]:
        """Return edits as the client counts."""
        return [types.TextEdit(self.range(edit.span), edit.new_text) for edit in edits]

    def exists(self, target: str) -> bool:
        """Tell whether a path the spec names is there; outside the root nothing is looked at."""
        path = PurePosixPath(target.rstrip("/"))
        if path.is_absolute() or ".." in path.parts:
            return True
        # Relative to the root as tasks name files, or to the spec as links do.
        return any((base / path).exists() for base in (self._root_path, self._folder))

    @cached_property
    def _root_path(self) -> Path:
        return Path(self.root)

    @cached_property
    def _folder(self) -> Path:
        return Path(self.root, self.path).parent


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
            place = self._place(uri)
            if place is None:
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

    def _place(self, uri: str) -> tuple[str, str] | None:
        file = uri_to_path(uri)
        if file is None:
            return None
        path = Path(canonical(file))
        for root in self._folders.all():
            if path.is_relative_to(root):
                relative = path.relative_to(root).as_posix()
                return (root, relative) if self.is_spec(relative) else None
        return None

    def is_spec(self, path: str) -> bool:
        """Tell whether a path relative to its root is where a spec of any dialect lives."""
        return path == self._spec_path() or any(each.path.fullmatch(path) for each in DIALECTS)

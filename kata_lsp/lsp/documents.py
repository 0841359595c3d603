"""Owns the open documents: their text as the editor has it, by version, URI and path.

Must not know what a document means; features parse the snapshots they get here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from kata_lsp.lsp.convert import Encoding, Lines, Position, canonical, uri_to_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """One version of an open document; it never changes, so what is computed from it may be kept.

    `version` is the editor's. Positions are in the encoding agreed with the client.
    """

    uri: str
    version: int
    language_id: str
    lines: Lines
    encoding: Encoding

    @property
    def text(self) -> str:
        """The whole text."""
        return self.lines.text

    def position(self, offset: int) -> Position:
        """Return the LSP position of a code point offset."""
        return self.lines.position(offset, self.encoding)

    def offset(self, position: types.Position) -> int:
        """Return the code point offset of an LSP position, moved into the text if outside."""
        return self.lines.offset(position.line, position.character, self.encoding)


class Document(TextDocument):
    """A pygls document that splits lines as LSP does, and hands out snapshots.

    pygls uses `str.splitlines`, for which a form feed or U+2028 ends a line; with one of those in
    a file every later edit would land in the wrong line.
    """

    @cached_property
    def canonical_path(self) -> str | None:
        """The file behind the URI, links resolved, or None when it is not a file."""
        path = uri_to_path(self.uri)
        return None if path is None else canonical(path)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with their end marks, for pygls' own position arithmetic."""
        lines = self.snapshot.lines
        ends = (*lines.starts[1:], len(lines.text))
        return tuple(lines.text[a:b] for a, b in zip(lines.starts, ends, strict=True) if a < b)

    @property
    def snapshot(self) -> Snapshot:
        """The document as it is now; the same object until it changes."""
        text, version = self.source, self.version or 0
        kept: Snapshot | None = self.__dict__.get("_snapshot")
        if kept is None or kept.version != version or kept.text is not text:
            # An enum's member or its plain value; `str` of a member is its name, not its value.
            kind = types.PositionEncodingKind(self.position_codec.encoding or "utf-16")
            kept = Snapshot(self.uri, version, self.language_id or "", Lines(text), kind.value)
            self.__dict__["_snapshot"] = kept
        return kept

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Replace a range, or everything when the change has none."""
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._source = change.text
            return
        snapshot = self.snapshot
        start, end = snapshot.offset(change.range.start), snapshot.offset(change.range.end)
        if start > end:  # some clients send ranges made backwards
            start, end = end, start
        self._source = snapshot.text[:start] + change.text + snapshot.text[end:]


class Documents(Workspace):
    """The workspace of pygls with our documents in it."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        """Change an open document; what is not open has no text that could change."""
        if unquote(text_doc.uri) in self.text_documents:
            super().update_text_document(text_doc, change)
        else:
            _log.debug("ignored a change of a document that is not open")

    def update_notebook_document(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Change an open notebook; ignore one that is not."""
        if unquote(params.notebook_document.uri) in self.notebook_documents:
            super().update_notebook_document(params)

    def opened(self, uri: str) -> Snapshot | None:
        """Return the open document of that URI, or None."""
        return next((each.snapshot for each in self._documents() if each.uri == uri), None)

    def opened_file(self, path: str) -> Snapshot | None:
        """Return the open document that shows the file at `path`, whatever its URI looks like."""
        wanted = canonical(path)
        found = (each for each in self._documents() if each.canonical_path == wanted)
        return next((each.snapshot for each in found), None)

    def _documents(self) -> Iterator[Document]:
        return (each for each in self.text_documents.values() if isinstance(each, Document))

"""Tests of open documents: lines as LSP has them, edits in every encoding, stable snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.text import position_of
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from kata_lsp.lsp.documents import Document, Documents

URI = "file:///w/spec.md"
ENCODINGS = ("utf-8", "utf-16", "utf-32")


def opened(text: str, encoding: str = "utf-16", uri: str = URI) -> Documents:
    """Return a workspace with one open document."""
    documents = Documents(None, position_encoding=encoding)
    documents.put_text_document(types.TextDocumentItem(uri, "markdown", 1, text))
    return documents


def change(documents: Documents, start, end, text: str, version: int = 2) -> None:
    """Replace a range of the document."""
    documents.update_text_document(
        types.VersionedTextDocumentIdentifier(version=version, uri=URI),
        types.TextDocumentContentChangePartial(
            range=types.Range(types.Position(*start), types.Position(*end)), text=text
        ),
    )


@given(
    text=st.text(alphabet="ab\r\n\u2028\x0c漢😀", max_size=30),
    cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    new=st.text(alphabet="x\n😀", max_size=5),
    encoding=st.sampled_from(ENCODINGS),
)
def test_an_edit_replaces_exactly_its_range(text, cuts, new, encoding):
    """In every encoding, whatever the lines hold."""
    start, end = sorted(min(cut, len(text)) for cut in cuts)
    if "\r\n" in (text[start - 1 : start + 1], text[end - 1 : end + 1]):
        return  # LSP has no position between the two
    documents = opened(text, encoding)
    at, to = (position_of(text, offset, encoding).values() for offset in (start, end))
    change(documents, at, to, new)
    snapshot = documents.opened(URI)
    assert snapshot is not None
    assert snapshot.text == text[:start] + new + text[end:]
    assert snapshot.version == 2


def test_ranges_beyond_the_text_are_moved_into_it():
    """As LSP asks; a backward range is turned around."""
    documents = opened("ab\ncd")
    change(documents, (9, 0), (9, 9), "!")
    change(documents, (0, 99), (0, 99), "?", version=3)
    change(documents, (1, 2), (1, 0), "CD", version=4)
    snapshot = documents.opened(URI)
    assert snapshot is not None
    assert snapshot.text == "ab?\nCD!"


def test_a_change_without_a_range_replaces_everything():
    """Clients may send the whole text at any time."""
    documents = opened("ab")
    documents.update_text_document(
        types.VersionedTextDocumentIdentifier(version=5, uri=URI),
        types.TextDocumentContentChangeWholeDocument(text="new"),
    )
    snapshot = documents.opened(URI)
    assert snapshot is not None
    assert (snapshot.text, snapshot.version) == ("new", 5)


def test_a_snapshot_is_kept_until_the_document_changes():
    """What features compute from one can be kept with it."""
    documents = opened("ab")
    first = documents.opened(URI)
    assert documents.opened(URI) is first
    change(documents, (0, 0), (0, 0), "x")
    assert documents.opened(URI) is not first
    assert first is not None
    assert first.text == "ab"


def test_pygls_sees_the_lines_of_lsp():
    """A line separator or form feed ends no line."""
    document = opened("a\u2028b\x0c\r\nc\rd").text_documents[URI]
    assert document.lines == ("a\u2028b\x0c\r\n", "c\r", "d")


def test_a_document_is_found_by_file_whatever_its_uri_looks_like(tmp_path: Path):
    """Through links and odd percent-encodings; other schemes are no files."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    uri = f"{tmp_path.as_uri()}/link/%73pec.md"
    documents = opened("x", uri=uri)
    documents.put_text_document(types.TextDocumentItem("untitled:1", "markdown", 1, "y"))
    found = documents.opened_file(str(tmp_path / "real" / "spec.md"))
    assert found is not None
    assert (found.uri, found.text) == (uri, "x")
    assert documents.opened_file(str(tmp_path / "other.md")) is None
    assert documents.opened("untitled:1") is not None
    assert documents.opened("untitled:2") is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_snapshot_converts_in_the_agreed_encoding(encoding):
    """Both ways."""
    snapshot = opened("a😀b", encoding).opened(URI)
    assert snapshot is not None
    position = snapshot.position(2)
    assert position._asdict() == position_of("a😀b", 2, encoding)
    assert snapshot.offset(types.Position(*position)) == 2


def test_every_document_is_ours():
    """Pygls makes them through the workspace."""
    assert isinstance(opened("x").text_documents[URI], Document)

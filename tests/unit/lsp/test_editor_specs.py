"""Tests of specs in an editor: which edit is sent to which client, and what an answer means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clients.peer import Peer
from lsprotocol import types

from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp.documents import Documents
from kata_lsp.lsp.folders import Folders
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.spec_files import EditorSpecFiles
from kata_lsp.spec.edits import TextEdit
from kata_lsp.spec.shapes import Span

APPLY = "workspace/applyEdit"
SPEC = "spec.md"
TEXT = "one 😀\ntwo\n"
EDIT = (TextEdit(Span(4, 5), "1"),)

EDITS: dict[str, Any] = {"workspace": {"applyEdit": True}}
VERSIONED: dict[str, Any] = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}}
}
CREATES: dict[str, Any] = {
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create"],
            "changeAnnotationSupport": {},
        },
    }
}


class Desk:
    """A folder with a spec, a client, and the spec files between them."""

    def __init__(self, root: Path, capabilities: dict[str, Any], **params: Any) -> None:
        self.root = root
        self.path = root / SPEC
        self.peer = Peer(capabilities, **params)
        self.peer.answers = {APPLY: {"applied": True}}
        encoding = self.peer.session.position_encoding
        folder = types.WorkspaceFolder(uri=root.as_uri(), name="w")
        self.documents = Documents(None, workspace_folders=[folder], position_encoding=encoding)
        folders = Folders(lambda: self.documents)
        self.files = EditorSpecFiles(self.peer, lambda: self.documents, folders)

    def open(self, text: str, version: int = 7) -> None:
        self.documents.put_text_document(
            types.TextDocumentItem(self.path.as_uri(), "markdown", version, text)
        )

    async def read(self):
        return await self.files.read(str(self.root), SPEC)

    async def write(self, edits=EDIT, *, confirm: bool = True):
        return await self.files.write(await self.read(), edits, label="Apply", confirm=confirm)

    @property
    def edit(self) -> dict[str, Any]:
        (_, params) = self.peer.asked[-1]
        assert params["label"] == "Apply"
        return params["edit"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a spec on disk."""
    (tmp_path / SPEC).write_text(TEXT, encoding="utf-8")
    return tmp_path


async def test_an_open_document_wins_over_the_disk(root):
    """Its text and its version are read, whatever is on disk."""
    desk = Desk(root, {})
    assert (await desk.read()).version is None
    desk.open("typed")
    snapshot = await desk.read()
    assert (snapshot.text, snapshot.version, snapshot.exists) == ("typed", 7, True)


async def test_a_path_outside_the_root_is_refused_even_if_open(root):
    """Also when a link leads there."""
    desk = Desk(root, {})
    (root / "link.md").symlink_to("/etc/hosts.md")
    for path in ("../x.md", "link.md", "spec.txt"):
        with pytest.raises(InvalidInputError):
            await desk.files.read(str(root), path)


@pytest.mark.parametrize(
    ("encodings", "start", "end"), [(None, 4, 6), (["utf-8"], 4, 8), (["utf-32"], 4, 5)]
)
async def test_a_plain_client_gets_plain_changes(root, encodings, start, end):
    """In its encoding."""
    general = {} if encodings is None else {"general": {"positionEncodings": encodings}}
    desk = Desk(root, EDITS | general)
    desk.open(TEXT)
    assert (await desk.write()).outcome == "applied"
    assert desk.edit == {
        "changes": {
            desk.path.as_uri(): [
                {
                    "range": {
                        "start": {"line": 0, "character": start},
                        "end": {"line": 0, "character": end},
                    },
                    "newText": "1",
                }
            ]
        }
    }


async def test_a_versioned_client_gets_the_version_it_is_made_for(root):
    """An open document's own; null for one that is not open."""
    desk = Desk(root, VERSIONED)
    await desk.write()
    uri = desk.path.as_uri()
    assert desk.edit["documentChanges"][0]["textDocument"] == {"uri": uri, "version": None}
    desk.open(TEXT, version=9)
    await desk.write()
    assert desk.edit["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 9}
    assert "changeAnnotations" not in desk.edit


@pytest.mark.parametrize("confirm", [True, False])
async def test_confirmation_is_asked_for_where_the_client_has_it(root, confirm):
    """By one annotation that every change names."""
    desk = Desk(root, CREATES)
    await desk.write(confirm=confirm)
    assert ("changeAnnotations" in desk.edit) is confirm
    (change,) = desk.edit["documentChanges"]
    assert all(("annotationId" in edit) is confirm for edit in change["edits"])


async def test_a_new_file_is_created_by_the_client_that_can(root):
    """Neither overwriting nor ignoring a file that appeared meanwhile."""
    desk = Desk(root, CREATES)
    desk.path.unlink()
    await desk.write((TextEdit(Span(0, 0), "new"),))
    create, change = desk.edit["documentChanges"]
    assert create == {"kind": "create", "uri": desk.path.as_uri(), "annotationId": "kata"}
    assert change["textDocument"]["version"] is None


@pytest.mark.parametrize("capabilities", [{}, EDITS, VERSIONED])
async def test_a_new_file_is_written_for_a_client_that_cannot_create_one(root, capabilities):
    """The client is asked nothing."""
    desk = Desk(root, capabilities)
    desk.path.unlink()
    assert (await desk.write((TextEdit(Span(0, 0), "new"),))).outcome == "applied"
    assert desk.path.read_text() == "new"
    assert desk.peer.asked == []


async def test_a_file_is_written_for_a_client_without_edits(root):
    """Also while it is open and saved, with a word about reloading."""
    desk = Desk(root, {})
    assert (await desk.write()).outcome == "applied"
    assert desk.path.read_text(encoding="utf-8") == "one 1\ntwo\n"
    desk.open("one 1\ntwo\n")
    result = await desk.write((TextEdit(Span(4, 5), "2"),))
    assert (result.outcome, "reload" in result.message) == ("applied", True)
    assert desk.path.read_text(encoding="utf-8") == "one 2\ntwo\n"


async def test_unsaved_text_is_never_overwritten_on_disk(root):
    """The user is told to save."""
    desk = Desk(root, {})
    desk.open("typed, not saved")
    result = await desk.write((TextEdit(Span(0, 1), "T"),))
    assert (result.outcome, "save" in result.message) == ("refused", True)
    assert desk.path.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize("capabilities", [{}, EDITS, VERSIONED])
async def test_a_spec_that_moved_on_is_stale_and_nobody_is_asked(root, capabilities):
    """On disk, by opening, by typing, by vanishing."""
    desk = Desk(root, capabilities)
    snapshot = await desk.read()

    async def check() -> None:
        result = await desk.files.write(snapshot, EDIT, label="Apply", confirm=False)
        assert result.outcome == "stale"
        assert desk.peer.asked == []

    desk.path.write_text("other", encoding="utf-8")
    await check()
    desk.path.unlink()
    await check()
    desk.open("typed")
    await check()


async def test_a_version_alone_is_no_change(root):
    """Saving or undoing raises the version; the text is what counts."""
    desk = Desk(root, VERSIONED)
    desk.open(TEXT, version=3)
    snapshot = await desk.read()
    desk.open(TEXT, version=5)
    result = await desk.files.write(snapshot, EDIT, label="Apply", confirm=False)
    assert result.outcome == "applied"
    assert desk.edit["documentChanges"][0]["textDocument"]["version"] == 5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"applied": False, "failureReason": "no room"}, "no room"),
        ({"applied": False}, "no reason given"),
        (None, "no reason given"),
        ("yes", "no reason given"),
        ({"applied": "true"}, "no reason given"),
        (RpcError(-32601, "not served"), "not served"),
        (TimeoutError(), "did not answer"),
    ],
)
async def test_anything_but_applied_is_refused_with_the_reason(root, answer, words):
    """Nothing is written by us then."""
    desk = Desk(root, EDITS)
    desk.peer.answers[APPLY] = answer
    result = await desk.write()
    assert result.outcome == "refused"
    assert words in result.message
    assert desk.path.read_text(encoding="utf-8") == TEXT


async def test_a_refusal_after_the_text_changed_is_stale(root):
    """The client refused because its user typed: applying again will merge."""
    desk = Desk(root, VERSIONED)
    desk.open(TEXT)

    def type_first(_: Any) -> dict[str, Any]:
        desk.open("typed meanwhile", version=8)
        return {"applied": False}

    desk.peer.answers[APPLY] = type_first
    assert (await desk.write()).outcome == "stale"


async def test_a_byte_order_mark_has_no_position_in_an_editor(root):
    """The file keeps it; offsets behind it are one less in the client's text."""
    desk = Desk(root, EDITS)
    desk.path.write_text("\ufeffab", encoding="utf-8")
    await desk.write((TextEdit(Span(2, 3), "B"),))
    (edits,) = desk.edit["changes"].values()
    assert edits[0]["range"]["start"] == {"line": 0, "character": 1}


async def test_the_uri_is_the_one_the_client_uses(root, tmp_path_factory):
    """Of the open document, else under the folder as the client spelled it."""
    link = tmp_path_factory.mktemp("links") / "a b"
    link.symlink_to(root)
    desk = Desk(root, VERSIONED)
    desk.documents.remove_folder(root.as_uri())
    desk.documents.add_folder(types.WorkspaceFolder(uri=f"{link.as_uri()}/", name="w"))
    await desk.write()
    assert desk.edit["documentChanges"][0]["textDocument"]["uri"] == f"{link.as_uri()}/{SPEC}"
    odd = link.as_uri().replace("links", "%6Cinks") + f"/{SPEC}"
    desk.documents.put_text_document(types.TextDocumentItem(odd, "markdown", 2, TEXT))
    await desk.write()
    assert desk.edit["documentChanges"][0]["textDocument"] == {"uri": odd, "version": 2}


async def test_a_snapshot_of_another_spec_does_not_wait(root):
    """Only edits of the same file exclude each other."""
    desk = Desk(root, EDITS)
    snapshot = await desk.read()
    (root / "other.md").write_text(TEXT, encoding="utf-8")
    other = replace(snapshot, path=root / "other.md")
    nested: list[str] = []

    def answer(_: Any) -> dict[str, Any]:
        nested.append("asked")
        return {"applied": True}

    desk.peer.answers[APPLY] = answer
    for each in (snapshot, other):
        await desk.files.write(each, EDIT, label="Apply", confirm=False)
    assert nested == ["asked", "asked"]

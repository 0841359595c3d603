"""Edits in both directions land where they should, in every encoding and with every line end."""

from __future__ import annotations

import random
from itertools import cycle
from pathlib import Path

import pytest
from clients.editor import Editor, drafted, editing
from clients.scripts import DRAFT, answer
from clients.text import position_of
from clients.workspace import make_workspace
from lsprotocol import types

GOAL, BETTER, TASK = "漢字", "漢字 and 😀 more", "- [ ] T002 "
MIXED = ("\n", "\r\n", "\r")
PIECES = ("", "a", "😀", "漢字", "e\u0301", "👩‍👧 ", "x\r\ny", "\n", "z\rz")


def ended_by(text: str, ends: tuple[str, ...]) -> str:
    """Return the text with those line ends in turn and none after the last line."""
    *lines, last = text.rstrip("\n").split("\n")
    return "".join(line + end for line, end in zip(lines, cycle(ends), strict=False)) + last


def splice(editor: Editor, uri: str, start: int, end: int, new: str) -> None:
    """Type in the middle of a buffer: only the range goes to the server."""
    buffer = editor.buffers[uri]
    first, last = (position_of(buffer.text, at, editor.encoding) for at in (start, end))
    buffer.text, buffer.version = buffer.text[:start] + new + buffer.text[end:], buffer.version + 1
    change = types.TextDocumentContentChangePartial(
        types.Range(types.Position(**first), types.Position(**last)), new
    )
    document = types.VersionedTextDocumentIdentifier(version=buffer.version, uri=uri)
    editor.client.text_document_did_change(
        types.DidChangeTextDocumentParams(document, [change]),
    )


def scribble(editor: Editor, uri: str, rng: random.Random) -> None:
    """Type at random places of the assumptions, which no draft here is about."""
    for _ in range(30):
        text = editor.buffers[uri].text
        first = text.index("## Assumptions") + len("## Assumptions") + 5
        last = text.index("usage.")
        start, end = sorted(rng.choices(range(first, last + 1), k=2))
        end = min(end, start + 3)
        if "\r\n" in {text[start - 1 : start + 1], text[end - 1 : end + 1]}:
            continue  # no caret stands within a line end
        splice(editor, uri, start, end, rng.choice(PIECES))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("ends", [("\n",), ("\r\n",), MIXED], ids=["lf", "crlf", "mixed"])
async def test_edits_land_where_they_should(tmp_path: Path, encoding, ends):
    """Typing reaches the server, a draft and a tick reach the editor; all else stays as it is."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace(GOAL, BETTER)))
    workspace.spec.parent.mkdir()
    before = ended_by(DRAFT, ends)
    workspace.spec.write_bytes(before.encode())
    async with editing(workspace, encoding=encoding) as editor:
        assert editor.encoding == encoding
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        assert (await editor.command("kata.draft.apply", run_id))["outcome"] == "applied"
        assert editor.buffers[uri].text == before.replace(GOAL, BETTER)

        scribble(editor, uri, random.Random(encoding))
        at = editor.buffers[uri].text.index(TASK) + len(TASK)
        splice(editor, uri, at, at, "😀 漢字 ")
        typed = editor.buffers[uri].text
        ticked = {"taskId": "T002", "status": "done"}
        assert (await editor.command("kata.task.setStatus", ticked))["outcome"] == "applied"
        assert editor.buffers[uri].text == typed.replace(TASK, "- [x] T002 ")

"""Completion, ids, hints and colours through the installed server."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import CommandFailedError
from clients.features import ask, place, reading, replace, span
from clients.scripts import DRAFT
from clients.text import edited, offset_of
from clients.workspace import Workspace, make_workspace
from lsprotocol import types
from pygls.exceptions import JsonRpcException

COMPLETE = types.TEXT_DOCUMENT_COMPLETION
WIDE = DRAFT.replace("Show the count", "漢字 😀 Show the count")
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project with a folder for the spec."""
    workspace = make_workspace(tmp_path)
    workspace.spec.parent.mkdir()
    return workspace


async def completed(editor, uri, words, label):
    """Return the item of that label at the end of some words, and the text it makes."""
    where = place(editor, uri, words, len(words))
    found = await ask(editor, COMPLETE, uri, position=where)
    labels = [each["label"] for each in found["items"]]
    assert label in labels, labels
    item = found["items"][labels.index(label)]
    before = editor.buffers[uri].text
    replaced = before[offset_of(before, item["textEdit"]["range"]["start"], editor.encoding) :]
    typed = replaced[: len(replaced) - len(before) + offset_of(before, where, editor.encoding)]
    # A client filters by what is typed already.
    assert item["filterText"].casefold().startswith(typed.casefold())
    return item, edited(before, [item["textEdit"]], editor.encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_ids_sections_and_paths_are_completed(workspace, encoding):
    """Where they belong, replacing what is typed of them, after emoji and ideographs."""
    text = WIDE.replace("(after T001)", "(after T0") + "\n漢字 😀 `src/a\n\n## No"
    text = text.replace("## Non-goals", "## Others")
    async with reading(workspace, encoding=encoding) as editor:
        uri = editor.open(workspace.spec, text)
        item, made = await completed(editor, uri, "(after T0", "T001")
        assert "(after T001\n" in made
        assert item["detail"].startswith("Count tokens")
        _, made = await completed(editor, uri, "## No", "Non-goals")
        assert made.endswith("## Non-goals")
        item, made = await completed(editor, uri, "😀 `src/a", "src/app.py")
        assert (item["kind"], "`src/app.py\n" in made) == (17, True)


async def test_paths_stay_inside_the_folder(workspace):
    """Folders go on, hidden names are for who asks, and nothing outside is listed."""
    text = "# A\n\n`./\n`../../\n`/etc/\n`out/\n`src/../\n"
    (workspace.root / "out").symlink_to("/etc")
    (workspace.root / "src" / "deep").mkdir()
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text + "`src/\n")

        async def names(words):
            where = place(editor, uri, words, len(words))
            return [e["label"] for e in (await ask(editor, COMPLETE, uri, position=where))["items"]]

        assert await names("`./") == ["./README.md", "./out/", "./src/"]
        for words in ("`../../", "`/etc/", "`out/"):
            assert await names(words) == []
        assert await names("`src/\n"[:-1]) == ["src/app.py", "src/deep/"]


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim", "bare"])
async def test_a_new_task_is_a_snippet_where_the_client_has_them(workspace, preset):
    """With the next free id; else it is the same text without stops."""
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec, WIDE.replace("## Acceptance", "- \n\n## Acceptance"))
        item, _ = await completed(editor, uri, "(after T001)\n\n- ", "Parallel task T003")
        text = item["textEdit"]["newText"]
        if "insertTextFormat" in item:
            assert preset != "bare"
            assert (item["insertTextFormat"], text) == (2, "- [ ] T003 [P] ${1:…}")
        else:
            assert text == "- [ ] T003 [P] …"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_ids_are_followed_and_renamed(workspace, encoding, newline):
    """From wherever they stand, in prose too, with the version where the client takes it."""
    text = (WIDE + "\n漢字 😀 T001 is first.\n").replace("\n", newline)
    async with reading(workspace, encoding=encoding) as editor:
        assert editor.initialized.capabilities.rename_provider.prepare_provider is True
        uri = editor.open(workspace.spec, text)
        caret = place(editor, uri, "T001 is first", 2)
        defined = await ask(editor, types.TEXT_DOCUMENT_DEFINITION, uri, position=caret)
        assert defined == {"uri": uri, "range": span(editor, uri, "T001")}
        for with_definition, count in ((True, 3), (False, 2)):
            context = {"includeDeclaration": with_definition}
            method = types.TEXT_DOCUMENT_REFERENCES
            assert len(await ask(editor, method, uri, position=caret, context=context)) == count
        prepared = await ask(editor, types.TEXT_DOCUMENT_PREPARE_RENAME, uri, position=caret)
        assert prepared["placeholder"] == "T001"
        renamed = await ask(editor, types.TEXT_DOCUMENT_RENAME, uri, position=caret, newName="T100")
        (change,) = renamed["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": 1}
        assert edited(text, change["edits"], encoding) == text.replace("T001", "T100")


@pytest.mark.parametrize("new_id", ["T002", "no id", ""])
async def test_a_wrong_id_is_refused_in_words(workspace, new_id):
    """With LSP's RequestFailed; nothing is renamed."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, WIDE)
        caret = place(editor, uri, "T001")
        with pytest.raises(JsonRpcException) as caught:
            await ask(editor, types.TEXT_DOCUMENT_RENAME, uri, position=caret, newName=new_id)
        assert caught.value.code == -32803
        assert "id" in caught.value.message


async def test_a_command_for_an_older_text_changes_nothing(workspace):
    """A lens of an earlier version names its task; when that has gone, so is the command's aim."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, WIDE)
        replace(editor, uri, "T002", "T020")
        step = {"uri": uri, "taskId": "T002", "status": "done"}
        with pytest.raises(CommandFailedError, match="T001, T020"):
            await editor.command("kata.task.setStatus", step)


async def test_hints_tell_waves(workspace):
    """Behind each task of the range."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, WIDE)
        found = await ask(editor, types.TEXT_DOCUMENT_INLAY_HINT, uri, range=EVERYTHING)
        assert [each["label"] for each in found] == ["wave 1, ready", "wave 2, waits for 1"]
        assert found[1]["position"] == span(editor, uri, "(after T001)")["end"]
        first = {"start": {"line": 0, "character": 0}, "end": span(editor, uri, "T002")["start"]}
        assert len(await ask(editor, types.TEXT_DOCUMENT_INLAY_HINT, uri, range=first)) == 2
        above = {"start": {"line": 0, "character": 0}, "end": span(editor, uri, "T001")["start"]}
        assert len(await ask(editor, types.TEXT_DOCUMENT_INLAY_HINT, uri, range=above)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_ids_and_marks_have_colours(workspace, encoding):
    """In order, by places relative to the one before, in the client's units."""
    text = WIDE.replace("[ ] T001", "[x] T001") + "\n[NEEDS CLARIFICATION: 漢字 😀?] 😀\n"
    async with reading(workspace, encoding=encoding) as editor:
        provider = editor.initialized.capabilities.semantic_tokens_provider
        assert (provider.full, provider.range) == (True, True)
        names = provider.legend.token_types
        uri = editor.open(workspace.spec, text)
        method = types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL
        data = (await ask(editor, method, uri))["data"]
        line = character = 0
        found = []
        for lines, start, length, kind, modifiers in zip(*[iter(data)] * 5, strict=True):
            line, character = line + lines, start if lines else character + start
            ends = ({"line": line, "character": c} for c in (character, character + length))
            begin, end = (offset_of(text, each, encoding) for each in ends)
            found.append((text[begin:end], names[kind], modifiers))
        assert found == [
            ("[x]", "operator", 2),
            ("T001", "enumMember", 3),
            ("[ ]", "operator", 0),
            ("T002", "enumMember", 1),
            ("T001", "variable", 0),
            ("[NEEDS CLARIFICATION: 漢字 😀?]", "regexp", 0),
        ]
        row = span(editor, uri, "T002")
        part = await ask(editor, types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, uri, range=row)
        assert len(part["data"]) == 5

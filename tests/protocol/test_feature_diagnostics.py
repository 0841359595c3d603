"""Diagnostics of specs through the installed server: pushed, pulled, refreshed, taken away."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from clients.editor import PRESETS, capabilities, drafted
from clients.features import ask, close, codes, diagnosed, pushed, reading, replace, save, span
from clients.scripts import DRAFT, answer
from clients.workspace import Workspace, make_workspace
from lsprotocol import types

PULL = types.TEXT_DOCUMENT_DIAGNOSTIC
PUBLISH = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
REFRESH = types.WORKSPACE_DIAGNOSTIC_REFRESH

BROKEN = """\
# Count 😀 漢字

## Goal

[NEEDS CLARIFICATION: 漢字 or 😀?]

## Tasks

- [ ] T001 Count in `src/app.py` and `src/gone.py`
- [ ] T001 漢字 😀 again (after T009)
- [ ] No id

@@@task T005 Never closed
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project whose spec is the draft of the scripts."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    return workspace


@pytest.fixture
def pulling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the VS Code preset ask for diagnostics itself, as today's VS Code does."""

    def with_pulls(preset, encoding=None):
        found = capabilities(preset, encoding)
        assert found.text_document
        assert found.workspace
        found.text_document.diagnostic = types.DiagnosticClientCapabilities()
        found.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(
            refresh_support=True
        )
        return found

    monkeypatch.setattr("clients.editor.capabilities", with_pulls)


@pytest.mark.parametrize("preset", PRESETS)
async def test_an_opened_spec_is_examined(workspace, preset):
    """Whatever the client says it can do: severity, stable code, source, version."""
    async with reading(workspace, preset) as editor:
        assert editor.initialized.capabilities.diagnostic_provider is None
        uri = editor.open(workspace.spec, BROKEN)
        found = await diagnosed(editor, uri)
        assert sorted(set(codes(found))) == [
            "duplicate-task-id",
            "missing-path",
            "missing-section",
            "missing-task-id",
            "needs-clarification",
            "unknown-reference",
            "unterminated-task",
        ]
        assert {each["source"] for each in found} == {"kata"}
        severities = {each["code"]: each["severity"] for each in found}
        assert severities["duplicate-task-id"] == 1
        assert severities["needs-clarification"] == 2
        assert severities["missing-path"] == 3
        assert editor.sent(PUBLISH)[0]["version"] == 1


async def test_each_code_leads_to_its_documentation(workspace):
    """A file that came with the server, under a heading of that name; what can be done is said."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, BROKEN)
        for found in await diagnosed(editor, uri):
            href = urlsplit(found["codeDescription"]["href"])
            assert (href.scheme, href.fragment) == ("file", found["code"])
            assert f"## {found['code']}\n" in Path(unquote(href.path)).read_text()
            if found["code"] == "missing-task-id":
                assert found["data"] == {"fixes": ["Give it the next free id"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_places_count_as_the_client_does(workspace, encoding, newline):
    """With emoji and ideographs before and inside, also after an incremental change."""
    async with reading(workspace, encoding=encoding) as editor:
        uri = editor.open(workspace.spec, BROKEN.replace("\n", newline))
        await diagnosed(editor, uri)
        replace(editor, uri, "漢字 😀 again", "漢字 😀😀 again 漢")
        found = await diagnosed(editor, uri, version=2)
        places = {each["code"]: each["range"] for each in found}
        for code, words in (
            ("needs-clarification", "[NEEDS CLARIFICATION: 漢字 or 😀?]"),
            ("missing-path", "src/gone.py"),
            ("unknown-reference", "T009"),
        ):
            assert places[code] == span(editor, uri, words)


async def test_typing_and_closing_change_what_is_shown(workspace):
    """A problem goes when it is repaired, and with the document that had it."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        assert codes(await diagnosed(editor, uri)) == []
        replace(editor, uri, "(after T001)", "(after T007)")
        assert codes(await diagnosed(editor, uri, len)) == ["unknown-reference"]
        close(editor, uri)
        await editor.message(
            PUBLISH,
            lambda each: not each["diagnostics"] and "version" not in each,
        )


async def test_a_path_is_looked_for_again_when_the_spec_is_saved(workspace):
    """A file made meanwhile is no problem any more."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT.replace("src/app.py", "src/new.py"))
        assert codes(await diagnosed(editor, uri, len)) == ["missing-path"]
        (workspace.root / "src" / "new.py").touch()
        save(editor, uri)
        assert await diagnosed(editor, uri, lambda found: not found) == []


async def test_what_is_outside_the_folder_is_not_looked_at(workspace):
    """Such a path is neither reported nor denied."""
    async with reading(workspace) as editor:
        text = DRAFT.replace("src/app.py", "../../gone.py").replace("the count", "`/gone/x.py`")
        uri = editor.open(workspace.spec, text)
        assert codes(await diagnosed(editor, uri)) == []


async def test_a_waiting_draft_is_news(workspace):
    """Shown as soon as the run ends, with the run's id, and gone when it is discarded."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        await diagnosed(editor, uri)
        run_id = await drafted(editor)
        (found,) = await diagnosed(editor, uri, len)
        assert (found["code"], found["severity"]) == ("draft-waiting", 3)
        assert found["data"] == {"runId": run_id}
        await editor.command("kata.draft.discard", {"runId": run_id})
        await editor.message(PUBLISH, lambda _: pushed(editor, uri)[-1] == [])


async def test_comments_are_hints(workspace):
    """A comment that was there, one that is added, and none when they are resolved."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        thread = await editor.command(
            "kata.comment.add", {"uri": uri, "section": "Goal", "text": "Which?", "author": "Ann"}
        )
        (found,) = await diagnosed(editor, uri, len)
        assert (found["code"], found["severity"]) == ("open-comment", 4)
        assert found["message"] == "Ann: Which?"
        assert found["data"] == {"threadId": thread["threadId"]}
        close(editor, uri)
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        assert codes(await diagnosed(editor, uri, len)) == ["open-comment"]
        await editor.command("kata.comment.resolve", {"uri": uri, "threadId": thread["threadId"]})
        await editor.message(PUBLISH, lambda _: pushed(editor, uri)[-1] == [])


async def test_a_comment_file_that_cannot_be_read_is_no_comment(workspace):
    """The rest of the diagnostics is as ever."""
    workspace.spec.with_name("spec.comments.json").write_text("{")
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, BROKEN)
        assert "duplicate-task-id" in codes(await diagnosed(editor, uri))


@pytest.mark.usefixtures("pulling")
async def test_a_client_that_pulls_is_not_pushed_to(workspace):
    """It gets a name for each result, learns that nothing changed, and is told to ask again."""
    async with reading(workspace) as editor:
        provider = editor.initialized.capabilities.diagnostic_provider
        assert (provider.identifier, provider.workspace_diagnostics) == ("kata", False)
        uri = editor.open(workspace.spec, BROKEN)
        first = await ask(editor, PULL, uri)
        assert first["kind"] == "full"
        assert "duplicate-task-id" in codes(first["items"])
        again = await ask(editor, PULL, uri, previousResultId=first["resultId"])
        assert again == {"kind": "unchanged", "resultId": first["resultId"]}
        replace(editor, uri, "No id", "T007 An id")
        third = await ask(editor, PULL, uri, previousResultId=first["resultId"])
        assert "missing-task-id" not in codes(third["items"])
        await drafted(editor)
        await editor.message(REFRESH)
        fourth = await ask(editor, PULL, uri, previousResultId=third["resultId"])
        assert "draft-waiting" in codes(fourth["items"])
        assert editor.sent(PUBLISH) == []


@pytest.mark.usefixtures("pulling")
async def test_other_files_have_no_diagnostics(workspace):
    """Pulled or not, open or unknown."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.root / "README.md", BROKEN)
        for asked in (uri, workspace.spec.as_uri(), "untitled:Untitled-1"):
            report = await ask(editor, PULL, asked)
            assert (report["kind"], report["items"]) == ("full", [])


async def test_a_folder_that_is_opened_later_has_specs_too(workspace, tmp_path):
    """Until it is closed again."""
    other = tmp_path / "other"
    (other / ".kata").mkdir(parents=True)
    folder = types.WorkspaceFolder(uri=other.as_uri(), name="other")

    def change(editor, added=(), removed=()):
        event = types.WorkspaceFoldersChangeEvent(list(added), list(removed))
        editor.client.workspace_did_change_workspace_folders(
            types.DidChangeWorkspaceFoldersParams(event)
        )

    async with reading(workspace) as editor:
        uri = editor.open(other / ".kata" / "spec.md", BROKEN)
        change(editor, added=[folder])
        assert "duplicate-task-id" in codes(await diagnosed(editor, uri))
        change(editor, removed=[folder])
        assert codes(await diagnosed(editor, uri, lambda found: not found)) == []


async def test_the_settings_say_which_file_is_the_spec(workspace):
    """Also when they change while it is open."""
    async with reading(workspace, configuration={"specPath": "docs/plan.md"}) as editor:
        uri = editor.open(workspace.root / "docs" / "plan.md", BROKEN)
        assert "duplicate-task-id" in codes(await diagnosed(editor, uri))

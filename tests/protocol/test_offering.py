"""Offers of finished drafts through the installed server: taken, ignored, refused, impossible."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import drafted, editing
from clients.scripts import DRAFT, answer
from clients.workspace import make_workspace


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
async def test_a_finished_draft_is_offered_and_apply_applies_it(tmp_path: Path, preset):
    """The answer Apply edits the spec."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, preset) as editor:
        editor.on_question = "Apply"
        run_id = await editor.start("Count tokens")
        await editor.change(run_id, lambda run: run.get("draft", {}).get("state") == "applied")
        question = await editor.message("window/showMessageRequest")
        assert [action.title for action in question.actions] == ["Apply", "Show", "Later"]
        assert workspace.spec.read_text(encoding="utf-8") == DRAFT


async def test_show_opens_the_draft_as_a_private_file(tmp_path: Path):
    """Under the state directory, never in the workspace."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_question = "Show"
        await editor.start("Count tokens")
        shown = await editor.message("window/showDocument")
        path = Path(shown.uri.removeprefix("file://"))
        assert path.is_relative_to(workspace.home)
        assert path.read_text(encoding="utf-8") == DRAFT
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("said", ["silent", "fail", "Later"])
async def test_an_offer_nobody_takes_leaves_the_draft_waiting(tmp_path: Path, said):
    """Ignored, refused or put off: the next command works, and so does the end."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_question = said
        run_id = await drafted(editor)
        await editor.message("window/showMessageRequest")
        assert (await editor.command("kata.draft.show"))["runId"] == run_id
        assert await editor.leave() == 0


async def test_a_client_that_cannot_ask_is_told(tmp_path: Path):
    """By one message that names the command."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, "bare") as editor:
        await drafted(editor)
        told = await editor.message("window/showMessage")
        assert "kata.draft.apply" in told.message
        assert editor.sent("window/showMessageRequest") == []


@pytest.mark.parametrize("said", ["refuse", "fail"])
async def test_a_draft_that_could_not_apply_itself_is_kept_and_offered(tmp_path: Path, said):
    """The run says why, and the question too."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_edit = said
        run_id = await editor.start("Count tokens", apply="auto")
        run = await editor.change(
            run_id, lambda run: any(note["source"] == "apply" for note in run["diagnostics"])
        )
        assert run["draft"]["state"] == "waiting"
        question = await editor.message("window/showMessageRequest")
        assert "It was not applied" in question.message
        assert not workspace.spec.exists()


async def test_a_client_silent_about_an_automatic_edit_can_leave(tmp_path: Path):
    """The run has ended, its draft waits for the next session."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_edit = "silent"
        run_id = await editor.start("Count tokens", apply="auto")
        await editor.message("workspace/applyEdit")
        assert (await editor.ended(run_id))["status"] == "completed"
        assert await editor.leave() == 0
    async with editing(workspace) as editor:
        assert (await editor.command("kata.draft.show"))["runId"] == run_id

"""Drafts through the installed server: shown, applied, refused, kept, offered, discarded."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import PRESETS, CommandFailedError, drafted, editing
from clients.scripts import DRAFT, answer, hanging
from clients.workspace import make_workspace

MINE = """\
# Count tokens

## Goal

My own words. 😀 漢字

## Tasks

- [x] T001 Count tokens in `src/app.py`
"""


@pytest.mark.parametrize("preset", PRESETS)
async def test_a_first_draft_becomes_the_spec(tmp_path: Path, preset):
    """By an edit that creates the file where the client can, else on disk; then it is applied."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, preset) as editor:
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert (applied["outcome"], applied["specUri"]) == ("applied", workspace.spec.as_uri())
        assert workspace.spec.read_text(encoding="utf-8") == DRAFT
        await editor.change(run_id, lambda run: run.get("draft", {}).get("state") == "applied")
        if preset == "visual-studio-code":
            create, change = editor.edits[0]["edit"]["documentChanges"]
            assert (create["kind"], create["uri"]) == ("create", applied["specUri"])
            assert change["textDocument"] == {"uri": applied["specUri"], "version": None}
        else:
            assert editor.edits == []


@pytest.mark.parametrize("preset", PRESETS)
async def test_an_open_spec_is_edited_in_the_editor(tmp_path: Path, preset):
    """With the version where the client takes one; the bare client's saved file is written."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace("Show what", "Show everything that")))
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    async with editing(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert applied["outcome"] == "applied"
        expected = DRAFT.replace("Show what", "Show everything that")
        if preset == "bare":
            assert workspace.spec.read_text(encoding="utf-8") == expected
            return
        assert editor.buffers[uri].text == expected
        edit = editor.edits[0]["edit"]
        if preset == "neovim":
            assert list(edit) == ["changes"]
            return
        (change,) = edit["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": 1}
        (label,) = edit["changeAnnotations"].values()
        assert label["needsConfirmation"] is True
        assert all(each["annotationId"] in edit["changeAnnotations"] for each in change["edits"])


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
async def test_an_edit_for_an_older_version_is_not_made(tmp_path: Path, preset):
    """The user types while the edit is on its way: stale, kept, and applied by the next call."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace("Show what", "Show everything that")))
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    typed = DRAFT.replace("- Prices.", "- Prices and taxes.")
    async with editing(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        editor.before_edit = lambda: editor.type(uri, typed)
        editor.on_edit = "apply" if preset == "visual-studio-code" else "refuse"
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert applied["outcome"] == "stale"
        assert editor.buffers[uri].text == typed
        shown = await editor.command("kata.draft.show", {"runId": run_id})
        assert shown["state"] == "waiting"

        editor.before_edit = lambda: None
        editor.on_edit = "apply"
        again = await editor.command("kata.draft.apply", {"runId": run_id})
        assert again["outcome"] == "applied"
        assert editor.buffers[uri].text == typed.replace("Show what", "Show everything that")


async def test_an_unsaved_spec_of_a_client_without_edits_is_left_alone(tmp_path: Path):
    """What is not on disk cannot be merged on disk; the draft is kept and the message says so."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace("Show what", "Show everything that")))
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    async with editing(workspace, "bare") as editor:
        uri = editor.open(workspace.spec)
        editor.type(uri, DRAFT.replace("- Prices.", "- Prices and taxes."))
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert applied["outcome"] == "refused"
        assert "save the spec" in applied["message"]
        assert workspace.spec.read_text(encoding="utf-8") == DRAFT


@pytest.mark.parametrize(("said", "words"), [("refuse", "the user said no"), ("fail", "cannot")])
async def test_a_client_that_refuses_an_edit_keeps_the_draft(tmp_path: Path, said, words):
    """With its reason; the draft waits on and nothing is written."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_edit = said
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert applied["outcome"] == "refused"
        assert words in applied["message"]
        assert (await editor.command("kata.draft.show"))["runId"] == run_id
        assert not workspace.spec.exists()


async def test_a_client_that_never_answers_an_edit_blocks_nothing(tmp_path: Path):
    """The command says `pending` in time, a second one is refused, the session ends with 0."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_edit = "silent"
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert (applied["outcome"], applied["specUri"]) == ("pending", workspace.spec.as_uri())
        again = await editor.command("kata.draft.apply", {"runId": run_id})
        assert again["outcome"] == "refused"
        assert "earlier edit" in again["message"]
        assert await editor.leave() == 0


async def test_a_late_answer_to_an_edit_arrives_as_a_change_of_the_run(tmp_path: Path):
    """`pending` first, then the draft is applied."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_edit = "silent"
        run_id = await drafted(editor)
        applied = await editor.command("kata.draft.apply", {"runId": run_id})
        assert applied["outcome"] == "pending"
        editor.on_edit = "apply"
        editor.let_go()
        await editor.change(run_id, lambda run: run.get("draft", {}).get("state") == "applied")


async def test_conflicts_are_a_choice(tmp_path: Path):
    """Both changed the goal: nothing is written until the choice is made, by id or for all."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    workspace.spec.parent.mkdir()
    async with editing(workspace) as editor:
        run_id = await drafted(editor)
        workspace.spec.write_text(MINE, encoding="utf-8")
        conflicted = await editor.command("kata.draft.apply", {"runId": run_id})
        assert conflicted["outcome"] == "conflict"
        told = await editor.message("window/showMessage")
        assert "Code actions on the spec's title line" in told.message
        assert workspace.spec.read_text(encoding="utf-8") == MINE
        ids = [each["id"] for each in conflicted["conflicts"]]
        assert "section:Goal" in ids
        with pytest.raises(CommandFailedError, match="choices: there is no conflict 'nope'"):
            await editor.command("kata.draft.apply", {"runId": run_id, "choices": {"nope": "mine"}})
        applied = await editor.command("kata.draft.apply", {"runId": run_id, "choice": "mine"})
        assert applied["outcome"] == "applied"
        text = workspace.spec.read_text(encoding="utf-8")
        assert "My own words." in text
        assert "- [x] T001" in text
        assert "## Non-goals" in text


async def test_auto_applies_by_itself_and_never_only_keeps(tmp_path: Path):
    """The policy of the run decides; neither asks a question."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(), answer())
    async with editing(workspace) as editor:
        kept = await drafted(editor, apply="never")
        run_id = await editor.start("Count tokens", apply="auto")
        await editor.change(run_id, lambda run: run.get("draft", {}).get("state") == "applied")
        assert workspace.spec.read_text(encoding="utf-8") == DRAFT
        assert editor.changes(kept)[-1]["draft"]["state"] == "waiting"
        assert editor.sent("window/showMessageRequest") == []


async def test_a_discarded_draft_waits_no_longer(tmp_path: Path):
    """Its text stays with the run."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        run_id = await drafted(editor)
        assert (await editor.command("kata.draft.discard"))["state"] == "discarded"
        with pytest.raises(CommandFailedError, match="no draft waits"):
            await editor.command("kata.draft.show")
        assert (await editor.command("kata.draft.show", run_id))["text"] == DRAFT


async def test_unfinished_output_is_never_applied(tmp_path: Path):
    """A cancelled run's text can be read and not be applied."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(hanging(text="# Half\n\n## Goal\n\nHalf a goal"))
    async with editing(workspace) as editor:
        run_id = await editor.start("Count tokens")
        await editor.message("kata/run/didStream")
        await editor.command("kata.run.cancel", run_id)
        with pytest.raises(CommandFailedError, match="not finished"):
            await editor.command("kata.draft.apply", run_id)
        assert not workspace.spec.exists()


async def test_a_draft_of_a_folder_that_is_not_open_is_not_touched(tmp_path: Path):
    """A run of another project is refused by name, whatever knows its id."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        run_id = await drafted(editor)
    other = tmp_path / "other"
    other.mkdir()
    async with editing(workspace, folders=[other]) as editor:
        with pytest.raises(CommandFailedError, match="runId: the run's root is not open") as caught:
            await editor.command("kata.draft.apply", {"runId": run_id})
        assert caught.value.code == -32602
        assert not workspace.spec.exists()

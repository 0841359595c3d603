"""Code actions through the installed server: quick fixes, rewriting, drafting from a selection."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.features import actions, codes, diagnosed, reading, run, span, titled
from clients.scripts import DRAFT, answer
from clients.text import edited
from clients.workspace import Workspace, make_workspace

BLOCK = "@@@task T005 Tell 😀\nIn 漢字.\n@@@\n"
FIXES = {
    # What is written instead of what, what is selected, the fix, and what it leaves in the text.
    "missing-section": (
        ("## Non-goals", "## Others"),
        "# Count",
        "Insert section 'Non-goals'",
        "## Non-goals",
    ),
    "empty-section": (
        ("Show what a run has used. 😀 漢字\n", ""),
        "## Goal",
        "Insert an example",
        "…",
    ),
    "missing-task-id": (
        ("- [ ] T002 Show", "- [ ] Show"),
        "- [ ] Show",
        "Give it the next free id",
        "T002 Show",
    ),
    "duplicate-task-id": (
        ("T002 Show", "T001 Show"),
        "T001 Show",
        "Give it the next free id",
        "T002 Show",
    ),
    "unknown-reference": (
        ("(after T001)", "(after T009)"),
        "T009",
        "Do not wait for T009",
        "count\n",
    ),
    "unverified-criterion": (
        ("- AC1: run", "- AC7: run"),
        "AC1: The",
        "Add a check to the verification plan",
        "- AC1: …",
    ),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project whose spec is the draft of the scripts."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    workspace.spec.parent.mkdir()
    return workspace


def made(editor, uri, action):
    """Return the buffer after an action's edit, which must be made for it as it is."""
    edit = action["edit"]
    if "changes" in edit:
        ((changed, edits),) = edit["changes"].items()
    else:
        (change,) = edit["documentChanges"]
        version = editor.buffers[uri].version
        assert change["textDocument"] == {"uri": uri, "version": version}
        changed, edits = uri, change["edits"]
    assert changed == uri
    return edited(editor.buffers[uri].text, edits, editor.encoding)


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
@pytest.mark.parametrize("code", FIXES)
async def test_a_quick_fix_takes_its_problem_away(workspace, preset, code):
    """It names the diagnostic it is for, and its edit is versioned where the client can."""
    spoiled, where, title, there = FIXES[code]
    text = DRAFT.replace(*spoiled)
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec, text)
        assert codes(await diagnosed(editor, uri)) == [code]
        action = titled(await actions(editor, uri, span(editor, uri, where)), title)
        assert (action["kind"], codes(action["diagnostics"])) == ("quickfix", [code])
        assert action["isPreferred"] is True
        fixed = made(editor, uri, action)
        assert there in fixed
        editor.type(uri, fixed)
        assert codes(await diagnosed(editor, uri, version=2)) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_a_task_block_becomes_a_checkbox(workspace, newline):
    """From its first line as a quick fix, from inside it as a rewriting."""
    text = DRAFT.replace("## Acceptance", f"{BLOCK}\n## Acceptance").replace("\n", newline)
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        for words, kind in (("@@@task", "quickfix"), ("In 漢字", "refactor.rewrite")):
            found = await actions(editor, uri, span(editor, uri, words))
            action = titled(found, "Convert to a checkbox")
            assert action["kind"] == kind
            expected = text.replace(
                BLOCK.replace("\n", newline), f"- [ ] T005 Tell 😀{newline}  In 漢字.{newline}"
            )
            assert made(editor, uri, action) == expected


async def test_an_unclosed_block_is_closed(workspace):
    """Before the next blank line."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT + "\n@@@task T005 Tell\nmore\n")
        action = titled(await actions(editor, uri, span(editor, uri, "T005")), "Close the block")
        assert made(editor, uri, action).endswith("T005 Tell\nmore\n@@@\n")


async def test_tasks_without_ids_are_ticked_and_named(workspace):
    """By edits, as no command can name them; all get an id at once."""
    text = DRAFT.replace("T001 ", "").replace("T002 ", "")
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        found = await actions(editor, uri, span(editor, uri, "Show the count"))
        ticked = made(editor, uri, titled(found, "Mark as in progress"))
        assert ticked == text.replace("[ ] Show", "[/] Show")
        named = made(editor, uri, titled(found, "Give 2 tasks an id"))
        assert "- [ ] T001 Count" in named
        assert "- [ ] T002 Show" in named


async def test_a_task_can_skip_a_status(workspace):
    """Every status it does not have is offered, the next one first."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT)
        found = await actions(editor, uri, span(editor, uri, "Show the count"))
        titles = [each["title"] for each in found if each["kind"] == "kata.task"]
        assert titles == ["Start T002", "Mark T002 done"]
        await run(editor, titled(found, "Mark T002 done")["command"])
        assert "- [x] T002" in editor.buffers[uri].text


async def test_a_comment_is_resolved(workspace):
    """At the section it stands on."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT)
        await editor.command("kata.comment.add", {"uri": uri, "section": "Goal", "text": "Why?"})
        found = await actions(editor, uri, span(editor, uri, "## Goal"))
        resolved = await run(editor, titled(found, "Resolve comment")["command"])
        assert resolved["resolved"] is True
        again = await actions(editor, uri, span(editor, uri, "## Goal"))
        assert "Resolve comment" not in [each["title"] for each in again]


async def test_a_client_gets_the_kinds_it_asks_for(workspace):
    """Those below a kind count; an empty list of kinds asks for none."""
    text = DRAFT.replace("T002 Show", "T001 Show")
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        where = span(editor, uri, "T001 Show")

        async def kinds(*only):
            return {each["kind"] for each in await actions(editor, uri, where, only=list(only))}

        assert await kinds("quickfix") == {"quickfix"}
        assert await kinds("kata") == {"kata.run"}
        assert await kinds("kata.draft", "source") == set()


async def test_a_client_without_action_literals_gets_commands_alone(workspace):
    """It could do nothing with an edit."""
    async with reading(workspace, "bare") as editor:
        uri = editor.open(workspace.spec, DRAFT.replace("T002 Show", "T001 Show"))
        for found in await actions(editor, uri, span(editor, uri, "T001 Count")):
            assert isinstance(found["command"], str)
            assert "edit" not in found


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim", "bare"])
async def test_a_spec_is_drafted_from_text_of_any_file(workspace, preset):
    """The run gets the selection and its place; a secret in it is masked before it is stored."""
    secret = "sk-ant-api03-" + "k9Xw" * 20
    code = f'def pay():\n    # TODO: count 😀 漢字\n    key = "{secret}"\n'
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.root / "src" / "pay.py", code)
        assert await actions(editor, uri, span(editor, uri, "")) == []
        where = {"start": span(editor, uri, "# TODO")["start"], "end": {"line": 3, "character": 0}}
        (found,) = await actions(editor, uri, where)
        assert found["title"] == "Draft a spec from this"
        command = found if preset == "bare" else found["command"]
        (argument,) = command["arguments"]
        assert argument["selection"] == code[code.index("# TODO") :]
        assert argument["selectionPath"] == "src/pay.py"
        assert argument["prompt"].endswith(
            "(src/pay.py, lines 2-3), which begins: # TODO: count 😀 漢字"
        )
        started = await editor.command(command["command"], {**argument, "provider": "scripted"})
        assert (await editor.ended(started["runId"]))["status"] == "completed"
        assert secret not in str(await editor.command("kata.run.get", started["runId"]))


async def test_text_outside_the_folders_drafts_nothing(workspace, tmp_path):
    """There is no spec that it could be for."""
    async with reading(workspace) as editor:
        uri = editor.open(tmp_path / "elsewhere.py", "print(1)\n")
        assert await actions(editor, uri, span(editor, uri, "print")) == []

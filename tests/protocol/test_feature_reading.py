"""Hovers, symbols, folds and links through the installed server."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import PRESETS, drafted
from clients.features import ask, place, reading, span
from clients.scripts import DRAFT, answer
from clients.workspace import Workspace, make_workspace
from lsprotocol import types

HOVER = types.TEXT_DOCUMENT_HOVER
LINKS = types.TEXT_DOCUMENT_DOCUMENT_LINK
SYMBOLS = types.TEXT_DOCUMENT_DOCUMENT_SYMBOL


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project whose spec is the draft of the scripts."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace("Show what", "Show everything that")))
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    return workspace


async def hovered(editor, uri, words):
    """Return the hover at some words."""
    return await ask(editor, HOVER, uri, position=place(editor, uri, words, 1))


@pytest.mark.parametrize("preset", PRESETS)
async def test_a_task_tells_its_status_and_what_it_waits_for(workspace, preset):
    """In Markdown where the client takes it; over a reference it is about the task named there."""
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        found = await hovered(editor, uri, "T002 Show")
        plain = preset == "bare"
        assert found["contents"]["kind"] == ("plaintext" if plain else "markdown")
        assert found["contents"]["value"].split("\n" if plain else "\n\n") == [
            "T002 Show the count" if plain else "**T002** Show the count",
            "To do · wave 2 of 2",
            "Waits for T001 (to do)",
        ]
        assert found["range"] == span(editor, uri, "- [ ] T002 Show the count (after T001)")
        named = await hovered(editor, uri, "T001)")
        assert "Count tokens in" in named["contents"]["value"]
        assert "To do · wave 1 of 2 · ready" in named["contents"]["value"]


async def test_a_task_tells_which_run_wrote_it(workspace):
    """With its model, tokens and cost; also in a later session, once the core is open."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        await editor.command("kata.draft.apply", {"runId": run_id})
        await editor.change(run_id, lambda run: run.get("draft", {}).get("state") == "applied")
        written = (await hovered(editor, uri, "T001 Count"))["contents"]["value"]
        assert f"Spec last written by run `{run_id}`: scripted" in written
        assert "1,200 tokens" in written
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        await editor.command("kata.status.get")
        assert run_id in (await hovered(editor, uri, "T001 Count"))["contents"]["value"]


async def test_a_section_tells_what_belongs_there(workspace):
    """How far its tasks are, and what was said about it."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT.replace("[ ] T001", "[x] T001"))
        added = {"uri": uri, "section": "Tasks", "text": "Too **few**?", "author": "Ann"}
        thread = await editor.command("kata.comment.add", added)
        replied = {"uri": uri, "threadId": thread["threadId"], "text": "No.", "author": "Bo"}
        await editor.command("kata.comment.reply", replied)
        found = (await hovered(editor, uri, "## Tasks"))["contents"]["value"].split("\n\n")
        assert found[0] == "**Tasks**"
        assert "The work, one checkbox per change" in found[1]
        assert found[2:] == ["1 of 2 tasks done", "**Ann**: Too **few**?", "↳ **Bo**: No."]
        assert await hovered(editor, uri, "- Prices") is None


async def test_a_problem_is_told_where_it_is(workspace):
    """With its code."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT + "\n[NEEDS CLARIFICATION: 漢字?]\n")
        found = await hovered(editor, uri, "漢字?")
        text = "`needs-clarification`: Needs clarification: 漢字?"
        assert found["contents"]["value"] == text
        assert found["range"] == span(editor, uri, "[NEEDS CLARIFICATION: 漢字?]")


@pytest.mark.parametrize("preset", PRESETS)
async def test_symbols_are_a_tree_or_a_list(workspace, preset):
    """Sections with their tasks in them; a client without trees gets each with its container."""
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        found = await ask(editor, SYMBOLS, uri)
        if preset == "bare":
            names = [(each["name"], each["containerName"]) for each in found]
            assert names[:4] == [
                ("Count tokens", ".kata/spec.md"),
                ("Goal", "Count tokens"),
                ("Tasks", "Count tokens"),
                ("T001 Count tokens in `src/app.py`", "Tasks"),
            ]
            return
        (spec,) = found
        assert [each["name"] for each in spec["children"]][:2] == ["Goal", "Tasks"]
        task = spec["children"][1]["children"][1]
        assert (task["name"], task["kind"]) == ("T002 Show the count", 17)
        assert task["detail"] == "todo · after T001"
        assert task["selectionRange"] == span(editor, uri, "Show the count")


async def test_sections_code_and_comments_fold(workspace):
    """From the line that stays to the last one hidden, never more of them than asked for."""
    text = "# A\n\n## B\n\n<!--\nno\n-->\n\n```\ncode\n```\n\n- [ ] T001 x\n  more\n"
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        found = await ask(editor, types.TEXT_DOCUMENT_FOLDING_RANGE, uri)
        lines = [(each["startLine"], each["endLine"], each["kind"]) for each in found]
        assert lines == [
            (0, 13, "region"),
            (2, 13, "region"),
            (4, 6, "comment"),
            (8, 10, "region"),
            (12, 13, "region"),
        ]


async def test_links_lead_to_files_that_are_there_and_to_tasks(workspace):
    """Relative to the root or to the spec; never outside, not even through a link."""
    (workspace.root / "src" / "漢 字.py").touch()
    (workspace.root / "out.md").symlink_to("/etc/hosts")
    text = DRAFT + "\n`src/gone.py` `src/漢 字.py` [a](../src/app.py) [b](out.md) [c](/etc/hosts)\n"
    text += "[d](../src/%E6%BC%A2%20%E5%AD%97.py) https://example.org/x `src/`\n"
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        found = await ask(editor, LINKS, uri)
        targets = {(each["range"]["start"]["line"], each["target"]) for each in found}
        app = (workspace.root / "src" / "app.py").as_uri()
        last = text.count("\n") - 1
        assert targets == {
            (8, app),
            (9, f"{uri}#L9"),
            (last - 1, app),
            (last, (workspace.root / "src" / "漢 字.py").as_uri()),
        }
        first = next(each for each in found if each["target"] == app)
        assert first["range"] == span(editor, uri, "src/app.py")


async def test_a_run_that_is_named_leads_to_its_draft(workspace):
    """Once it was shown."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        editor.type(uri, f"{DRAFT}\nSee run {run_id}.\n")
        assert len(await ask(editor, LINKS, uri)) == 2
        await editor.command("kata.draft.show", {"runId": run_id, "open": True})
        shown = await editor.message("window/showDocument")
        link = (await ask(editor, LINKS, uri))[-1]
        assert link == {"range": span(editor, uri, run_id), "target": shown.uri}


async def test_symbols_of_all_specs_are_found(workspace):
    """Open ones as they are, others as they were saved; outside of links and folders none."""
    kiro = workspace.root / ".kiro" / "specs" / "bulk 漢" / "tasks.md"
    kiro.parent.mkdir(parents=True)
    kiro.write_text("# Plan\n\n- [ ] 1. Import 😀 tokens\n", encoding="utf-8")
    (workspace.root / "specs" / "big").mkdir(parents=True)
    (workspace.root / "specs" / "big" / "tasks.md").write_bytes(b"\xff not text")
    (workspace.root / ".kata" / "out.md").symlink_to("/etc/hosts")
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, DRAFT.replace("Count tokens", "Count all"))
        found = await ask(editor, types.WORKSPACE_SYMBOL, query="tokens")
        assert [(each["name"], each["location"]["uri"]) for each in found] == [
            ("1 Import 😀 tokens", kiro.as_uri())
        ]
        found = await ask(editor, types.WORKSPACE_SYMBOL, query="T1Count")
        assert [each["location"]["uri"] for each in found] == [uri]
        kiro.write_text("# Other\n", encoding="utf-8")
        assert await ask(editor, types.WORKSPACE_SYMBOL, query="import tokens") == []

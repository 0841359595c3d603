"""Code lenses through the installed server: what they say, what they do, and their twins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clients.editor import PRESETS, drafted
from clients.features import actions, ask, close, lenses, reading, replace, run, span, titled
from clients.scripts import DRAFT, answer, hanging
from clients.workspace import Workspace, make_workspace
from lsprotocol import types

FIXTURES = Path(__file__).parents[1] / "fixtures" / "specs"
DIALECTS = {
    "native": ".kata/spec.md",
    "lite": ".kata/spec.md",
    "spec-kit": "specs/014-offline-drafts/tasks.md",
    "openspec": "openspec/changes/add-rate-limits/tasks.md",
    "kiro": ".kiro/specs/bulk-import/tasks.md",
}
EVERYWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project whose spec is the draft of the scripts."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text=DRAFT.replace("Show what", "Show everything that")))
    workspace.spec.parent.mkdir()
    workspace.spec.write_text(DRAFT, encoding="utf-8")
    return workspace


@pytest.mark.parametrize("preset", PRESETS)
async def test_lenses_come_with_their_commands(workspace, preset):
    """At the title what the spec can do, at each task its next status; nothing to resolve."""
    async with reading(workspace, preset) as editor:
        provider = editor.initialized.capabilities.code_lens_provider
        assert provider.resolve_provider is False
        uri = editor.open(workspace.spec)
        found = await lenses(editor, uri)
        assert [(each["line"], each["title"]) for each in found] == [
            (0, "Refine spec"),
            (8, "Start T001"),
            (9, "Start T002"),
        ]
        assert found[1]["arguments"] == [{"uri": uri, "taskId": "T001", "status": "in_progress"}]
        (refine,) = found[0]["arguments"]
        assert (refine["root"], refine["spec"]) == (str(workspace.root), ".kata/spec.md")
        assert "Show what a run has used. 😀 漢字" in refine["prompt"]


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
async def test_a_task_walks_through_its_statuses(workspace, preset):
    """Each step is one character of the document, and the lens then says the next one."""
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        for title, mark in (("Start T001", "/"), ("Mark T001 done", "x"), ("Reopen T001", " ")):
            await run(editor, titled(await lenses(editor, uri), title))
            assert f"- [{mark}] T001 Count" in editor.buffers[uri].text
        assert editor.buffers[uri].text == DRAFT


async def test_a_spec_with_a_goal_alone_is_drafted(workspace):
    """The request holds the goal, the open questions, the comments, and what is missing."""
    text = "# Count\n\n## Goal\n\nCount tokens. [NEEDS CLARIFICATION: whose?]\n"
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, text)
        await editor.command("kata.comment.add", {"uri": uri, "section": "Goal", "text": "All!"})
        (draft,) = await lenses(editor, uri)
        assert draft["title"] == "Draft spec"
        prompt = draft["arguments"][0]["prompt"]
        for words in ("Count tokens.", "- whose?", "- on Goal: All!", "- Verification Plan"):
            assert words in prompt
        run_id = (await run(editor, draft))["runId"]
        assert (await editor.ended(run_id))["spec"] == ".kata/spec.md"


async def test_nothing_is_offered_where_nothing_can_be_done(workspace):
    """An empty spec, a file that is no spec, a document that is closed."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, "")
        assert await lenses(editor, uri) == []
        close(editor, uri)
        readme = editor.open(workspace.root / "README.md", DRAFT)
        for asked in (uri, readme, "untitled:Untitled-1"):
            assert await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, asked) is None


async def test_a_waiting_draft_is_shown_applied_or_discarded(workspace):
    """By lenses of the spec it is for, which are asked for again when they change."""
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        await drafted(editor)
        await editor.message(types.WORKSPACE_CODE_LENS_REFRESH)
        found = [each["title"] for each in await lenses(editor, uri)]
        assert found[:4] == ["Show draft", "Apply draft", "Discard draft", "Refine spec"]
        await run(editor, titled(await lenses(editor, uri), "Show draft"))
        shown = await editor.message("window/showDocument")
        assert shown.uri.endswith(".md")
        applied = await run(editor, titled(await lenses(editor, uri), "Apply draft"))
        assert applied["outcome"] == "applied"
        assert "Show everything that" in editor.buffers[uri].text
        assert "Apply draft" not in [each["title"] for each in await lenses(editor, uri)]

        again = await drafted(editor)
        discarded = await run(editor, titled(await lenses(editor, uri), "Discard draft"))
        assert discarded == {"runId": again, "state": "discarded"}
        assert "Discard draft" not in [each["title"] for each in await lenses(editor, uri)]


async def test_a_run_in_flight_is_cancelled(workspace):
    """Meanwhile no second one is offered; afterwards it is."""
    workspace.write_script(hanging())
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        run_id = await editor.start("Count tokens of every run there has ever been, and show them")
        await editor.message("kata/run/didStream")
        found = await lenses(editor, uri)
        cancel = titled(found, "Cancel run: Count tokens of every run there has…")
        assert "Refine spec" not in [each["title"] for each in found]
        await run(editor, cancel)
        assert (await editor.ended(run_id))["status"] == "cancelled"
        assert titled(await lenses(editor, uri), "Refine spec")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_real_specs_of_every_dialect_are_ticked_and_unticked(workspace, dialect):
    """All of their lenses work, and the cycle of statuses restores the bytes."""
    shutil.copytree(FIXTURES / dialect, workspace.root, dirs_exist_ok=True)
    path = workspace.root / DIALECTS[dialect]
    before = path.read_bytes().decode()
    async with reading(workspace) as editor:
        uri = editor.open(path)
        steps = [each for each in await lenses(editor, uri) if "setStatus" in each["command"]]
        assert steps
        task = steps[0]["arguments"][0]["taskId"]
        for _ in range(3 if dialect in {"native", "lite", "kiro"} else 2):
            now = [
                each
                for each in await lenses(editor, uri)
                if each["arguments"][0].get("taskId") == task
            ]
            assert len(now) == 1
            await run(editor, now[0])
            assert len(editor.buffers[uri].text) == len(before)
        assert editor.buffers[uri].text == before
        titles = [each["title"] for each in await lenses(editor, uri)]
        assert ("Refine spec" in titles) is (dialect in {"native", "lite"})


async def test_a_conflict_is_decided_by_an_action(workspace):
    """Where reader and draft changed the same words; the plain lens changes nothing then."""
    theirs = DRAFT.replace("Show what", "Show everything that")
    mine = DRAFT.replace("Show what", "Tell what")
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec)
        run_id = await drafted(editor)
        editor.type(uri, mine)
        lens = titled(await lenses(editor, uri), "Apply draft")
        assert (await run(editor, lens))["outcome"] == "conflict"
        assert editor.buffers[uri].text == mine
        found = await actions(editor, uri, EVERYWHERE)
        for words in ("keep mine", "take its text", "keep both"):
            assert titled(found, f"Apply draft, {words} where both changed")
        chosen = titled(found, "Apply draft, take its text where both changed")["command"]
        assert chosen["arguments"] == [{"runId": run_id, "choice": "draft"}]
        assert (await run(editor, chosen))["outcome"] == "applied"
        assert editor.buffers[uri].text == theirs


@pytest.mark.parametrize("preset", PRESETS)
async def test_every_lens_has_a_twin_among_the_actions(workspace, preset):
    """With the same command; a client that knows commands only gets those."""
    async with reading(workspace, preset) as editor:
        uri = editor.open(workspace.spec)
        await drafted(editor)
        for lens in await lenses(editor, uri):
            line = {"line": lens["line"], "character": 3}
            found = titled(await actions(editor, uri, {"start": line, "end": line}), lens["title"])
            twin = found if preset == "bare" else found["command"]
            assert twin["command"] == lens["command"]
            assert list(twin["arguments"]) == lens["arguments"]


async def test_a_long_spec_has_a_lens_for_every_task(workspace):
    """5,000 lines, and still after a keystroke in the middle."""
    tasks = "".join(f"- [ ] T{n:04d} Do thing number {n}\n  - a detail\n" for n in range(1, 2501))
    async with reading(workspace) as editor:
        uri = editor.open(workspace.spec, f"# Long\n\n## Tasks\n\n{tasks}")
        assert len(await lenses(editor, uri)) == 2501
        replace(editor, uri, "T1000 Do", "T1000 Do 😀")
        found = titled(await lenses(editor, uri), "Start T2500")
        assert found["line"] == span(editor, uri, "T2500")["start"]["line"]

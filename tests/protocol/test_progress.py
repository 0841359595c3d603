"""Work-done progress of runs: created by the server, cancellable, begun and ended exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clients.editor import Editor, editing
from clients.scripts import answer, hanging
from clients.workspace import make_workspace
from lsprotocol import types


def bars(editor: Editor) -> list[tuple[Any, str]]:
    """Return (token, kind) of every progress notification, in order."""
    return [(params.token, params.value["kind"]) for params in editor.sent("$/progress")]


async def ended(editor: Editor, token: Any) -> Any:
    """Return the end of a bar."""
    found = await editor.message(
        "$/progress", lambda it: it.token == token and it.value["kind"] == "end"
    )
    return found.value


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
async def test_a_run_has_one_bar_from_begin_to_end(tmp_path: Path, preset):
    """Begin first, reports between, one end, all under the token that was created."""
    workspace = make_workspace(tmp_path)
    gate = tmp_path / "gate"
    workspace.write_script(answer(gate=gate))
    async with editing(workspace, preset) as editor:
        await editor.start("Count tokens")
        token = (await editor.message("window/workDoneProgress/create")).token
        begin = await editor.message("$/progress")
        assert begin.value["cancellable"] is True
        assert begin.value["title"]
        gate.touch()
        assert (await ended(editor, token))["message"] == "The draft is ready"
        kinds = bars(editor)
        assert kinds[0] == (token, "begin")
        assert [kind for _, kind in kinds].count("end") == 1
        assert {each for each, _ in kinds} == {token}
        assert {kind for _, kind in kinds[1:-1]} <= {"report"}


@pytest.mark.parametrize("preset", ["visual-studio-code", "neovim"])
async def test_cancelling_the_bar_cancels_the_run(tmp_path: Path, preset):
    """The run ends as cancelled, and so does its bar."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(hanging())
    async with editing(workspace, preset) as editor:
        run_id = await editor.start("Count tokens")
        begin = await editor.message("$/progress")
        editor.client.window_work_done_progress_cancel(
            types.WorkDoneProgressCancelParams(token=begin.token)
        )
        assert (await editor.ended(run_id))["status"] == "cancelled"
        assert (await ended(editor, begin.token))["message"] == "Cancelled"


async def test_cancelling_somebody_elses_bar_touches_no_run(tmp_path: Path):
    """An unknown token is ignored."""
    workspace = make_workspace(tmp_path)
    gate = tmp_path / "gate"
    workspace.write_script(answer(gate=gate))
    async with editing(workspace) as editor:
        run_id = await editor.start("Count tokens")
        await editor.message("kata/run/didStream")
        for token in ("kata/run/nobody", "other", 7):
            editor.client.window_work_done_progress_cancel(
                types.WorkDoneProgressCancelParams(token=token)
            )
        gate.touch()
        assert (await editor.ended(run_id))["status"] == "completed"


async def test_two_runs_have_two_bars(tmp_path: Path):
    """Cancelling one leaves the other."""
    workspace = make_workspace(tmp_path)
    gate = tmp_path / "gate"
    workspace.write_script(hanging("first"), answer("second", gate=gate))
    async with editing(workspace) as editor:
        first = await editor.start("The first")
        token = (await editor.message("$/progress")).token
        second = await editor.start("The second")
        other = (await editor.message("$/progress", lambda it: it.token != token)).token
        editor.client.window_work_done_progress_cancel(
            types.WorkDoneProgressCancelParams(token=token)
        )
        assert (await editor.ended(first))["status"] == "cancelled"
        gate.touch()
        assert (await editor.ended(second))["status"] == "completed"
        for each in (token, other):
            await ended(editor, each)
            own = [kind for found, kind in bars(editor) if found == each]
            assert (own[0], own[-1], own.count("end")) == ("begin", "end", 1)


@pytest.mark.parametrize("said", ["fail", "silent"])
async def test_a_client_that_creates_no_bar_gets_none(tmp_path: Path, said):
    """The run goes on all the same, and no progress is sent under an unknown token."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        editor.on_progress = said
        run_id = await editor.start("Count tokens")
        await editor.message("window/workDoneProgress/create")
        assert (await editor.ended(run_id))["status"] == "completed"
        assert editor.sent("$/progress") == []
        assert await editor.leave() == 0


@pytest.mark.parametrize(
    ("preset", "experimental"), [("bare", None), ("visual-studio-code", {"progress": False})]
)
async def test_no_bar_without_the_clients_wish(tmp_path: Path, preset, experimental):
    """A client that has none, or shows runs itself, is not asked for one."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, preset, experimental=experimental) as editor:
        await editor.ended(await editor.start("Count tokens"))
        assert editor.sent("window/workDoneProgress/create") == []
        assert editor.sent("$/progress") == []


async def test_shutdown_ends_the_bar_of_a_run_in_flight(tmp_path: Path):
    """The client is not left with a bar that spins for ever."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(hanging())
    async with editing(workspace) as editor:
        await editor.start("Count tokens")
        token = (await editor.message("$/progress")).token
        assert await editor.leave() == 0
        assert (await ended(editor, token))["message"] == "Interrupted"

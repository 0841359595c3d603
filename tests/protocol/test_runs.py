"""Runs through the installed server, in every preset: start, follow, cancel, resume, list."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import PRESETS, CommandFailedError, editing
from clients.scripts import DRAFT, answer, hanging
from clients.workspace import make_workspace
from lsprotocol import types


@pytest.mark.parametrize("preset", PRESETS)
async def test_a_run_goes_from_prompt_to_a_draft_that_waits(tmp_path: Path, preset):
    """Every stored change is published in order, the stream is the draft, nothing is written."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, preset) as editor:
        run_id = await editor.start("Count tokens")
        run = await editor.ended(run_id)

        assert run["status"] == "completed"
        assert run["draft"] == {"state": "waiting", "complete": True, "missingSections": []}
        assert run["usage"] == {"inputTokens": 1000, "outputTokens": 200}
        assert [entry["status"] for entry in run["timeline"]] == ["queued", "running", "completed"]
        assert [ref["path"] for ref in run["context"]]
        changes = editor.changes(run_id)
        assert [each["seq"] for each in changes] == list(range(1, len(changes) + 1))
        assert "".join(each["delta"] for each in editor.streamed(run_id)) == DRAFT
        names = [name for name, _ in editor.received if name.startswith("kata/run/")]
        assert names[-1] == "kata/run/didChange"
        assert not workspace.spec.exists()
        assert editor.edits == []


async def test_deltas_join_by_offset(tmp_path: Path):
    """Each stream notification says where it begins, in code points, and counts up."""
    workspace = make_workspace(tmp_path)
    gate = tmp_path / "gate"
    workspace.write_script(answer(gate=gate))
    async with editing(workspace) as editor:
        run_id = await editor.start("Count tokens")
        first = await editor.message("kata/run/didStream")
        gate.touch()
        await editor.ended(run_id)
        streamed = editor.streamed(run_id)
        assert first == streamed[0]
        assert len(streamed) > 1
        text = ""
        for seq, each in enumerate(streamed, 1):
            assert (each["seq"], each["offset"]) == (seq, len(text))
            text += each["delta"]


@pytest.mark.parametrize("preset", PRESETS)
async def test_cancel_ends_a_streaming_run_at_once(tmp_path: Path, preset):
    """The output so far is kept and is no draft; cancelling again answers the same."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(hanging())
    async with editing(workspace, preset) as editor:
        run_id = await editor.start("Count tokens")
        await editor.message("kata/run/didStream")
        answered = await editor.command("kata.run.cancel", {"runId": run_id})
        assert answered == {"runId": run_id, "status": "cancelled"}
        run = await editor.ended(run_id)
        assert run["draft"] == {"state": "none", "complete": False, "missingSections": []}
        got = await editor.command("kata.run.get", run_id)
        assert got["text"] == "# Half a dr"
        assert await editor.command("kata.run.cancel", run_id) == answered


async def test_two_runs_at_once_do_not_mix(tmp_path: Path):
    """Each has its own stream and ending, whichever is faster."""
    workspace = make_workspace(tmp_path)
    gate = tmp_path / "gate"
    workspace.write_script(answer("first", gate=gate), answer("second"))
    async with editing(workspace) as editor:
        slow = await editor.start("The first")
        await editor.message("kata/run/didStream", lambda each: each["runId"] == slow)
        fast = await editor.start("The second")
        assert (await editor.ended(fast))["status"] == "completed"
        assert editor.changes(slow)[-1]["status"] == "running"
        status = await editor.command("kata.status.get")
        assert status["status"]["activeRuns"] == [slow]
        gate.touch()
        assert (await editor.ended(slow))["status"] == "completed"
        for run_id in (slow, fast):
            assert "".join(each["delta"] for each in editor.streamed(run_id)) == DRAFT


async def test_shutdown_records_a_run_in_flight_as_interrupted(tmp_path: Path):
    """The server leaves with 0, and the next session can resume without asking for context."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(hanging())
    async with editing(workspace) as editor:
        run_id = await editor.start("Count tokens")
        await editor.message("kata/run/didStream")
        assert await editor.leave() == 0
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        got = await editor.command("kata.run.get", {"runId": run_id})
        assert got["run"]["status"] == "interrupted"
        assert got["text"] == "# Half a dr"
        resumed = await editor.command("kata.run.resume", {"runId": run_id})
        run = await editor.ended(resumed["runId"])
        assert run["origin"] == run_id
        assert run["status"] == "completed"
        assert all(each.get("phase") != "context" for each in editor.changes(run["runId"]))


async def test_runs_are_listed_page_by_page(tmp_path: Path):
    """Newest first; the cursor goes on where the page ended; filters narrow."""
    workspace = make_workspace(tmp_path)
    workspace.write_script({"steps": answer()["steps"], "repeat": True})
    async with editing(workspace) as editor:
        ids = [await editor.start(f"Run {number}", session="s") for number in range(3)]
        for run_id in ids:
            await editor.ended(run_id)
        first = await editor.command("kata.run.list", {"limit": 2})
        assert [run["runId"] for run in first["runs"]] == ids[:0:-1]
        rest = await editor.command("kata.run.list", {"limit": 2, "cursor": first["nextCursor"]})
        assert [run["runId"] for run in rest["runs"]] == ids[:1]
        assert "nextCursor" not in rest
        assert rest["spending"]["requests"] == 3
        none = await editor.command("kata.run.list", {"status": ["failed"], "session": "s"})
        assert none["runs"] == []


async def test_a_failed_run_says_what_happened_and_what_to_do(tmp_path: Path):
    """The error of the record is the provider's, with the attempt that met it."""
    workspace = make_workspace(tmp_path)
    workspace.write_script({"steps": [{"error": {"code": "invalid_auth", "message": "bad key"}}]})
    async with editing(workspace) as editor:
        run = await editor.ended(await editor.start("Count tokens"))
        assert run["status"] == "failed"
        assert run["error"]["code"] == "invalid_auth"
        assert run["error"]["remediation"]
        assert [attempt["code"] for attempt in run["attempts"]] == ["invalid_auth"]
        status = await editor.message("kata/status/didChange", lambda it: it["kind"] == "error")
        assert status["message"] == run["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ([], "prompt"),
        ([{"prompt": ""}], "prompt"),
        ([{"prompt": "   "}], "prompt"),
        ([{"prompt": 5}], "prompt"),
        ([{"prompt": "x", "rot": "y"}], "rot"),
        ([{"prompt": "x", "apply": "perhaps"}], "apply"),
        ([{"prompt": "x", "maxRequests": 0}], "maxRequests"),
        ([{"prompt": "x", "root": "/etc"}], "root"),
        ([{"prompt": "x", "root": "relative"}], "root"),
        ([{"prompt": "x", "root": "https://x/y"}], "root"),
        ([{"prompt": "x", "root": "file:///%00"}], "root"),
        ([{"prompt": "x", "spec": "../outside.md"}], "spec"),
        ([{"prompt": "x", "spec": "spec.txt"}], "spec"),
        ([{"prompt": "x", "provider": "nobody"}], "provider"),
        ([["x"]], "arguments"),
    ],
)
async def test_bad_params_are_refused_by_name_and_change_nothing(tmp_path: Path, arguments, field):
    """-32602 names the field; no run is stored, no notification is sent."""
    workspace = make_workspace(tmp_path)
    async with editing(workspace) as editor:
        with pytest.raises(CommandFailedError) as caught:
            await editor.command("kata.run.start", *arguments)
        assert caught.value.code == -32602
        assert field in [each["field"] for each in caught.value.data["fields"]]
        assert (await editor.command("kata.run.list"))["runs"] == []
        assert editor.sent("kata/run/didChange") == []


async def test_an_unknown_run_is_refused_by_every_command_that_takes_one(tmp_path: Path):
    """The field is named, and what to do."""
    async with editing(make_workspace(tmp_path)) as editor:
        for name in (
            "kata.run.get",
            "kata.run.cancel",
            "kata.run.resume",
            "kata.draft.show",
            "kata.draft.apply",
            "kata.draft.discard",
        ):
            with pytest.raises(CommandFailedError, match="runId: there is no run 'nobody'") as it:
                await editor.command(name, {"runId": "nobody"})
            assert it.value.code == -32602


async def test_without_a_folder_a_run_is_refused_with_what_to_do(tmp_path: Path):
    """A single file is no workspace; the message says to open a folder."""
    async with editing(make_workspace(tmp_path), folders=[]) as editor:
        with pytest.raises(CommandFailedError, match="root: the editor has no folder open") as it:
            await editor.start("Count tokens")
        assert it.value.code == -32602
        assert (await editor.command("kata.status.get"))["status"]["kind"] == "inactive"


async def test_folders_come_and_go(tmp_path: Path):
    """A run may work in a folder that was added, and no longer in one that was removed."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    other = tmp_path / "other"
    other.mkdir()
    folder = types.WorkspaceFolder(uri=other.as_uri(), name="other")

    def change(**folders: list[types.WorkspaceFolder]) -> None:
        event = types.WorkspaceFoldersChangeEvent(**{"added": [], "removed": [], **folders})
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.client.workspace_did_change_workspace_folders(params)

    async with editing(workspace) as editor:
        change(added=[folder])
        await editor.ended(await editor.start("Count tokens", root=str(other)))
        change(removed=[folder])
        with pytest.raises(CommandFailedError, match="outside the workspace"):
            await editor.start("Count tokens", root=str(other))


async def test_a_root_may_be_a_uri_inside_a_folder_of_several(tmp_path: Path):
    """Links are resolved, and the record names the real path."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    other = tmp_path / "other"
    (other / "part").mkdir(parents=True)
    (tmp_path / "link").symlink_to(other)
    async with editing(workspace, folders=[workspace.root, tmp_path / "link"]) as editor:
        root = (tmp_path / "link" / "part").as_uri()
        run = await editor.ended(await editor.start("Count tokens", root=root))
        assert run["root"] == str((other / "part").resolve())
        listed = await editor.command("kata.run.list", {"root": str(other / "part")})
        assert [each["runId"] for each in listed["runs"]] == [run["runId"]]

"""Settings from a client: its own, its workspace's, pulled, pushed and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients.editor import editing
from clients.scripts import answer
from clients.workspace import make_workspace
from lsprotocol import types


async def problems(editor) -> list[str]:
    """Return what the settings layers did not take."""
    return (await editor.command("kata.status.get"))["settingsProblems"]


async def provider_of_a_run(editor) -> str:
    """Return the provider that a run takes when it names none."""
    answered = await editor.command("kata.run.start", {"prompt": "Count tokens", "apply": "never"})
    return (await editor.ended(answered["runId"]))["provider"]


async def test_initialization_options_are_the_users_own(tmp_path: Path):
    """Under `kata` they may choose a provider."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, options={"kata": {"provider": "scripted"}}) as editor:
        assert await provider_of_a_run(editor) == "scripted"
        assert await problems(editor) == []


async def test_workspace_values_may_only_narrow(tmp_path: Path):
    """They lower a limit; a provider is the user's choice, and the refusal is told."""
    workspace = make_workspace(tmp_path)
    narrowing = {"provider": "scripted", "context": {"limit": 1}}
    async with editing(workspace, options={"workspaceSettings": narrowing}) as editor:
        assert await provider_of_a_run(editor) == "local"
        (problem,) = await problems(editor)
        assert "provider is a user setting" in problem
        found = await editor.command("kata.context.retrieve", {"query": "count tokens"})
        assert len({each["path"] for each in found["snippets"]}) == 1


async def test_pulled_values_only_narrow_unless_they_are_the_users(tmp_path: Path):
    """Merged editor configuration may come from a repository (invariant 12)."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    configuration = {"provider": "scripted"}
    async with editing(workspace, configuration=configuration) as editor:
        assert await provider_of_a_run(editor) == "local"
    async with editing(
        workspace, configuration=configuration, experimental={"userConfiguration": True}
    ) as editor:
        assert await provider_of_a_run(editor) == "scripted"


async def test_a_change_is_pulled_and_in_force_at_once(tmp_path: Path):
    """The client says that something changed, and is asked what."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, experimental={"userConfiguration": True}) as editor:
        assert await provider_of_a_run(editor) == "local"
        editor.client.set_configuration({"kata": {"provider": "scripted"}})
        before = len(editor.sent("kata/status/didChange"))
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings=None)
        )
        await editor.message(
            "kata/status/didChange", lambda _: len(editor.sent("kata/status/didChange")) > before
        )
        assert await provider_of_a_run(editor) == "scripted"


async def test_a_client_that_cannot_be_asked_pushes(tmp_path: Path):
    """Values sent with the notification count."""
    workspace = make_workspace(tmp_path)
    async with editing(workspace, "bare") as editor:
        await editor.command("kata.status.get")
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings={"kata": {"context": {"limit": -1}}})
        )
        await editor.message("kata/status/didChange", lambda it: it["kind"] == "warning")
        (problem,) = await problems(editor)
        assert "context.limit" in problem


async def test_changes_are_asked_for_where_the_client_wants_to_be_asked(tmp_path: Path):
    """Dynamic registration, once."""
    async with editing(make_workspace(tmp_path)) as editor:
        params = await editor.message("client/registerCapability")
        (registration,) = params.registrations
        assert registration.method == "workspace/didChangeConfiguration"


@pytest.mark.parametrize(
    "options",
    [None, 5, "text", [], {"kata": 5}, {"kata": None}, {"workspaceSettings": []}, {"x": {}}],
)
async def test_odd_options_do_no_harm(tmp_path: Path, options):
    """The session begins with the defaults."""
    async with editing(make_workspace(tmp_path), options=options) as editor:
        assert (await editor.command("kata.status.get"))["status"]["kind"] == "normal"


async def test_wrong_values_are_told_by_name_and_the_rest_counts(tmp_path: Path):
    """Never by value."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    options = {"kata": {"provider": "scripted", "maxRetries": "sk-secret-value", "nonsense": 1}}
    async with editing(workspace, options=options) as editor:
        assert await provider_of_a_run(editor) == "scripted"
        told = await problems(editor)
        assert any("maxRetries" in each for each in told)
        assert any("nonsense" in each for each in told)
        assert "sk-secret" not in str(told)
        checks = (await editor.command("kata.doctor"))["checks"]
        assert [each["state"] for each in checks if each["name"] == "settings"] == ["warning"] * 2

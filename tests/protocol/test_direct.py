"""The commands beside runs: providers, runtime mode, context, status and doctor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from clients.editor import PATIENCE, PRESETS, CommandFailedError, editing
from clients.scripts import answer, hanging
from clients.workspace import make_workspace
from fakes.provider_process import ProviderProcess
from lsprotocol import types

from kata_lsp.protocol import COMMANDS, NOTIFICATIONS, PROTOCOL_VERSION

KEY = "sk-canary-1234567890abcdef"


@pytest.mark.parametrize("preset", PRESETS)
async def test_initialize_says_what_is_served(tmp_path: Path, preset):
    """Commands and notifications of the contract, in the standard place and in our own."""
    async with editing(make_workspace(tmp_path), preset) as editor:
        capabilities = editor.initialized.capabilities
        names = [command.name for command in COMMANDS]
        assert list(capabilities.execute_command_provider.commands) == names
        kata = capabilities.experimental["kata"]
        assert kata["protocolVersion"] == PROTOCOL_VERSION
        assert kata["commands"] == names
        assert set(kata["notifications"]) == {each.name for each in NOTIFICATIONS}


async def test_execute_answers_with_text_and_what_it_used(tmp_path: Path):
    """Outside any run: nothing is stored, nothing is published."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer(text="Four."))
    async with editing(workspace) as editor:
        found = await editor.command(
            "kata.provider.execute", {"prompt": "2 + 2?", "provider": "scripted"}
        )
        assert (found["text"], found["provider"]) == ("Four.", "scripted")
        assert found["usage"] == {"inputTokens": 1000, "outputTokens": 200}
        assert found["stopReason"] == "end_turn"
        assert [each["purpose"] for each in found["attempts"]] == ["execute"]
        assert (await editor.command("kata.run.list"))["runs"] == []
        assert editor.sent("kata/run/didChange") == []


async def test_execute_is_cancelled_for_real(tmp_path: Path):
    """`$/cancelRequest` closes the stream, and the session goes on."""
    workspace = make_workspace(tmp_path)
    record = tmp_path / "record"
    workspace.write_script(hanging(), record=str(record))
    async with editing(workspace) as editor:
        params = types.ExecuteCommandParams(
            command="kata.provider.execute", arguments=[{"prompt": "x", "provider": "scripted"}]
        )
        waiting = asyncio.create_task(
            editor.client.protocol.send_request_async(
                "workspace/executeCommand", params, msg_id="mine"
            )
        )
        async with asyncio.timeout(PATIENCE):
            while not record.exists():
                await editor.command("kata.runtime.getMode")
        editor.client.cancel_request(types.CancelParams(id="mine"))
        with pytest.raises(Exception, match="cancel"):
            await asyncio.wait_for(waiting, PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while '"early": true' not in record.read_text():
                await editor.command("kata.runtime.getMode")


async def test_a_failing_provider_fails_the_command_with_its_payload(tmp_path: Path):
    """-32803 with code, remedy and attempts."""
    workspace = make_workspace(tmp_path)
    workspace.write_script({"steps": [{"error": {"code": "quota_exhausted"}}]})
    async with editing(workspace) as editor:
        with pytest.raises(CommandFailedError) as caught:
            await editor.command("kata.provider.execute", {"prompt": "x", "provider": "scripted"})
        assert caught.value.code == -32803
        assert caught.value.data["code"] == "quota_exhausted"
        assert caught.value.data["remediation"]
        assert caught.value.data["attempts"] == 1


async def test_a_credential_of_the_client_is_used_and_never_written(tmp_path: Path, capfd):
    """In memory only: the provider gets it; no file, message or log has it, at any log level."""
    workspace = make_workspace(tmp_path)
    with ProviderProcess() as provider:
        options = {
            "kata": {
                "logLevel": "debug",
                "providers": {
                    "mine": {
                        "kind": "anthropic-compatible",
                        "baseUrl": provider.url,
                        "model": "claude-x",
                    }
                },
            }
        }
        async with editing(workspace, options=options) as editor:
            before = await editor.command("kata.provider.resolveAuth", "mine")
            assert (before["ok"], before["error"]["code"]) == (False, "missing_auth")
            after = await editor.command(
                "kata.provider.setCredential", {"provider": "mine", "apiKey": KEY}
            )
            assert (after["ok"], after["mode"]) == (True, "api_key")
            run = await editor.ended(await editor.start("Count tokens", provider="mine"))
            assert run["status"] == "completed"
            assert KEY in str(provider.requests(1))
            taken = await editor.command("kata.provider.setCredential", {"provider": "mine"})
            assert taken["ok"] is False
            assert KEY not in str(editor.received)
    logged = capfd.readouterr().err
    assert "DEBUG" in logged
    assert KEY not in logged
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert workspace.store in written
    for path in written:
        assert KEY.encode() not in path.read_bytes(), path


async def test_models_are_listed_with_the_default_marked(tmp_path: Path):
    """In the provider's own order."""
    workspace = make_workspace(tmp_path)
    workspace.write_script()
    async with editing(workspace) as editor:
        found = await editor.command("kata.provider.listModels", {"provider": "scripted"})
        assert [(each["id"], each["default"]) for each in found["models"]] == [("scripted-1", True)]


async def test_an_estimate_sends_nothing(tmp_path: Path):
    """A bound on tokens before anything is spent."""
    workspace = make_workspace(tmp_path)
    record = tmp_path / "record"
    workspace.write_script(record=str(record))
    async with editing(workspace) as editor:
        found = await editor.command(
            "kata.provider.estimate", {"prompt": "Count tokens", "provider": "scripted"}
        )
        assert found["provider"] == "scripted"
        assert found["inputTokens"] > 0
        assert not record.exists()


async def test_a_mode_nobody_can_serve_is_not_switched_to(tmp_path: Path):
    """The answer says so and what stays; runs go on as before."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        assert await editor.command("kata.runtime.getMode") == {
            "mode": "native",
            "available": True,
            "message": "",
        }
        answered = await editor.command("kata.runtime.setMode", {"mode": "native"})
        assert answered["available"] is True
        with pytest.raises(CommandFailedError, match="mode"):
            await editor.command("kata.runtime.setMode", {"mode": "other"})
        run = await editor.ended(await editor.start("Count tokens"))
        assert run["runtimeMode"] == "native"


async def test_context_is_ranked_and_masked(tmp_path: Path):
    """Snippets name their file by path and URI; a key in one is masked."""
    workspace = make_workspace(tmp_path)
    (workspace.root / "src" / "tokens.py").write_text(f'count_tokens_key = "{KEY}"\n')
    async with editing(workspace) as editor:
        found = await editor.command("kata.context.retrieve", {"query": "count_tokens"})
        paths = [each["path"] for each in found["snippets"]]
        assert "src/app.py" in paths
        assert found["snippets"][0]["uri"].startswith(workspace.root.as_uri())
        assert KEY not in str(found)
        assert found["filesConsidered"] >= 3
        with pytest.raises(CommandFailedError, match="limit"):
            await editor.command("kata.context.retrieve", {"query": "x", "limit": 0})


async def test_status_adds_the_session_up(tmp_path: Path):
    """Tokens, drafts that wait, and who answers."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace) as editor:
        before = await editor.command("kata.status.get")
        assert (before["status"]["kind"], before["root"]) == ("normal", str(workspace.root))
        run_id = await editor.start("Count tokens")
        await editor.ended(run_id)
        after = (await editor.command("kata.status.get"))["status"]
        assert after["tokens"] == 1200
        assert after["waitingDrafts"] == [run_id]
        assert (after["provider"], after["model"]) == ("scripted", "scripted-1")
        assert before["server"]["protocolVersion"] == PROTOCOL_VERSION


async def test_the_doctor_examines_without_the_network(tmp_path: Path):
    """Every finding has a name and a state; what is wrong has a remedy."""
    async with editing(make_workspace(tmp_path)) as editor:
        found = await editor.command("kata.doctor")
        assert found["ok"] is True
        names = [each["name"] for each in found["checks"]]
        assert {"kata-lsp", "store", "default provider"} <= set(names)
        assert all(each["remedy"] for each in found["checks"] if each["state"] != "ok")


async def test_notifications_can_be_turned_off(tmp_path: Path):
    """`experimental.kata.notifications: false` leaves the commands and the store."""
    workspace = make_workspace(tmp_path)
    workspace.write_script(answer())
    async with editing(workspace, experimental={"notifications": False, "offers": False}) as editor:
        run_id = await editor.start("Count tokens")
        async with asyncio.timeout(PATIENCE):
            while (await editor.command("kata.run.get", run_id))["run"]["status"] != "completed":
                pass
        assert [name for name, _ in editor.received if name.startswith("kata/")] == []
        assert editor.sent("window/showMessageRequest") == []

"""The switch between the engines as a client sees it: live, told, and never a dead end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from clients.editor import editing
from clients.workspace import make_workspace
from fakes.pi_engine import HOME, INSTALLATION, needs_engine
from fakes.provider_process import ProviderProcess
from fakes.served import custom, key_variable

MODE = "kata.runtime.setMode"


def environment(home: str | Path) -> dict[str, str]:
    return {"KATA_PI_HOME": str(home), **key_variable()}


async def test_without_the_engine_the_mode_stays_and_the_command_is_named(tmp_path: Path):
    """A switch that every later run would pay for is refused, with what to type."""
    workspace = make_workspace(tmp_path)
    async with editing(workspace, env=environment(tmp_path / "none")) as editor:
        answer = await editor.command(MODE, {"mode": "pi"})
        assert (answer["mode"], answer["available"]) == ("native", False)
        assert "kata-lsp pi install" in answer["message"]
        assert (await editor.command("kata.runtime.getMode"))["mode"] == "native"
    assert not (tmp_path / "none").exists()


@needs_engine
@pytest.mark.timeout(120)
async def test_the_switch_is_live_both_ways(tmp_path: Path):
    """Runs before, between and after are each carried out and recorded in their own mode."""
    modes: list[Any] = []
    with ProviderProcess() as provider:
        workspace = make_workspace(tmp_path)
        settings = {"kata": custom(provider)}
        async with editing(workspace, options=settings, env=environment(HOME)) as editor:
            for mode in ("native", "pi", "native"):
                answer = await editor.command(MODE, {"mode": mode})
                assert (answer["mode"], answer["available"]) == (mode, True), answer
                run = await editor.ended(await editor.start("Count tokens", provider=None))
                assert run["status"] == "completed", run
                modes.append((run["runtimeMode"], run["attempts"][0]["runtimeMode"]))
            assert (await editor.command("kata.runtime.getMode"))["mode"] == "native"
        provider_saw = [each["surface"] for each in provider.requests(3)]
    assert modes == [(mode, mode) for mode in ("native", "pi", "native")]
    assert provider_saw == ["chat"] * 3


@needs_engine
@pytest.mark.timeout(120)
async def test_a_run_without_its_engine_fails_typed_and_native_goes_on(tmp_path: Path):
    """The engine is removed while the server lives: the error names the remedy."""
    home = tmp_path / "engine"
    home.mkdir()
    (home / INSTALLATION.home.name).symlink_to(INSTALLATION.home)
    with ProviderProcess() as provider:
        workspace = make_workspace(tmp_path)
        settings = {"kata": custom(provider, runtimeMode="pi")}
        async with editing(workspace, options=settings, env=environment(home)) as editor:
            shutil.move(home, tmp_path / "elsewhere")
            failed = await editor.ended(await editor.start("Count tokens", provider=None))
            error = failed["error"]
            assert (error["code"], error["runtimeMode"]) == ("provider_unavailable", "pi")
            assert "kata-lsp pi install" in error["remediation"]
            await editor.command(MODE, {"mode": "native"})
            run = await editor.ended(await editor.start("Count tokens", provider=None))
    assert (run["status"], run["runtimeMode"]) == ("completed", "native")

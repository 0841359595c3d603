"""A user's own program as a source of keys."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kata_lsp.providers.adapters.scripted import Script, scripted_provider
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.credentials_command import CommandSource
from kata_lsp.providers.credentials_source import KeySourceError
from kata_lsp.providers.registry import Provider

CANARY = "sk-canary-from-a-command"


def provider(*command: str) -> Provider:
    """A provider whose key this command prints."""
    spec = scripted_provider(Script())
    return Provider("acme", spec, Endpoint("acme"), key_command=command)


def python(code: str) -> Provider:
    """A provider whose key this Python code prints."""
    return provider(sys.executable, "-c", code)


async def key(
    asked: Provider, environ: Mapping[str, str] = os.environ, within: float = 30.0
) -> str | None:
    """What the source answers."""
    return await CommandSource(environ, within).key(asked)


async def test_the_one_line_a_program_prints_is_the_key():
    """With its arguments, without a shell."""
    assert await key(python(f"print('{CANARY}')")) == CANARY
    assert (
        await key(provider(sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; x"))
        == "$HOME; x"
    )


async def test_without_a_program_there_is_no_key():
    """Nothing is started."""
    assert await key(provider()) is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"print('{CANARY}'); raise SystemExit(3)", "status 3"),
        (f"print('{CANARY}'); print('and more')", "one line"),
        ("pass", "one line"),
        (f"print('{CANARY}' * 5000)", "one line"),
        (f"import os; print('{CANARY}', flush=True); os.abort()", "status -6"),
    ],
)
async def test_a_program_that_fails_or_prints_more_gives_no_key(code, reason):
    """The message names the program and the reason, never what it printed."""
    with pytest.raises(KeySourceError, match=reason) as caught:
        await key(python(code))
    assert CANARY not in str(caught.value)
    assert sys.executable in str(caught.value)


async def test_a_program_that_is_not_there_is_named():
    """It is the user's setting that is wrong."""
    with pytest.raises(KeySourceError, match="'/no/such/program' cannot be started"):
        await key(provider("/no/such/program"))


async def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path):
    """Its whole process group is killed at the timeout."""
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(KeySourceError, match="did not finish within 2 s"):
        await key(python(code), within=2)
    if pid_file.exists():
        await _until_gone(int(pid_file.read_text()))


async def _until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while _runs(pid):  # noqa: ASYNC110 - only the kernel knows
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_program_sees_no_other_provider_s_key(monkeypatch: pytest.MonkeyPatch):
    """Its environment holds what password managers need and nothing else."""
    environ = {**os.environ, "OPENAI_API_KEY": CANARY, "KATA_X_API_KEY": CANARY}
    names = await key(python("import os; print(','.join(sorted(os.environ)))"), environ)
    assert names is not None
    assert "PATH" in names.split(",")
    assert not [name for name in names.split(",") if "KEY" in name]


async def test_a_program_is_not_looked_for_in_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It runs in the home directory, so that a repository cannot supply it."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    environ = {**os.environ, "HOME": str(home)}
    assert await key(python("import os; print(os.getcwd())"), environ) == str(home)


async def test_giving_up_on_a_program_ends_it():
    """A cancelled run leaves no process behind."""
    source = CommandSource(os.environ)
    asking = asyncio.create_task(source.key(python("import time; time.sleep(600)")))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

"""The engine's processes: ended with their run in every way a run can end, and never in the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import pi_process
from fakes.adapters import CANARY, REQUEST, ask, endpoint_of, spec_of
from fakes.misbehaviours import HANG
from fakes.pi_engine import INSTALLATION, needs_engine, pi_mode
from fakes.provider_server import ProviderServer
from fakes.reply import Reply, ToolCall
from fakes.runtimes import call_to, runtime_for
from fakes.steps import Gate

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Credential, Secret
from kata_lsp.providers.connections import native
from kata_lsp.providers.pi.installation import NODE_VERSION, PI_VERSION
from kata_lsp.providers.pi.source import PiMode

pytestmark = [
    needs_engine,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
_HANGUP_SECONDS = 0.25
_BUSY_FACTOR = 8
"""A shared machine may be that much slower than the bound that the benchmark holds."""


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A provider on loopback."""
    async with ProviderServer() as server:
        yield server


@pytest.fixture(params=["sandboxed", "bare"])
async def pi(request: pytest.FixtureRequest) -> AsyncIterator[PiMode]:
    """Runtime mode `pi`, as it is here and without bubblewrap."""
    async with pi_mode() as mode:
        if request.param == "bare":
            mode.engine()._sandbox = pi_process.BARE
        yield mode


async def connect(mode: PiMode, server: ProviderServer) -> Adapter:
    credential = Credential("api_key", Secret(CANARY), "the test")
    return await mode.connect(spec_of("anthropic"), endpoint_of("anthropic", server), credential)


def own_mark() -> str:
    return f"kata-pi-{os.getpid()}-"


async def test_a_finished_run_leaves_nothing(pi: PiMode, server: ProviderServer):
    """Neither a process nor a folder is left when the stream's context has been left."""
    server.serve(Reply("Hello."))
    assert (await ask(await connect(pi, server), "stream")).text == "Hello."
    assert pi_process.processes_with(own_mark()) == []
    assert list(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"{own_mark()}*")) == []


@pytest.mark.parametrize("when", ["waiting", "streaming"])
async def test_a_cancelled_run_hangs_up_at_once(when: str, pi: PiMode, server: ProviderServer):
    """The provider's socket is closed within a moment of the cancel, and the process is gone."""
    gate = Gate()
    server.serve(HANG if when == "waiting" else Reply("one two", gates={1: gate}))
    runtime = runtime_for(server, sources={"pi": pi.connect})
    try:
        call = asyncio.create_task(runtime.execute(call_to("anthropic", runtime_mode="pi")))
        await server.wait_for_requests(1)
        if when == "streaming":
            await gate.wait_for_arrivals()
        began = time.monotonic()
        call.cancel()
        closed = await server.wait_for_hangup(0)
        with pytest.raises(asyncio.CancelledError):
            await call
    finally:
        await runtime.aclose()
    assert closed - began < _HANGUP_SECONDS * _BUSY_FACTOR
    await pi_process.until_gone(own_mark())


async def test_a_run_cancelled_while_the_engine_starts_leaves_nothing(
    pi: PiMode, server: ProviderServer
):
    """Also a process that is too young to be known by its id is ended."""
    await pi.engine().sandbox()
    runtime = runtime_for(server, sources={"pi": pi.connect})
    try:
        call = asyncio.create_task(runtime.execute(call_to("anthropic", runtime_mode="pi")))
        await pi_process.until_there(own_mark())
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    finally:
        await runtime.aclose()
    await pi.aclose()
    await pi_process.until_gone(own_mark())
    assert server.count() == 0


async def test_an_engine_killed_midway_is_a_typed_failure(pi: PiMode, server: ProviderServer):
    """The text so far is kept, the remedy is named, and `native` answers at once."""
    gate = Gate()
    server.enqueue(Reply("one two", gates={1: gate}))
    adapter = await connect(pi, server)
    asking = asyncio.create_task(ask(adapter, "stream", REQUEST))
    await gate.wait_for_arrivals()
    for pid in pi_process.processes_with(own_mark()):
        if pid != os.getpid():
            # The sandbox may have taken this one along already.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
    result = await asking
    assert result.error is not None
    assert result.error.code is ErrorCode.STREAM_INTERRUPTED
    assert "kata-lsp pi install --force" in result.error.remediation
    server.serve(Reply("native"))
    runtime = runtime_for(server, sources={"native": native, "pi": pi.connect})
    try:
        answer = await runtime.execute(call_to("anthropic", runtime_mode="native"))
    finally:
        await runtime.aclose()
    assert answer.completion.text == "native"


@pytest.mark.parametrize("how", ["sandboxed", "bare"])
async def test_killing_the_server_ends_the_engine_and_its_tools(
    how: str, server: ProviderServer, tmp_path: Path
):
    """After `kill -9` of the process that started it no pi, node or shell is left."""
    mark = f"1000{secrets.randbelow(10**9):09}"
    command = f"sleep {mark} & sleep {mark}"
    server.serve(Reply("", tool_calls=(ToolCall("bash", json.dumps({"command": command})),)))
    victim = await asyncio.create_subprocess_exec(
        sys.executable, pi_process.__file__, server.url, str(tmp_path), how
    )
    try:
        await pi_process.until_there(mark)
    finally:
        victim.kill()
        await victim.wait()
    await pi_process.until_gone(mark)
    await pi_process.until_gone(f"kata-pi-{victim.pid}-")


async def test_leftovers_of_a_killed_server_are_swept(
    server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The folders of dead servers go with the next one's first run; those of live ones stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone, alive = tmp_path / "kata-pi-99999999-x", tmp_path / "kata-pi-1-x"
    for folder in (gone, alive):
        folder.mkdir()
    server.serve(Reply("Hello."))
    async with pi_mode() as mode:
        assert (await ask(await connect(mode, server), "stream")).text == "Hello."
    assert (gone.exists(), alive.exists()) == (False, True)


def copied(tmp_path: Path) -> Path:
    """A copy of the installation that looks complete: the same marker, programs to be replaced."""
    home = tmp_path / INSTALLATION.home.name
    (home / "node" / "bin").mkdir(parents=True)
    shutil.copy(INSTALLATION.marker, home)
    rpc = home / INSTALLATION.rpc.relative_to(INSTALLATION.home)
    rpc.parent.mkdir(parents=True)
    rpc.touch()
    catalogue = INSTALLATION.catalogue("anthropic").relative_to(INSTALLATION.home)
    (home / catalogue).parent.mkdir(parents=True)
    shutil.copy(INSTALLATION.home / catalogue, home / catalogue)
    return home


def write_node(home: Path, script: str) -> None:
    node = home / "node" / "bin" / "node"
    node.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    node.chmod(0o755)


@pytest.mark.parametrize(
    ("damage", "remedy"),
    [
        ("missing", "kata-lsp pi install`"),
        ("older", "kata-lsp pi install`"),
        ("unfinished", "kata-lsp pi install --force"),
        ("other version", "kata-lsp pi install --force"),
        ("no node", "kata-lsp pi install --force"),
        ("node dies", "kata-lsp pi install --force"),
        ("node talks nonsense", "kata-lsp pi install --force"),
    ],
)
async def test_an_unusable_engine_names_the_exact_remedy(
    damage: str, remedy: str, server: ProviderServer, tmp_path: Path
):
    """Missing, too old or broken: a typed failure without a request, and `native` works."""
    home = copied(tmp_path)
    match damage:
        case "missing":
            shutil.rmtree(home)
        case "older":
            home.rename(tmp_path / "pi-0.80.0-node-18.0.0")
        case "unfinished":
            (home / "installed.json").unlink()
        case "other version":
            (home / "installed.json").write_text('{"pi": "0.1.0", "node": "18.0.0"}')
        case "node dies":
            write_node(home, "exit 3")
        case "node talks nonsense":
            write_node(home, "echo hello; exec sleep 100")
        case _:
            pass
    server.serve(Reply("native"))
    async with pi_mode(tmp_path) as mode:
        runtime = runtime_for(server, sources={"native": native, "pi": mode.connect})
        try:
            with pytest.raises(KataError) as caught:
                await runtime.execute(call_to("anthropic", runtime_mode="pi"))
            answer = await runtime.execute(call_to("anthropic", runtime_mode="native"))
        finally:
            await runtime.aclose()
    error = caught.value.to_dict()
    assert (error["code"], error["runtimeMode"]) == ("provider_unavailable", "pi")
    assert remedy in error["remediation"]
    assert not error["retryable"]
    assert answer.completion.text == "native"
    assert server.count() == 1


def test_the_pinned_versions_are_the_installed_ones():
    """The tests run the engine that users get."""
    assert json.loads(INSTALLATION.marker.read_bytes()) == {"pi": PI_VERSION, "node": NODE_VERSION}

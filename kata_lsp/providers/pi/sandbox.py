"""Owns what an engine process may see and write: bubblewrap where it works, else a stated fallback.

Must not know what the process does. A sandboxed process dies with us even by `kill -9`, and with
it every process it started, whatever process group or session those are in.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROBE_SECONDS: Final = 10.0
_SYSTEM: Final = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/etc", "/opt", "/nix")
_RESOLVERS: Final = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager")
_PRIVATE: Final = (
    ".aws", ".azure", ".config/gcloud", ".config/gh", ".config/kata-lsp", ".docker", ".gnupg",
    ".kube", ".local/share/keyrings", ".local/share/kata-lsp", ".local/state/kata-lsp",
    ".password-store", ".ssh",
)  # fmt: skip
"""Folders in the user's home that hold credentials; tools do not see them."""
_PRIVATE_FILES: Final = (".git-credentials", ".netrc", ".npmrc", ".pypirc")
_NAMESPACES: Final = (
    "--die-with-parent",
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--cap-drop",
    "ALL",
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Bubblewrap's path, or None and the reason why processes run without it."""

    program: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class View:
    """What a process sees: its folder, read-only files it needs, and what it may write.

    `open` shows the whole file system read-only beside that (for tools); otherwise only the
    system's programs and libraries are there.
    """

    cwd: Path
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    open: bool = False


async def find_sandbox() -> Sandbox:
    """Return bubblewrap if it is there and this system lets it work."""
    if sys.platform != "linux":
        return Sandbox(None, "bubblewrap exists only on Linux; pi runs in a process group")
    program = shutil.which("bwrap")
    if program is None:
        return Sandbox(None, "bubblewrap is not installed; pi runs in a process group")
    argv = [program, *_NAMESPACES, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    process = await asyncio.create_subprocess_exec(
        *argv,
        shutil.which("true") or "/bin/true",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            code = await process.wait()
    except TimeoutError:
        code = -1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        reason = "bubblewrap is installed but this system does not let it make namespaces"
        return Sandbox(None, f"{reason}; pi runs in a process group")
    return Sandbox(program, f"bubblewrap ({program})")


def wrapped(program: str, view: View, argv: Sequence[str], home: Path) -> list[str]:
    """Return the command that runs `argv` under bubblewrap with that view.

    Args:
        program: Bubblewrap.
        view: What the process sees. Later entries win over earlier ones, so writable folders
            come last.
        argv: The program to run, and its arguments.
        home: The user's real home, of which credentials are hidden.
    """
    command = [program, *_NAMESPACES]
    command += _whole(home) if view.open else _system()
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - a fresh one inside
    for path in view.readable:
        command += ["--ro-bind", str(path), str(path)]
    for path in view.writable:
        command += ["--bind", str(path), str(path)]
    return [*command, "--chdir", str(view.cwd), "--", *argv]


def _system() -> list[str]:
    command: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), name]  # noqa: PTH115 - the text itself
        elif path.exists():
            command += ["--ro-bind", name, name]
    return [*command, *_resolvers()]


def _whole(home: Path) -> list[str]:
    # Sockets of daemons (containers, keyrings, agents) live in /run; tools get none of them.
    command = ["--ro-bind", "/", "/", "--tmpfs", "/run", *_resolvers()]
    for name in _PRIVATE:
        if (home / name).is_dir():
            command += ["--tmpfs", str(home / name)]
    for name in _PRIVATE_FILES:
        if (home / name).is_file():
            command += ["--ro-bind", "/dev/null", str(home / name)]
    return command


def _resolvers() -> list[str]:
    return [part for path in _RESOLVERS for part in ("--ro-bind-try", path, path)]

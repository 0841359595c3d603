"""Owns asking git which files a work tree has, without letting the repository run anything.

Must not know what the files are for. A repository's own configuration is hostile input: git would
start programs that it names (fsmonitor, hooks, remote helpers), so those are all switched off.
"""

import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kata_lsp.context.worker import Stop

__all__ = ["git_files", "work_tree_of"]

_OVERRIDES = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.attributesFile=/dev/null",
    "credential.helper=",
    "protocol.allow=never",
)
_MAX_OUTPUT = 64 * 1024 * 1024
_POLL_SECONDS = 0.1
_CHUNK = 1 << 16


def work_tree_of(root: Path) -> Path | None:
    """The nearest folder at or above `root` with a `.git` entry, or None."""
    for folder in (root, *root.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    return None


def git_files(root: Path, stop: Stop) -> list[str] | None:
    """List tracked and untracked, unignored files below `root`.

    Returns:
        Sorted POSIX paths relative to `root`, unchecked: the index may name what no longer exists
        or lies behind a link. None when there is no git, no work tree, or git refuses or fails.

    Raises:
        StoppedError: The work was cancelled; the child process has ended.
    """
    top = work_tree_of(root)
    git = _git_program(root)
    if top is None or git is None:
        return None
    # "--" keeps "." from ever being an option; no path comes from the repository.
    listing = ("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ".")
    options = [word for override in _OVERRIDES for word in ("-c", override)]
    output = _output_of([git, "--no-pager", *options, *listing], root, _environment(top), stop)
    if not output:
        return None
    return sorted({os.fsdecode(name) for name in output.split(b"\0") if name})


def _git_program(root: Path) -> str | None:
    program = shutil.which("git", path=_safe_search_path())
    # A workspace on PATH must not supply the program that inspects it.
    return None if program is None or Path(program).is_relative_to(root) else program


def _safe_search_path() -> str:
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def _environment(top: Path) -> dict[str, str]:
    """Nothing of ours but PATH: no credentials to leak, no GIT_* to obey."""
    return {
        "PATH": _safe_search_path(),
        "LC_ALL": "C",
        "GIT_CEILING_DIRECTORIES": str(top.parent),
        "GIT_WORK_TREE": str(top),  # over core.worktree, which could point anywhere
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",  # a partial clone fetches missing blobs through its remote
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _output_of(command: list[str], cwd: Path, env: dict[str, str], stop: Stop) -> bytes | None:
    try:
        child = subprocess.Popen(  # noqa: S603 - an absolute program, constant arguments
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    with child:
        try:
            output = b"".join(_chunks(child, stop))
        except BaseException:
            child.kill()
            raise
        if stop.late or len(output) > _MAX_OUTPUT:
            child.kill()
        return output if child.wait() == 0 else None


def _chunks(child: subprocess.Popen[bytes], stop: Stop) -> Iterator[bytes]:
    assert child.stdout is not None  # noqa: S101 - Popen was given PIPE
    descriptor = child.stdout.fileno()
    size = 0
    while not stop.late and size <= _MAX_OUTPUT:
        stop.check()
        if not select.select([descriptor], [], [], _POLL_SECONDS)[0]:
            continue
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return
        size += len(chunk)
        yield chunk

"""Owns asking a user's own program for a key (`kata.providers.ID.apiKeyCommand`).

Must not know other sources, nor let the program's output into any message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kata_lsp.providers.credentials_source import KeySourceError
from kata_lsp.providers.registry import Provider

_TIMEOUT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 16 * 1024
_PASSED_ON: Final = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_ALL",
        "TERM",
        "TMPDIR",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_RUNTIME_DIR",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "GNUPGHOME",
        "GPG_TTY",
        "SSH_AUTH_SOCK",
        "PASSWORD_STORE_DIR",
    }
)
"""What password managers need; in particular no other provider's key."""


class CommandSource:
    """Runs the program without a shell, in the home directory, for 10 s at most.

    The directory is never the workspace: a repository must not be able to supply the program.
    """

    name = "command"

    def __init__(self, environ: Mapping[str, str], timeout: float = _TIMEOUT_SECONDS) -> None:
        self._environ = {name: environ[name] for name in _PASSED_ON if name in environ}
        self._timeout = timeout

    async def key(self, provider: Provider) -> str | None:
        """Return the one line the program prints; None when the user has set no program.

        Raises:
            KeySourceError: It cannot be started, fails, takes too long or prints more.
        """
        if not provider.key_command:
            return None
        program = provider.key_command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *provider.key_command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environ,
                cwd=self._environ.get("HOME") or Path.home(),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise KeySourceError(
                f"the key command {program!r} cannot be started ({type(error).__name__})"
            ) from error
        try:
            async with asyncio.timeout(self._timeout):
                output = await _read(process)
                status = await process.wait()
        except TimeoutError as error:
            raise KeySourceError(
                f"the key command {program!r} did not finish within {self._timeout:g} s"
            ) from error
        finally:
            await _end(process)
        return _one_line(output, status, program)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for above
    output = bytearray()
    while len(output) <= _MAX_BYTES and (more := await process.stdout.read(_MAX_BYTES)):
        output += more
    return bytes(output)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a program that is still running, with its children, and reap it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _one_line(output: bytes, status: int, program: str) -> str:
    if status != 0:
        raise KeySourceError(f"the key command {program!r} ended with status {status}")
    lines = output.decode("utf-8", "replace").strip().splitlines()
    if len(output) > _MAX_BYTES or len(lines) != 1:
        raise KeySourceError(f"the key command {program!r} must print the key on one line")
    return lines[0]

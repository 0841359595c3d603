"""A program in a terminal: keys go in, and what a user would see can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

SECONDS = 30
"""How long anything may take on a busy machine."""
_COLUMNS, _LINES = 120, 36


class _Screen(pyte.Screen):
    """A screen that does not answer the program's questions about the terminal."""

    def report_device_attributes(self, *_: object, **__: object) -> None: ...
    def report_device_status(self, *_: object, **__: object) -> None: ...


class Terminal:
    """A terminal of 120 by 36 with one program in it.

    Args:
        command: The program.
        cwd: Where it starts.
        env: Its whole environment, apart from TERM.
    """

    def __init__(self, command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> None:
        self._screen = _Screen(_COLUMNS, _LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def shoot(self, path: Path) -> None:
        """Keep the screen as an artefact."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text + "\n")

    def type(self, keys: str) -> None:
        """Type keys; carriage return is Enter and 1b Escape."""
        os.write(self._ours, keys.encode())

    def wait_for(self, part: str, *, gone: bool = False) -> str:
        """Return the screen once `part` is on it, or with `gone` once it is not.

        Raises:
            AssertionError: It is not in time; the message shows the screen.
        """
        self.wait_until(lambda: (part in self.text) != gone)
        return self.text

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Keep the screen up to date until a condition holds.

        Raises:
            AssertionError: It does not in time; the message shows the screen.
        """
        until = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < until, f"not in time, on the screen:\n{self.text}"
            self._read(0.2)

    def close(self, keys: str) -> int:
        """Type what ends the program and return its exit code."""
        self.type(keys)
        until = time.monotonic() + SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            self._read(0.1)
        self._process.kill()
        os.close(self._ours)
        return self._process.wait()

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            try:
                self._stream.feed(os.read(self._ours, 65536))
            except OSError:  # the program has ended
                return

"""Owns the lock file that tells a live server from a dead one.

Must not know runs or SQL. The kernel drops the lock when the process ends, however it ends, and
whatever process gets its pid later. Windows has the same through `msvcrt`. Where a file system has
no locks at all (some network mounts), taking one fails loudly: SQLite's write-ahead log cannot be
trusted there either.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
else:
    import fcntl

    def _lock(fd: int) -> None:
        # flock, not lockf: it belongs to the open file, so closing another handle of the same
        # file in this process does not release it, and a second store here is refused too.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock this process holds; child processes do not inherit it."""

    path: Path
    fd: int

    def release(self) -> None:
        """Remove the file, then let go, so that nobody can lock a file that is about to go."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        with contextlib.suppress(OSError):
            os.close(self.fd)


def create(path: Path) -> HeldLock:
    """Create the file (0600) and lock it.

    Raises:
        FileExistsError: There is such a file already.
        OSError: It cannot be created, or the file system has no locks.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _lock(fd)
    except OSError:
        os.close(fd)
        raise
    return HeldLock(path, fd)


def take_over(path: Path) -> HeldLock | None:
    """Lock an existing file, or return None when a live process holds it.

    Raises:
        FileNotFoundError: There is no such file: its owner released it.
        OSError: The file cannot be opened or locked.
    """
    fd = os.open(path, os.O_RDWR)
    try:
        _lock(fd)
    except BlockingIOError:
        os.close(fd)
        return None
    except OSError:
        os.close(fd)
        raise
    return HeldLock(path, fd)

"""Owns opening files of a hostile tree: never outside the root, never a link, device or pipe.

Must not decide which files are wanted.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["FileStamp", "RootReader", "decode"]

_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
_OPEN_FILE = (
    os.O_RDONLY
    | _CLOSED_ON_EXEC
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_OPEN_FOLDER = os.O_RDONLY | _CLOSED_ON_EXEC | getattr(os, "O_DIRECTORY", 0)
_OPEN_SUBFOLDER = _OPEN_FOLDER | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells whether a file changed since it was read."""

    size: int
    mtime_ns: int
    inode: int


class RootReader:
    """Opens files below one root, folder by folder, so that no link on the way is followed.

    The folders of the last path stay open: reading sorted paths opens each folder about once.

    Raises:
        OSError: When the root cannot be opened as a folder.
    """

    def __init__(self, root: Path) -> None:
        self._open = [("", os.open(root, _OPEN_FOLDER))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close_below(0)

    def stamp(self, path: str) -> FileStamp | None:
        """The stamp of a regular file, or None when it is missing, a link, or anything else."""
        try:
            folder, name = self._folder_of(path)
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (OSError, ValueError):
            return None
        return _stamp(status)

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """At most `max_bytes` of a regular file, or None when it cannot be read safely."""
        try:
            folder, name = self._folder_of(path)
            descriptor = os.open(name, _OPEN_FILE, dir_fd=folder)
        except (OSError, ValueError):
            return None
        try:
            # Checked on what was opened: a pipe may have taken the place of the file.
            if _stamp(os.fstat(descriptor)) is None:
                return None
            return _read_up_to(descriptor, max_bytes)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def _folder_of(self, path: str) -> tuple[int, str]:
        *folders, name = path.split("/")
        if name in {"", ".", ".."} or any(part in {"", ".", ".."} for part in folders):
            raise ValueError(path)
        depth = 1
        while depth <= len(folders) and depth < len(self._open):
            if self._open[depth][0] != folders[depth - 1]:
                break
            depth += 1
        self._close_below(depth)
        for part in folders[depth - 1 :]:
            descriptor = os.open(part, _OPEN_SUBFOLDER, dir_fd=self._open[-1][1])
            self._open.append((part, descriptor))
        return self._open[-1][1], name

    def _close_below(self, depth: int) -> None:
        while len(self._open) > depth:
            with suppress(OSError):
                os.close(self._open.pop()[1])


def decode(data: bytes) -> str:
    """Text of a file: UTF-8 with replacement, without a byte order mark, lines ended by LF."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stamp(status: os.stat_result) -> FileStamp | None:
    if not stat.S_ISREG(status.st_mode):
        return None
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _read_up_to(descriptor: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes
    while left > 0:
        part = os.read(descriptor, min(left, 1 << 20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)

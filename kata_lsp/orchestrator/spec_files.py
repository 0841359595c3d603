"""Owns the seam to where specs live: reading one and writing edits back, versioned.

Must not know LSP; an editor brings its own implementation, `DiskSpecFiles` serves the terminal.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kata_lsp.errors import InvalidInputError
from kata_lsp.spec.edits import TextEdit, apply_edits

MAX_SPEC_BYTES = 4 * 1024 * 1024
"""Larger than any spec a person keeps; a bigger file is refused by name."""


@dataclass(frozen=True, slots=True)
class SpecSnapshot:
    """A spec as it was read. `version` is the editor's, None when it is not open in one."""

    path: Path
    text: str
    version: int | None
    exists: bool


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What came of a write; `stale` and `refused` changed nothing."""

    outcome: Literal["applied", "stale", "refused"]
    message: str = ""


class SpecFiles(Protocol):
    """Reads and writes specs by root (absolute path) and posix path relative to it."""

    async def read(self, root: str, spec_path: str) -> SpecSnapshot:
        """Return the spec as its reader sees it; a missing file has text "".

        Raises:
            InvalidInputError: The path leaves the root, or the file cannot be a spec.
        """
        ...

    async def write(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], *, label: str, confirm: bool
    ) -> WriteResult:
        """Apply edits made for `snapshot`, or nothing when the spec has moved on since.

        `label` names the change to the user; `confirm` asks the editor to have it confirmed.
        """
        ...


def resolve_inside(root: str, path: str) -> Path:
    """Return the absolute path of a file, which must stay inside `root`, links resolved.

    Raises:
        InvalidInputError: It does not.
    """
    base = Path(root).resolve()
    if "\0" in path or not path.strip():
        raise InvalidInputError("spec", "is empty or holds a NUL; give a path inside the workspace")
    resolved = (base / path).resolve()
    if base not in resolved.parents:
        raise InvalidInputError(
            "spec", f"{path!r} leaves the workspace {root!r}; give a path inside it"
        )
    return resolved


def resolve_spec(root: str, spec_path: str) -> Path:
    """Return the absolute path of a spec; see `resolve_inside`.

    Raises:
        InvalidInputError: It leaves `root`, or it is not a Markdown file.
    """
    path = resolve_inside(root, spec_path)
    if path.suffix.lower() not in {".md", ".markdown"}:
        raise InvalidInputError("spec", f"{spec_path!r} is not a Markdown file (.md)")
    return path


def read_text(path: Path, max_bytes: int) -> str | None:
    """Read a UTF-8 file byte for byte (line endings and BOM stay); None when there is none.

    Raises:
        InvalidInputError: The file is too large, not UTF-8, or cannot be read.
    """
    try:
        if not path.exists():
            return None
        if not path.is_file() or path.stat().st_size > max_bytes:
            raise InvalidInputError(
                "spec", f"{str(path)!r} is not a file of {max_bytes} bytes or less"
            )
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError("spec", f"{str(path)!r} is not UTF-8; convert it first") from error
    except OSError as error:
        raise InvalidInputError("spec", f"cannot read {str(path)!r}: {error.strerror}") from error


def read_spec(path: Path) -> SpecSnapshot:
    """Read a spec from disk; a missing file has text "".

    Raises:
        InvalidInputError: The file is too large, not UTF-8, or cannot be read.
    """
    text = read_text(path, MAX_SPEC_BYTES)
    return SpecSnapshot(path, text or "", None, exists=text is not None)


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a crash leaves either the old text or the new one, never half.

    Raises:
        OSError: It cannot be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class DiskSpecFiles:
    """Specs as files, for clients without an editor."""

    async def read(self, root: str, spec_path: str) -> SpecSnapshot:
        """Read from disk, off the event loop."""
        return await asyncio.to_thread(lambda: read_spec(resolve_spec(root, spec_path)))

    async def write(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], *, label: str, confirm: bool
    ) -> WriteResult:
        """Write unless the file changed since `snapshot`; `confirm` is the caller's business."""
        del label, confirm
        return await asyncio.to_thread(write_if_unchanged, snapshot, edits)


def write_if_unchanged(snapshot: SpecSnapshot, edits: Sequence[TextEdit]) -> WriteResult:
    """Apply edits to the file of `snapshot`, unless its text is no longer the snapshot's."""
    try:
        if read_spec(snapshot.path).text != snapshot.text:
            return WriteResult("stale", f"{snapshot.path} changed meanwhile; apply again")
        replace_file(snapshot.path, apply_edits(snapshot.text, edits))
    except InvalidInputError as error:
        return WriteResult("refused", str(error))
    except OSError as error:
        return WriteResult("refused", f"cannot write {snapshot.path}: {error.strerror}")
    return WriteResult("applied")

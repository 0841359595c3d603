"""Owns which of the paths that open specs name are there, looked up off the event loop.

Must not know what a path is named for. Nothing outside a workspace folder is shown.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from kata_lsp.lsp.specs import SpecView

FRESH_SECONDS: Final = 30.0
"""How long an answer is believed while its spec is being edited; saving it asks anew."""

_NO_FILE: Final = ""
"""What stands for a folder, and for a path that leaves the root: nobody looks whether that is."""
MAX_ENTRIES: Final = 200
"""Names offered for a path that is being typed."""
_MAX_SCANNED: Final = 5_000


class KnownPaths:
    """The paths of the open specs.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._found: dict[str, dict[str, str | None]] = {}
        self._looked: dict[str, float] = {}

    async def learn(self, view: SpecView, *, again: bool = False) -> None:
        """Look up what a spec names and is not known yet; `again` looks all of it up."""
        uri = view.snapshot.uri
        again = again or self._clock() - self._looked.get(uri, -FRESH_SECONDS) >= FRESH_SECONDS
        known = {} if again else self._found.get(uri, {})
        unknown = view.path_targets - known.keys()
        if not unknown and not again:
            return
        found = await asyncio.to_thread(_look_up, view.root, view.path, unknown) if unknown else {}
        self._found[uri] = known | found
        if again:
            self._looked[uri] = self._clock()

    def missing(self, view: SpecView) -> frozenset[str]:
        """Return the paths of a spec that are not there; what nobody looked up counts as there."""
        found = self._found.get(view.snapshot.uri, {})
        return view.path_targets.intersection(
            target for target, file in found.items() if file is None
        )

    def file(self, view: SpecView, target: str) -> str | None:
        """Return the absolute path of a file that is there, None for any other."""
        return self._found.get(view.snapshot.uri, {}).get(target) or None

    def forget(self, uri: str) -> None:
        """Drop what was looked up for a closed document."""
        self._found.pop(uri, None)
        self._looked.pop(uri, None)


def _look_up(root: str, spec_path: str, targets: Iterable[str]) -> dict[str, str | None]:
    folder = os.path.join(root, *PurePosixPath(spec_path).parent.parts)  # noqa: PTH118 - see below
    return {target: _find(root, folder, target) for target in targets}


def _find(root: str, folder: str, target: str) -> str | None:
    """Return the file that a target names, None where nothing is, else `_NO_FILE`.

    `os.path` rather than `pathlib`, which takes ten times as long and a spec names thousands.
    """
    names = (target,) if "%" not in target else (target, unquote(target))
    inside = False
    for name in names:
        # Relative to the root as tasks name files, or to the spec as links do.
        for base in (root, folder):
            path = os.path.normpath(os.path.join(base, name))  # noqa: PTH118 - fast
            if not path.startswith(root + os.sep) and path != root:
                continue
            inside = True
            if os.path.exists(path):  # noqa: PTH110 - fast
                real = os.path.realpath(path)
                there = real.startswith(root + os.sep) and os.path.isfile(real)  # noqa: PTH113 - fast
                return path if there else _NO_FILE
    return None if inside else _NO_FILE


def list_entries(root: str, spec_path: str, typed: str) -> tuple[list[str], bool]:
    """Return what a path that is being typed may go on as, folders with a slash at their end.

    Reads one folder of the root, or of the spec's own where the root has none of that name.

    Args:
        root: Absolute path of the workspace folder, links resolved.
        spec_path: The spec, relative to it.
        typed: The path so far, relative to either.

    Returns:
        Whole paths as they would be written, sorted, and whether there are more of them.
    """
    head, _, prefix = typed.rpartition("/")
    folder = os.path.join(root, *PurePosixPath(spec_path).parent.parts)  # noqa: PTH118 - as above
    for base in (root, folder):
        names = _names_in(root, os.path.join(base, head))  # noqa: PTH118 - as above
        if names is not None:
            fitting = sorted(name for name in names if _fits(name, prefix))
            lead = f"{head}/" if head else ""
            return [lead + name for name in fitting[:MAX_ENTRIES]], len(fitting) > MAX_ENTRIES
    return [], False


def _names_in(root: str, folder: str) -> list[str] | None:
    try:
        path = os.path.realpath(folder)
        if path != root and not path.startswith(root + os.sep):
            return None
        with os.scandir(path) as entries:
            return [_name(entry) for entry in islice(entries, _MAX_SCANNED)]
    except (OSError, ValueError):
        return None


def _name(entry: os.DirEntry[str]) -> str:
    return f"{entry.name}/" if entry.is_dir() else entry.name


def _fits(name: str, prefix: str) -> bool:
    if name.startswith(".") and not prefix.startswith("."):
        return False
    return name.casefold().startswith(prefix.casefold())

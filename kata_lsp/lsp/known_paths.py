"""Owns which of the paths that open specs name are there, looked up off the event loop.

Must not know what a path is named for. Nothing outside a workspace folder is looked at.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from kata_lsp.lsp.specs import SpecView

FRESH_SECONDS: Final = 5.0
"""How long an answer is believed while its spec is being edited."""

_UNKNOWABLE: Final = ""
"""What stands for a path that leaves the folder: nobody looks whether it is there."""


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
    """Return where a target is, None for nowhere, `_UNKNOWABLE` outside the root.

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
                return path if real == root or real.startswith(root + os.sep) else _UNKNOWABLE
    return None if inside else _UNKNOWABLE

"""Owns listing the files of a folder that git does not manage, honouring its .gitignore files.

Must not follow links, and must not know what the files are for.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kata_lsp.context.files.patterns import compile_patterns, verdict
from kata_lsp.context.files.reading import RootReader, decode
from kata_lsp.context.files.selection import is_skipped
from kata_lsp.context.worker import Stop

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

    Rules = tuple[tuple[str, GitIgnoreSpec], ...]
    """(folder with a trailing slash or empty, its patterns), outermost first."""

__all__ = ["walk_files"]

_BUILD_DIRS = frozenset(["build", "dist", "target", "out", "coverage", "htmlcov", "bin", "obj"])
_MAX_IGNORE_BYTES = 64 * 1024


def walk_files(root: Path, max_files: int, stop: Stop) -> list[str]:
    """List regular files below `root` that no .gitignore excludes, as sorted POSIX paths.

    Folders of build results are left out too: without git nothing says that they are sources.
    Ends early, with what was found, after `max_files` files or when `stop` turns late.

    Raises:
        StoppedError: The work was cancelled.
    """
    found: list[str] = []
    with RootReader(root) as reader:
        for path in _walk(root, reader, stop):
            found.append(path)
            if len(found) >= max_files:
                break
    return sorted(found)


def _walk(root: Path, reader: RootReader, stop: Stop) -> Iterator[str]:
    pending: list[tuple[str, Rules]] = [("", ())]
    while pending and not stop.late:
        stop.check()
        folder, rules = pending.pop()
        rules = _with_own_rules(reader, folder, rules)
        subfolders: list[tuple[str, Rules]] = []
        for name, is_folder in _entries(root / folder):
            path = f"{folder}{name}"
            if is_folder:
                path += "/"
            if _ignored(rules, path) or is_skipped(f"{path}-" if is_folder else path):
                continue
            if not is_folder:
                yield path
            elif name.lower() not in _BUILD_DIRS:
                subfolders.append((path, rules))
        pending.extend(reversed(subfolders))


def _entries(folder: Path) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as scan:
            entries = [
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in scan
                if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return []
    return sorted(entries)


def _with_own_rules(reader: RootReader, folder: str, rules: "Rules") -> "Rules":
    data = reader.read(f"{folder}.gitignore", _MAX_IGNORE_BYTES)
    spec = compile_patterns(decode(data).split("\n")) if data else None
    return rules if spec is None else (*rules, (folder, spec))


def _ignored(rules: "Rules", path: str) -> bool:
    for folder, spec in reversed(rules):
        answer = verdict(spec, path[len(folder) :])
        if answer is not None:
            return answer
    return False

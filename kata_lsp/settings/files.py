"""Owns the files that settings are read from: the user's own, and a repository's.

Must not know what the values mean; `resolving` decides that.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import platformdirs

from kata_lsp.settings.layers import (
    Layer,
    SettingProblem,
    environment_layer,
    table_layer,
)
from kata_lsp.settings.resolving import Resolved, load_settings

REPOSITORY_FILE: Final = ".kata/settings.toml"
"""A repository's own settings, relative to its root; they may only narrow."""

MAX_BYTES: Final = 256 * 1024


def user_settings_path() -> Path:
    """Return where the user's own settings are, on this platform."""
    return platformdirs.user_config_path("kata-lsp", appauthor=False) / "settings.toml"


def read_settings(
    *,
    environment: Mapping[str, str],
    root: Path | None = None,
    client: Mapping[str, object] | None = None,
    client_workspace: Mapping[str, object] | None = None,
    user_file: Path | None = None,
) -> Resolved:
    """Return the settings for a workspace, from every layer there is. Reads two small files.

    Args:
        environment: The process environment, or a test's.
        root: The workspace, None for none: then there are no repository settings.
        client: The editor's user-scope values, by camelCase keys.
        client_workspace: The editor's workspace-scope values, which may only narrow.
        user_file: The user's file; the platform's own place when omitted.
    """
    user_table, user = _file_layer(
        "user settings", user_settings_path() if user_file is None else user_file
    )
    layers = [
        user,
        environment_layer(environment, _provider_ids(user_table, client or {})),
        table_layer("client", client or {}),
    ]
    if root is not None:
        layers.append(_repository_layer(root))
    layers.append(table_layer("client workspace", client_workspace or {}, narrows=True))
    return load_settings(
        layers, leaves_root=lambda path: root is not None and not _is_inside(root, root / path)
    )


def _provider_ids(*tables: Mapping[str, object]) -> tuple[str, ...]:
    found = [table.get("providers") for table in tables]
    return tuple(
        str(name) for each in found if isinstance(each, Mapping) for name in cast("Any", each)
    )


def _repository_layer(root: Path) -> Layer:
    name = "repository settings"
    file = root / REPOSITORY_FILE
    if not _is_inside(root, file):
        return _unreadable(name, file, "leads out of the workspace; it was not read")
    _, layer = _file_layer(name, file, narrows=True)
    return layer


def _file_layer(
    name: str, file: Path, *, narrows: bool = False
) -> tuple[Mapping[str, object], Layer]:
    try:
        table = tomllib.loads(_text_of(file))
    except FileNotFoundError:
        table = {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        what = reason or (str(error) if isinstance(error, ValueError) else "is nested too deeply")
        return {}, _unreadable(name, file, f"was not read: {what}")
    return table, table_layer(name, table, narrows=narrows)


def _text_of(file: Path) -> str:
    # Without O_NONBLOCK a named pipe in a repository would keep the server waiting for ever.
    fd = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(fd, "rb") as stream:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise ValueError(f"it must be a regular file of at most {MAX_BYTES} bytes")
        return stream.read(MAX_BYTES).decode("utf-8")


def _unreadable(name: str, file: Path, what: str) -> Layer:
    problem = SettingProblem(name, str(file), f"{str(file)!r} {what}", "error")
    return Layer(name, problems=(problem,))


def _is_inside(root: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False

"""Owns where the pi engine lives on this machine, and whether it can be used.

Must not know how it gets there (`installing`) or what it is asked. Looks at files only: nothing is
started, downloaded or written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, cast

import platformdirs

from kata_lsp.errors import ErrorCode, KataError

PI_VERSION: Final = "0.87.1"
NODE_VERSION: Final = "24.19.0"
HOME_VARIABLE: Final = "KATA_PI_HOME"
"""Environment variable that moves the engine's folder; the user's data directory otherwise."""

INSTALL: Final = "kata-lsp pi install"
_PACKAGES: Final = Path("node_modules/@earendil-works")
_SHIPPED: Final = Path(__file__).parent / "engine"
BRIDGE: Final = _SHIPPED / "bridge.mjs"
"""Our extension of the engine."""
MANIFESTS: Final = (_SHIPPED / "package.json", _SHIPPED / "package-lock.json")
NODE_REQUIREMENTS: Final = _SHIPPED / "node-requirements.txt"


class EngineState(StrEnum):
    """What can be said of an installation by looking at it."""

    READY = "ready"
    MISSING = "missing"
    OUTDATED = "outdated"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """A state, one sentence about it, and what to do ("" when nothing is)."""

    state: EngineState
    detail: str
    remedy: str = ""

    @property
    def ready(self) -> bool:
        """Whether runs can use the engine."""
        return self.state is EngineState.READY


@dataclass(frozen=True, slots=True)
class Installation:
    """The engine's folder; one subfolder for each pair of versions, complete or absent."""

    root: Path

    @property
    def home(self) -> Path:
        """The folder of the versions that this release uses."""
        return self.root / f"pi-{PI_VERSION}-node-{NODE_VERSION}"

    @property
    def node(self) -> Path:
        """The Node.js program."""
        return self.home / "node" / "bin" / "node"

    @property
    def rpc(self) -> Path:
        """The engine's entry point for programs."""
        return self.home / _PACKAGES / "pi-coding-agent/dist/bundle/rpc-entry.js"

    @property
    def terminal(self) -> Path:
        """The engine's entry point for people, used only to sign in."""
        return self.home / _PACKAGES / "pi-coding-agent/dist/bundle/cli.js"

    @property
    def compile_cache(self) -> Path:
        """Compiled code of the engine, made at installation and only read afterwards."""
        return self.home / "compile-cache"

    @property
    def marker(self) -> Path:
        """Written last, so that its presence says that everything else is there."""
        return self.home / "installed.json"

    @property
    def logins(self) -> Path:
        """The engine's own folder for subscription logins; empty unless the user signed in."""
        return self.root / "logins"

    def catalogue(self, provider: str) -> Path:
        """Return the file of the models that the engine knows of one of its providers."""
        return self.home / _PACKAGES / "pi-ai/dist/providers/data" / f"{provider}.json"


def default_root(environ: Mapping[str, str]) -> Path:
    """Return the engine's folder: `KATA_PI_HOME`, else in the user's data directory."""
    given = environ.get(HOME_VARIABLE, "").strip()
    if given:
        return Path(given).absolute()
    return platformdirs.user_data_path("kata-lsp", appauthor=False) / "pi"


def status_of(installation: Installation) -> EngineStatus:
    """Return whether the engine can be used, judged by its files alone."""
    if sys.platform == "win32":
        return EngineStatus(
            EngineState.UNSUPPORTED,
            "runtime mode 'pi' is not supported on Windows",
            "Keep `kata.runtimeMode` at `native`.",
        )
    if not installation.home.is_dir():
        return _absent(installation)
    problem = _problem(installation)
    if problem:
        return EngineStatus(
            EngineState.BROKEN, f"the pi engine is damaged: {problem}", f"Run `{INSTALL} --force`."
        )
    return EngineStatus(EngineState.READY, f"pi {PI_VERSION} on Node.js {NODE_VERSION}")


def _absent(installation: Installation) -> EngineStatus:
    older = [path.name for path in installation.root.glob("pi-*-node-*") if path.is_dir()]
    if older:
        return EngineStatus(
            EngineState.OUTDATED,
            f"the installed pi engine ({', '.join(sorted(older))}) is not the version that this "
            f"release uses (pi {PI_VERSION} on Node.js {NODE_VERSION})",
            f"Run `{INSTALL}`.",
        )
    return EngineStatus(
        EngineState.MISSING, "the pi engine is not installed", f"Run `{INSTALL}` (about 270 MB)."
    )


def _problem(installation: Installation) -> str:
    try:
        marker: object = json.loads(installation.marker.read_bytes())
    except (OSError, ValueError):
        return "its installation did not finish"
    versions = cast("dict[str, object]", marker) if isinstance(marker, dict) else {}
    if (versions.get("pi"), versions.get("node")) != (PI_VERSION, NODE_VERSION):
        return "it says that it is another version"
    if not os.access(installation.node, os.X_OK):
        return "Node.js is missing or cannot be run"
    if not installation.rpc.is_file():
        return "the engine's program is missing"
    return ""


def require(installation: Installation) -> None:
    """Return when the engine can be used.

    Raises:
        KataError: `provider_unavailable`: it cannot; the remedy is the exact command.
    """
    status = status_of(installation)
    if status.ready:
        return
    raise unusable(status.detail, f"{status.remedy} Or set `kata.runtimeMode` to `native`.")


def unusable(message: str, remedy: str = "") -> KataError:
    """Return the failure of an engine that cannot be used, which trying again does not help."""
    return KataError(
        ErrorCode.PROVIDER_UNAVAILABLE,
        message,
        remediation=remedy
        or f"Run `{INSTALL} --force`, or set `kata.runtimeMode` to `native`; both work at once.",
        retryable=False,
        runtime_mode="pi",
    )

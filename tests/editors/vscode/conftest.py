"""VS Code for the tests here: installed and packaged once, run by Node with what a test says."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.provider_process import ProviderProcess

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CACHE = ROOT / ".cache" / "editors"
EXTENSION = ROOT / "editors" / "vscode"
PACKAGE = EXTENSION / "kata-lsp.vsix"

Drive = Callable[..., str]
"""`drive(script, extension, **options)` runs a Node script to its end and returns what it said."""


@contextmanager
def alone() -> Generator[None]:
    """Keep other workers out: all of them share the cache and the extension's build."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def edition() -> str:
    """Which VS Code: `floor` is the oldest supported, `latest` the newest that was tried."""
    return os.environ.get("VSCODE_EDITION", "floor")


@pytest.fixture(scope="session")
def installed(edition: str) -> dict[str, str]:
    """VS Code and the Node that runs it."""
    with alone():
        run(str(ROOT / "tests" / "editors" / "install_vscode.sh"), edition)
    node = shutil.which("node") if edition == "floor" else str(CACHE / "node24" / "bin" / "node")
    name = "vscode-1.100" if edition == "floor" else "vscode-latest"
    return {"vscode": str(CACHE / name / "vscode"), "node": str(node)}


@pytest.fixture(scope="session")
def package(installed: dict[str, str]) -> Path:
    """The packaged extension, built from what is in the work tree; beside it the unpacked one."""
    with alone():
        if not PACKAGE.exists() or PACKAGE.stat().st_mtime < _newest_source():
            run("npm", "run", "--silent", "package", cwd=EXTENSION)
    return PACKAGE


@pytest.fixture
def provider() -> Iterator[ProviderProcess]:
    """The local fake provider."""
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def drive(installed: dict[str, str], edition: str) -> Drive:
    """Run a script of this folder in VS Code."""

    def drive(script: str, extension: Path, name: str, **options: Any) -> str:
        asked = {
            **installed,
            "extension": str(extension),
            "out": str(CACHE / "artefacts" / "vscode"),
            "name": f"{edition}-{name}",
            **options,
        }
        return run("node", str(HERE / script), json.dumps(asked))

    return drive


def path(*, with_server: bool) -> str:
    """Return a PATH, with or without the project's own server on it."""
    binaries = str(ROOT / ".venv" / "bin")
    entries = [each for each in os.environ["PATH"].split(os.pathsep) if each != binaries]
    return os.pathsep.join([binaries, *entries] if with_server else entries)


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command to its end.

    Raises:
        AssertionError: It failed; carries what it said.
    """
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _newest_source() -> float:
    places = [EXTENSION / "src", EXTENSION / "scripts", EXTENSION / "media", ROOT / "kata_lsp"]
    files = [file for place in places for file in place.rglob("*") if file.suffix != ".pyc"]
    manifests = [EXTENSION / "package.json", EXTENSION / "package-lock.json", ROOT / "uv.lock"]
    return max(file.stat().st_mtime for file in [*files, *manifests] if file.is_file())

"""Owns the little trees on disk that the context tests search."""

import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from kata_lsp.context import ContextEngine, ContextLimits, FilesystemSource

Tree = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files below a fresh folder and return the folder."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "root"
        root.mkdir(exist_ok=True)
        for path, content in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return write


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder, independent of this machine's configuration."""

    def run(root: Path, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CONFIG_GLOBAL": "/dev/null"},
        )
        return done.stdout

    return run


@pytest.fixture
async def engine() -> AsyncIterator[ContextEngine]:
    """An engine over the file system with generous limits."""
    engine = ContextEngine((FilesystemSource(),), ContextLimits(timeout=60))
    yield engine
    await engine.aclose()

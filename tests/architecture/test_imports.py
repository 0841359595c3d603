"""What a part of the package may load, proven by loading it in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "kata_lsp"
CORE_ROOMS = (
    "app", "context", "doctor", "errors", "logs", "orchestrator", "protocol", "providers", "runs",
    "settings", "spec",
)  # fmt: skip
SDKS = ("anthropic", "openai", "httpx2", "keyring", "mcp")


def modules_of(*rooms: str) -> list[str]:
    names: list[str] = []
    for room in rooms:
        path = PACKAGE / room
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        names += [
            ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
                ".__init__"
            )
            for file in files
        ]
    assert names
    return names


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after `statement`."""
    script = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_core_knows_no_lsp():
    """Importing every module outside `lsp` and `cli` loads neither pygls nor lsprotocol."""
    every = "import " + ", ".join(modules_of(*CORE_ROOMS))
    assert loaded_by(every) & {"pygls", "lsprotocol", "typer"} == set()


def test_no_vendor_sdk_is_imported_before_it_is_used():
    """Building the core, every adapter's declaration included, loads no SDK or HTTP stack."""
    build = (
        "from kata_lsp.app import build_app\n"
        "from kata_lsp.settings.model import Settings\n"
        "assert len(build_app(Settings()).runtime.catalog.providers) >= 4"
    )
    assert loaded_by(build) & {*SDKS, "pathspec", "markdown_it"} == set()


def test_the_wire_contract_imports_only_pydantic():
    """`protocol` loads nothing else of the package, so the wire cannot change by accident."""
    ours = "print(*[name for name in sys.modules if name.startswith('kata_lsp')])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, kata_lsp.protocol\n{ours}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == {"kata_lsp", "kata_lsp.protocol"}


@pytest.mark.parametrize("package", ["kata_lsp.spec", "kata_lsp.context", "kata_lsp.providers"])
def test_rooms_are_cheap_to_enter(package):
    """Importing a room loads no Markdown parser, index or HTTP stack."""
    assert loaded_by(f"import {package}") & {"markdown_it", "sqlite3", "httpx", *SDKS} == set()

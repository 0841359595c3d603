"""The installed command in a process of its own, with a home that is empty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("kata-lsp")


@dataclass(frozen=True)
class Done:
    """What a finished command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer as JSON."""
        return json.loads(self.out)


class Terminal:
    """Runs `kata-lsp` over a small repository; nothing of the tester's own home is seen."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = folder / "repo"
        self.home.mkdir()
        self.root.mkdir()
        (self.root / "app.py").write_text("def greet(user):\n    return 'hello'\n")
        (self.root / "other.py").write_text("VALUE = 1\n")
        kept = ("PATH", "LANG", "SSL_CERT_FILE")
        self.env = {name: os.environ[name] for name in kept if name in os.environ}
        self.env |= {
            "HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    def script(self, *steps: dict[str, Any]) -> None:
        """Let the scripted provider answer every request with these steps."""
        file = self.home / "script.json"
        file.write_text(json.dumps({"default": {"steps": steps, "repeat": True}}))
        self.env["KATA_SCRIPTED_FILE"] = str(file)

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Run the command to its end."""
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.root,
            timeout=50,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command; the caller ends it."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
            cwd=self.root,
        )


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)

"""A project to work in and an empty home for the server, both in a test's own folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Workspace:
    """A folder to work in and a home of its own for the server, with its script."""

    root: Path
    home: Path

    @property
    def spec(self) -> Path:
        """The default spec."""
        return self.root / ".kata" / "spec.md"

    @property
    def store(self) -> Path:
        """The run store of this home."""
        return self.home / "state" / "kata-lsp" / "runs.sqlite3"

    @property
    def script(self) -> Path:
        """The script of the `scripted` provider."""
        return self.home / "script.json"

    def write_script(self, *answers: dict[str, Any], **more: Any) -> None:
        """Say what the `scripted` provider answers."""
        self.script.write_text(json.dumps({"answers": list(answers), **more}), encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """Return the server's environment: no keys, no keyring, nothing of the real home."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "KATA_SCRIPTED_FILE": str(self.script),
            **more,
        }


def make_workspace(folder: Path) -> Workspace:
    """Make a small project and an empty home in a folder of the test's."""
    workspace = Workspace(folder / "project", folder / "home")
    (workspace.root / "src").mkdir(parents=True)
    workspace.home.mkdir()
    (workspace.root / "src" / "app.py").write_text("def count_tokens():\n    return 1\n")
    (workspace.root / "README.md").write_text("# Token counter\n")
    return workspace

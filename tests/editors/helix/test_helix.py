"""Helix, a client without lenses, progress buttons or our notifications, does what matters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from editors.helix.terminal import Terminal
from fakes.provider_process import ProviderProcess

pytestmark = pytest.mark.editor

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[2] / "build" / "editors"
LANGUAGES = """\
[language-server.kata]
command = "kata-lsp"
args = ["serve"]

[language-server.kata.config.kata]
provider = "fake"
model = "m1"

[language-server.kata.config.kata.providers.fake]
kind = "openai-compatible"
baseUrl = "{url}"
needsKey = false

[[language]]
name = "markdown"
language-servers = ["kata"]
"""


@pytest.fixture(scope="session")
def helix(tmp_path_factory):
    """The program; only one of the test workers installs it."""
    lock = tmp_path_factory.getbasetemp().parent / "install_helix.lock"
    command = ["flock", str(lock), str(HERE.parent / "install_helix.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def spec(tmp_path):
    """A spec that lacks most sections."""
    path = tmp_path / "repo" / ".kata" / "spec.md"
    path.parent.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    path.write_text("# Greet\n\n## Goal\n\nGreet the user.\n\n## Tasks\n\n- [ ] T001 Change it\n")
    return path


@pytest.fixture
def log(tmp_path):
    """Where Helix logs what it says to the server and what it does not understand."""
    return tmp_path / "home" / ".cache" / "helix" / "helix.log"


@pytest.fixture
def terminal(helix, spec, log, tmp_path):
    """Helix with the spec open and the provider server behind `kata-lsp`."""
    config = tmp_path / "home" / ".config" / "helix"
    config.mkdir(parents=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"HOME": str(tmp_path / "home"), "PATH": path, "LANG": "C.UTF-8"}
    env |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with ProviderProcess() as provider:
        provider.load(default={"name": "draft"})
        (config / "languages.toml").write_text(LANGUAGES.format(url=provider.openai_url))
        shown = Terminal([helix, "-v", ".kata/spec.md"], spec.parents[1], env)
        shown.wait_for("## Goal")
        # Helix shows nothing when a server is ready; before, it knows none of its commands.
        shown.wait_until(lambda: log.exists() and '"method":"initialized"' in log.read_text())
        yield shown
        assert shown.close("\x1b\x1b:quit-all!\r") == 0


def test_run_is_started_and_its_draft_applied(terminal, spec, log):
    """A command with a plain string starts a run; its draft is offered, applied, and saved."""
    terminal.type(':lsp-workspace-command kata.run.start "Greet the user by name"\r')
    terminal.wait_for("A draft for .kata/spec.md is ready")
    assert "Later" in terminal.text
    terminal.shoot(ARTEFACTS / "helix-offer.txt")
    terminal.type("\r")
    terminal.wait_for("## Verification Plan")
    terminal.type(":write\r")
    terminal.wait_for("' written")
    assert "- [ ] T001 Find where" in spec.read_text()
    assert "[ERROR]" not in log.read_text()


def test_wrong_command_is_an_error_and_no_more(terminal, log):
    """A command without its required argument is refused by name, and the next one works."""
    terminal.type(":lsp-workspace-command kata.run.start\r")
    terminal.wait_until(lambda: "prompt: is required" in log.read_text())
    terminal.type(':lsp-workspace-command kata.run.start "Greet the user by name"\r')
    terminal.wait_for("A draft for .kata/spec.md is ready")
    terminal.type("\x1b")
    terminal.wait_for("is ready", gone=True)


def test_problems_are_listed_and_a_task_is_ticked(terminal, spec, log):
    """Diagnostics fill the picker, and code actions do what lenses do elsewhere."""
    terminal.wait_for("section 'Verification Plan' is missing")
    terminal.type(" d")
    terminal.wait_for("missing-section")
    terminal.type("\x1b")
    terminal.wait_for("missing-section", gone=True)
    terminal.type("/T001\r")
    terminal.type(" a")
    terminal.wait_for("Start T001")
    terminal.shoot(ARTEFACTS / "helix-actions.txt")
    terminal.type("\r")
    terminal.wait_for("- [/] T001 Change it")
    terminal.type(":write\r")
    terminal.wait_for("' written")
    assert "- [/] T001 Change it\n" in spec.read_text()
    assert "[ERROR]" not in log.read_text()

"""`kata-lsp auth` over a real keyring backend: what is stored, found, used and cleared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.provider_process import ProviderProcess
from fakes.steps import CANARY

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def ring(terminal, tmp_path) -> Path:
    """The file of the terminal's keyring; nothing is in it."""
    file = tmp_path / "ring.json"
    file.write_text("{}")
    terminal.env |= {
        "PYTHON_KEYRING_BACKEND": "keyring_of_tests.Keyring",
        "PYTHONPATH": str(FIXTURES),
        "KATA_TEST_KEYRING": str(file),
    }
    return file


def state(terminal, provider: str) -> str:
    """What `auth status` says of a provider."""
    lines = terminal.run("auth", "status").out.splitlines()
    (found,) = [line for line in lines if line.split()[0] == provider]
    return found


def test_a_key_is_set_found_and_cleared(terminal, ring):
    """Each command in a process of its own; the key is printed by none of them."""
    assert "missing_auth" in state(terminal, "anthropic")
    done = terminal.run("auth", "set", "anthropic", stdin=f" {CANARY}\n")
    assert done.code == 0, done.err
    assert json.loads(ring.read_text()) == {"kata-lsp/anthropic": CANARY}
    assert "keyring" in state(terminal, "anthropic")
    assert "missing_auth" in state(terminal, "openai")
    cleared = terminal.run("auth", "clear", "anthropic")
    assert "was removed" in cleared.err
    assert json.loads(ring.read_text()) == {}
    assert "was not in the keyring" in terminal.run("auth", "clear", "anthropic").err
    assert "missing_auth" in state(terminal, "anthropic")
    assert CANARY not in done.out + done.err + cleared.out + cleared.err


def test_the_environment_comes_before_the_keyring(terminal, ring):
    """The stated order: client, environment, command, keyring."""
    ring.write_text(json.dumps({"kata-lsp/anthropic": "sk-of-the-keyring"}))
    terminal.env["ANTHROPIC_API_KEY"] = CANARY
    assert "ANTHROPIC_API_KEY" in state(terminal, "anthropic")


def test_a_key_of_the_keyring_is_used_and_written_nowhere_else(terminal, ring):
    """It reaches the provider; no file of the home or the project, and no log line has it."""
    file = terminal.home / ".config" / "kata-lsp" / "settings.toml"
    file.parent.mkdir(parents=True)
    with ProviderProcess() as provider:
        file.write_text(
            f'provider = "lab"\nlogLevel = "debug"\nlogFile = "{terminal.home}/kata.log"\n'
            f'[providers.lab]\nkind = "anthropic-compatible"\nbaseUrl = "{provider.url}"\n'
        )
        assert terminal.run("auth", "set", "lab", stdin=CANARY).code == 0
        done = [terminal.run("draft", "Greet", "--apply"), terminal.run("doctor", "--network")]
        provider.load(default={"name": "refuse", "error": "invalid_key"})
        done.append(terminal.run("draft", "Greet again"))
        assert [each.code for each in done] == [0, 0, 1], done
        asked = provider.requests(2)
    assert all(each["headers"]["x-api-key"] == CANARY for each in asked)
    assert (terminal.home / "kata.log").exists()
    assert (terminal.root / ".kata" / "spec.md").exists()
    assert not [each for each in done if CANARY in each.out + each.err]
    written = [path for at in (terminal.home, terminal.root) for path in at.rglob("*")]
    assert not [path for path in written if path.is_file() and CANARY in path.read_text("latin-1")]


@pytest.mark.parametrize("command", [("set", "anthropic"), ("clear", "anthropic")])
def test_a_broken_keyring_is_told_with_what_to_do(terminal, ring, command):
    """No traceback; a variable of the environment is the way out."""
    terminal.env["KATA_TEST_KEYRING"] = str(ring.parent)
    done = terminal.run("auth", *command, stdin=CANARY)
    assert done.code == 1
    assert "keyring" in done.err
    assert "environment" in done.err
    assert CANARY not in done.err
    assert "Traceback" not in done.err


def test_an_unknown_provider_gets_no_key(terminal, ring):
    """A typing error must not leave a key where nobody looks for it."""
    done = terminal.run("auth", "set", "antropic", stdin=CANARY)
    assert done.code == 2
    assert "antropic" in done.err
    assert json.loads(ring.read_text()) == {}

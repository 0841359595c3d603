"""`kata-lsp pi`: what is there, how it is isolated, and that nothing happens unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.pi_engine import HOME, INSTALLATION, needs_engine


def data_of(terminal) -> Path:
    return terminal.home / ".local" / "share" / "kata-lsp" / "pi"


def test_status_of_nothing_names_the_command(terminal):
    """Exit 1, the exact remedy, and no file or folder made."""
    done = terminal.run("pi", "status")
    assert done.code == 1
    assert "not installed" in done.out
    assert "kata-lsp pi install" in done.out
    assert done.out.count("bubblewrap") >= 1
    assert not data_of(terminal).exists()


def test_a_draft_in_a_mode_without_its_engine_says_what_to_type(terminal):
    """Nothing is downloaded unasked; the failure is typed."""
    terminal.env |= {"KATA_RUNTIME_MODE": "pi", "ANTHROPIC_API_KEY": "sk-1"}
    done = terminal.run("draft", "--provider", "anthropic", "Greet twice")
    assert done.code == 1
    assert "kata-lsp pi install" in done.err
    assert not data_of(terminal).exists()


def test_doctor_asks_for_the_engine_only_when_its_mode_is_chosen(terminal):
    """For everybody else a missing engine is no fault."""
    assert terminal.run("doctor").code == 0
    terminal.env["KATA_RUNTIME_MODE"] = "pi"
    done = terminal.run("doctor")
    assert done.code == 1
    assert "kata-lsp pi install" in done.out


def test_remove_of_nothing_is_no_failure(terminal):
    """It says that there was nothing."""
    done = terminal.run("pi", "remove")
    assert done.code == 0
    assert "no pi engine" in done.err


def test_signing_in_is_refused_until_it_is_allowed(terminal):
    """Subscriptions are off, and the notice says why."""
    done = terminal.run("pi", "login")
    assert done.code == 1
    assert "kata.pi.subscriptions" in done.err
    assert "terms" in done.err


@pytest.mark.parametrize("way", ["no network", "no pip"])
def test_an_installation_that_fails_leaves_nothing(way: str, terminal):
    """A step that fails is named, and neither a folder nor a half engine stays behind."""
    if way == "no network":
        terminal.env |= {
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_RETRIES": "0",
            "PIP_TIMEOUT": "1",
            "PIP_NO_CACHE_DIR": "1",
        }
    else:
        terminal.env |= {"PYTHONSAFEPATH": "1", "PIP_REQUIRE_VIRTUALENV": "nonsense"}
    done = terminal.run("pi", "install")
    assert done.code == 1
    assert "Node.js" in done.err
    assert "kata-lsp pi install" in done.err
    assert [path for path in data_of(terminal).rglob("*") if path.is_file()] == []
    assert terminal.run("pi", "status").code == 1


@needs_engine
def test_an_installed_engine_is_started_once_to_be_sure(terminal):
    """`status` runs it without a request, and says how its processes are isolated."""
    terminal.env["KATA_PI_HOME"] = HOME
    done = terminal.run("pi", "status", "--json")
    assert done.code == 0, done.out
    assert done.json["ready"] is True
    assert done.json["folder"] == str(INSTALLATION.home)
    assert done.json["isolation"]
    again = terminal.run("pi", "install")
    assert again.code == 0
    assert "already in" in again.err


@needs_engine
def test_a_damaged_engine_is_found_and_named(terminal):
    """A program that does not start is broken, whatever its files look like."""
    home = terminal.home / "engine" / INSTALLATION.home.name
    (home / "node" / "bin").mkdir(parents=True)
    for name in ("installed.json", "node_modules"):
        (home / name).symlink_to(INSTALLATION.home / name)
    node = home / "node" / "bin" / "node"
    node.write_text("#!/bin/sh\nexit 1\n")
    node.chmod(0o755)
    terminal.env["KATA_PI_HOME"] = str(home.parent)
    done = terminal.run("pi", "status", "--json")
    assert done.code == 1
    assert done.json["state"] == "broken"
    assert "--force" in done.json["remedy"]
    assert terminal.run("pi", "remove").code == 0
    assert not home.exists()
    assert INSTALLATION.node.exists()

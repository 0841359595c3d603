"""The extension's files without an editor: fresh, small, and consistent with each other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from kata_lsp.protocol import COMMANDS

EXTENSION = Path(__file__).parents[3] / "editors" / "vscode"
SOURCES = sorted((EXTENSION / "src").glob("*.ts"))
TYPESCRIPT = "\n".join(each.read_text(encoding="utf-8") for each in SOURCES)
ENTRIES = json.loads((EXTENSION / "src" / "entries.json").read_text(encoding="utf-8"))
MANIFEST = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))


def test_the_contributed_settings_are_fresh():
    """package.json has the server's settings as the schema has them."""
    script = EXTENSION / "scripts" / "contribute_settings.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_shim_stays_small():
    """At most 700 lines of code; more would be logic that belongs into the server."""
    code = [line for line in TYPESCRIPT.splitlines() if not re.match(r"\s*(//|/\*|\*|$)", line)]
    assert len(code) <= 700


def test_every_command_of_the_contract_has_an_entry():
    """Whatever the server can do is called somewhere in the extension."""
    called = re.findall(r'"(kata\.[a-zA-Z.]+)"', TYPESCRIPT)
    called += [entry["command"] for entry in ENTRIES.values()]
    assert {each.name for each in COMMANDS} <= set(called)


def test_plain_entries_ask_for_what_their_commands_take():
    """A question is about a field of the payload, and its choices are the field's own."""
    params = {each.name: each.params.model_json_schema(by_alias=True) for each in COMMANDS}
    for name, entry in ENTRIES.items():
        schema = params[entry["command"]]
        asked = entry.get("ask", {})
        assert set(asked) <= set(schema.get("properties", {})), name
        assert set(schema.get("required", ())) <= set(asked), name
        for field, question in asked.items():
            if isinstance(question, list):
                assert set(question) <= set(re.findall(r'"(\w+)"', json.dumps(schema))), field


def test_commands_are_contributed_handled_and_not_the_servers():
    """The client registers the server's names by itself, so the extension's must differ."""
    contributed = {each["command"] for each in MANIFEST["contributes"]["commands"]}
    commands = (EXTENSION / "src" / "commands.ts").read_text(encoding="utf-8")
    handled = set(re.findall(r"^    (\w+): (?:async )?\(", commands, re.MULTILINE)) | set(ENTRIES)
    assert contributed == {f"kataLsp.{name}" for name in handled}
    used = {
        entry["command"] for menu in MANIFEST["contributes"]["menus"].values() for entry in menu
    }
    assert used <= contributed


def test_it_is_an_esm_extension_for_the_oldest_vscode_that_loads_one():
    """The walkthrough has at most five steps; untrusted folders are limited, virtual ones off."""
    assert MANIFEST["type"] == "module"
    assert MANIFEST["engines"]["vscode"] == "^1.100.0"
    (walkthrough,) = MANIFEST["contributes"]["walkthroughs"]
    assert len(walkthrough["steps"]) <= 5
    assert MANIFEST["capabilities"]["untrustedWorkspaces"]["supported"] == "limited"
    assert MANIFEST["capabilities"]["virtualWorkspaces"]["supported"] is False


def test_no_file_names_a_registry():
    """Where packages come from is the machine's business."""
    lock = (EXTENSION / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock

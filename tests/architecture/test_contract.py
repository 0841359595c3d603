"""The wire contract and what is made from it: kept equal, or this fails."""

import subprocess
import sys
from pathlib import Path

from kata_lsp import protocol
from kata_lsp.lsp.commands import COMMANDS

ROOT = Path(__file__).parents[2]


def test_the_editors_types_are_fresh():
    """The generated TypeScript and Lua say what the schema says today."""
    done = subprocess.run(
        [sys.executable, ROOT / "editors" / "generate_types.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_server_answers_exactly_the_commands_of_the_contract():
    """No command is promised and missing, none is served and undocumented."""
    assert [each.name for each in COMMANDS] == [spec.name for spec in protocol.COMMANDS]


def test_every_command_and_notification_is_in_the_readme():
    """A user finds each name of the contract in the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [spec.name for spec in (*protocol.COMMANDS, *protocol.NOTIFICATIONS)]
    assert [name for name in names if name not in readme] == []

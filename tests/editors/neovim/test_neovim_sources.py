"""The plugin's files: small, and documented as they are."""

from __future__ import annotations

import re
from pathlib import Path

PLUGIN = Path(__file__).parents[3] / "editors" / "neovim"
MAX_LINES = 500
"""Of Lua that somebody wrote, without blank lines and comments."""


def test_plugin_stays_small():
    """Logic belongs to the server: the Lua that is not generated has a cap."""
    files = [path for path in PLUGIN.rglob("*.lua") if path.name != "generated.lua"]
    lines = [line.strip() for path in files for line in path.read_text().splitlines()]
    code = [line for line in lines if line and not line.startswith("--")]
    assert len(code) <= MAX_LINES


def test_help_names_every_subcommand_map_and_option():
    """Whatever users can type or set is in the help file."""
    text = (PLUGIN / "doc" / "kata.txt").read_text()
    commands = (PLUGIN / "lua" / "kata" / "commands.lua").read_text()
    table = commands.split("local subcommands = {\n")[1].split("\n}\n")[0]
    subcommands = re.findall(r"^  (\w+) = ", table, re.MULTILINE)
    assert len(subcommands) > 15
    assert [name for name in subcommands if f"*:Kata-{name}*" not in text] == []
    maps = re.search(r"ipairs\(\{ (.*) \}\)", (PLUGIN / "plugin" / "kata.lua").read_text())
    assert maps
    for name in re.findall(r"'(\w+)'", maps[1]):
        assert f"<Plug>(kata-{name})" in text
    options = (PLUGIN / "lua" / "kata" / "init.lua").read_text().split("M.options = {")[1]
    for name in re.findall(r"^  (\w+) = ", options.split("\n}")[0], re.MULTILINE):
        assert f"{name} = " in text

"""Writes the settings that the extension contributes into its package.json.

    python editors/vscode/scripts/contribute_settings.py            # write them
    python editors/vscode/scripts/contribute_settings.py --check    # fail when they are stale

The server's own settings are read off its schema; nobody edits them in package.json by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kata_lsp.settings.rules import Narrowing
from kata_lsp.settings.schema import ANY_ID, SettingRow, describe_settings

MANIFEST = Path(__file__).parent.parent / "package.json"
OWN: dict[str, Any] = {
    "kataLsp.serverPath": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "Absolute path of the `kata-lsp` program. When empty it is looked "
        "for on PATH, then in the environment that the extension has set up.",
    },
    "kataLsp.python": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "Python 3.11 or newer to make that environment with. When empty "
        "it is looked for on PATH.",
    },
}
ON_THIS_MACHINE = {"logFile", "pricesFile"}


def manifest(current: dict[str, Any]) -> dict[str, Any]:
    """Return package.json with the settings as the schema has them."""
    rows = describe_settings()
    properties = dict(OWN)
    for row in rows:
        if ANY_ID not in row.key:
            properties[f"kata.{row.key}"] = {**_shape(row), "scope": _scope(row)}
    properties["kata.providers"] = _providers([row for row in rows if ANY_ID in row.key])
    contributes = current["contributes"]
    contributes["configuration"] = {"title": "Kata", "properties": properties}
    # What a workspace can set only narrows; until it is trusted, it does not even do that.
    restricted = [key for key, about in properties.items() if about["scope"] != "application"]
    current["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = restricted
    return current


def _shape(row: SettingRow) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": row.type}
    if row.type == "array":
        shape["items"] = {"type": "string"}
    if row.options:
        shape["enum"] = list(row.options)
    if row.minimum is not None:
        shape["minimum"] = row.minimum
    if row.maximum is not None:
        shape["maximum"] = row.maximum
    if row.default is None:
        shape["type"] = [row.type, "null"]
        shape |= {"enum": [*row.options, None]} if row.options else {}
    return shape | {"default": row.default, "markdownDescription": row.description}


def _scope(row: SettingRow) -> str:
    if row.scope is not Narrowing.REFUSED:
        return "window"
    return "machine" if row.key in ON_THIS_MACHINE else "application"


def _providers(rows: list[SettingRow]) -> dict[str, Any]:
    properties = {row.key.rpartition(".")[2]: _shape(row) for row in rows}
    return {
        "type": "object",
        "default": {},
        "scope": "machine",
        "markdownDescription": "Providers by id: where they are, what they speak, and how their "
        "key is printed. Keys themselves are not settings.",
        "additionalProperties": {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        },
    }


def main() -> int:
    """Write package.json, or with `--check` say whether it is stale."""
    present = MANIFEST.read_text(encoding="utf-8")
    wanted = f"{json.dumps(manifest(json.loads(present)), indent=2, ensure_ascii=False)}\n"
    if "--check" not in sys.argv:
        MANIFEST.write_text(wanted, encoding="utf-8")
        return 0
    if wanted != present:
        sys.stderr.write(f"{MANIFEST.name} is stale; run {__file__}\n")
    return int(wanted != present)


if __name__ == "__main__":
    raise SystemExit(main())

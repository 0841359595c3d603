"""Writes the editors' types of the wire contract from its JSON Schema.

    python editors/generate_types.py            # write them
    python editors/generate_types.py --check    # fail when they are stale

TypeScript for `vscode/`, LuaCATS annotations for `neovim/`. Nobody edits the results by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kata_lsp import protocol

HERE = Path(__file__).parent
TYPESCRIPT = HERE / "vscode" / "src" / "generated" / "protocol.ts"
LUA = HERE / "neovim" / "lua" / "kata" / "generated.lua"
NOTICE = "Generated from the wire contract by editors/generate_types.py; do not edit."

Schema = dict[str, Any]


def typescript(schema: Schema) -> str:
    """Return the contract as TypeScript: interfaces, and maps from names to them."""
    lines = [f"// {NOTICE}", "", f"export const PROTOCOL_VERSION = {schema['protocolVersion']};"]
    for name, model in schema["$defs"].items():
        required = set(model.get("required", ()))
        # A result always carries what has a value by default; a caller may leave it out.
        lines += ["", f"/** {_about(model, name)} */", f"export interface {name} {{"]
        for field, kind in model.get("properties", {}).items():
            if "description" in kind:
                lines.append(f"  /** {kind['description']} */")
            lines.append(f"  {field}{'' if field in required else '?'}: {_ts(kind)};")
        lines.append("}")
    lines += ["", "/** What each command takes and answers. */", "export interface Commands {"]
    for name, entry in schema["commands"].items():
        params, result = _name(entry["params"]), _name(entry["result"])
        lines += [f"  /** {entry['summary']} */"]
        lines += [f'  "{name}": {{ params: {params}; result: {result} }};']
    lines += ["}", "", "/** What each notification carries. */", "export interface Notifications {"]
    for name, entry in schema["notifications"].items():
        lines += [f"  /** {entry['summary']} */", f'  "{name}": {_name(entry["params"])};']
    return "\n".join([*lines, "}", ""])


def lua(schema: Schema) -> str:
    """Return the contract as LuaCATS classes, and the names as a table."""
    lines = [f"-- {NOTICE}", ""]
    for name, model in schema["$defs"].items():
        required = set(model.get("required", ()))
        lines += [f"---{_about(model, name)}", f"---@class (exact) kata.{name}"]
        for field, kind in model.get("properties", {}).items():
            optional = "" if field in required else "?"
            about = f" {kind['description']}" if "description" in kind else ""
            lines.append(f"---@field {field}{optional} {_lua(kind)}{about}")
        lines.append("")
    lines += ["return {", f"  protocol_version = {schema['protocolVersion']},"]
    for table in ("commands", "notifications"):
        lines += [f"  {table} = {{", *(f"    '{name}'," for name in schema[table]), "  },"]
    return "\n".join([*lines, "}", ""])


def _about(model: Schema, name: str) -> str:
    return " ".join(str(model.get("description", name)).split())


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]


def _alternatives(kind: Schema) -> list[Schema]:
    return [each for each in kind["anyOf"] if each.get("type") != "null"]


def _ts(kind: Schema) -> str:  # noqa: PLR0911 - one per shape
    match kind:
        case {"$ref": _}:
            return _name(kind)
        case {"anyOf": _}:
            return " | ".join(_ts(each) for each in _alternatives(kind))
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"const": value}:
            return json.dumps(value)
        case {"type": "array", "items": items}:
            return f"({inner})[]" if " | " in (inner := _ts(items)) else f"{inner}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"Record<string, {_ts(values)}>"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "string" | "boolean" as scalar}:
            return scalar
        case _:
            raise ValueError(f"no TypeScript for {kind!r}")


def _lua(kind: Schema) -> str:  # noqa: PLR0911 - one per shape
    match kind:
        case {"$ref": _}:
            return f"kata.{_name(kind)}"
        case {"anyOf": _}:
            return "|".join(_lua(each) for each in _alternatives(kind))
        case {"enum": values}:
            return "|".join(f"'{value}'" for value in values)
        case {"const": value}:
            return f"'{value}'"
        case {"type": "array", "items": items}:
            return f"({inner})[]" if "|" in (inner := _lua(items)) else f"{inner}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"table<string, {_lua(values)}>"
        case {"type": "integer" | "number" | "string" | "boolean" as scalar}:
            return scalar
        case _:
            raise ValueError(f"no Lua for {kind!r}")


def main() -> int:
    """Write both files, or with `--check` say which one is stale."""
    schema = protocol.schema()
    stale = False
    for path, text in ((TYPESCRIPT, typescript(schema)), (LUA, lua(schema))):
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale = True
            sys.stderr.write(f"{path.relative_to(HERE.parent)} is stale; run {__file__}\n")
    return int(stale)


if __name__ == "__main__":
    raise SystemExit(main())

"""Owns `kata-lsp settings`: every setting, its value, and which layer it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from kata_lsp.cli import output, session
from kata_lsp.settings.files import user_settings_path
from kata_lsp.settings.resolving import Resolved
from kata_lsp.settings.schema import LEAVES, SettingRow, describe_settings


def settings(
    root: Annotated[Path | None, typer.Option(help="Also read this repository's settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show every setting: its value, where that comes from, and what it is for."""

    async def command() -> int:
        resolved = session.settings_for(session.folder(root) if root else None)
        rows = describe_settings()
        if as_json:
            output.print_json([_plain(row, resolved) for row in rows])
        else:
            output.answers().print(_table(rows, resolved))
        output.remarks().print(escape(f"your own settings: {user_settings_path()}"))
        for problem in resolved.problems:
            output.remarks().print(escape(f"{problem.layer}: {problem.message}"))
        return output.OK

    session.run(command)


def _table(rows: tuple[SettingRow, ...], resolved: Resolved) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From", "Variable", "Workspace"):
        table.add_column(column, no_wrap=True)
    table.add_column("Meaning")
    for row in rows:
        shown = _plain(row, resolved)
        value = "" if shown["value"] is None else str(shown["value"])
        cells = (row.key, value, shown["from"], row.environment, row.scope.value, row.description)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _plain(row: SettingRow, resolved: Resolved) -> dict[str, Any]:
    return {
        "key": row.key,
        "value": row.default if "<" in row.key else _value(row.key, resolved),
        "from": resolved.origins.get(row.key, "default"),
        "environment": row.environment,
        "workspace": row.scope.value,
        "description": row.description,
    }


def _value(key: str, resolved: Resolved) -> Any:
    value: Any = resolved.settings
    for name in LEAVES[tuple(key.split("."))].field_path:
        value = getattr(value, name)
    return list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value

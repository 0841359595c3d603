"""Owns `kata-lsp doctor`: the examination, printed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from kata_lsp.cli import output, session
from kata_lsp.doctor import examine

_MARK = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "error": "[red]error  [/]"}


def doctor(
    root: Annotated[Path | None, typer.Option(help="Also read this repository's settings.")] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Ask each provider that has a key for its models.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check the installation, settings, store and providers, and say what to fix."""

    async def command() -> int:
        resolved = session.settings_for(session.folder(root) if root else None)
        async with session.core(resolved) as app:
            problems = [f"{each.layer}: {each.message}" for each in resolved.problems]
            checks = await examine(app, settings_problems=problems, network=network)
        failed = any(check.state == "error" for check in checks)
        if as_json:
            output.print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
        else:
            for check in checks:
                output.answers().print(
                    f"{_MARK[check.state]} {escape(check.name)}: {escape(check.detail)}"
                )
                if check.remedy and check.state != "ok":
                    output.answers().print(f"        {escape(check.remedy)}")
        return output.FAILED if failed else output.OK

    session.run(command)

"""Owns `kata-lsp models`: which models a provider offers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kata_lsp.cli import output, session
from kata_lsp.errors import KataError


def models(
    provider: Annotated[
        str | None, typer.Argument(help="The provider; the one a run would use when omitted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List a provider's models, the default one marked."""

    async def command() -> int:
        async with session.core(session.settings_for(None)) as app:
            chosen = provider or await app.runtime.default_provider()
            found = await app.runtime.list_models(chosen, refresh=True)
            try:
                default = await app.runtime.default_model(chosen)
            except KataError:
                default = ""
        if as_json:
            rows = [
                {"id": each.id, "displayName": each.display_name, "default": each.id == default}
                for each in found
            ]
            output.print_json({"provider": chosen, "models": rows})
            return output.OK
        table = Table(box=None, pad_edge=False, title=escape(chosen), title_justify="left")
        for column in ("", "Model", "Name", "Context", "Output"):
            table.add_column(column, no_wrap=True)
        for each in found:
            mark = "*" if each.id == default else ""
            table.add_row(
                mark,
                escape(each.id),
                escape(each.display_name),
                f"{each.context_tokens:,}" if each.context_tokens else "",
                f"{each.max_output_tokens:,}" if each.max_output_tokens else "",
            )
        output.answers().print(table)
        return output.OK

    session.run(command)

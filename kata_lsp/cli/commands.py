"""Owns the command line's table: which subcommands there are.

Must not know what they do; each lives in a module of its own.
"""

from __future__ import annotations

from typing import Annotated

import typer

from kata_lsp import __version__
from kata_lsp.cli import auth, doctor, draft, models, pi, runs, schema, serve, settings
from kata_lsp.cli.context import context as print_context

cli = typer.Typer(
    name="kata-lsp",
    help="Spec-driven AI orchestrator runs for any editor. Exit codes: 0 success, 1 failed, "
    "2 wrong usage, 130 cancelled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kata-lsp {__version__}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    del version


cli.command("draft")(draft.draft)
cli.add_typer(runs.cli, name="runs")
cli.command("models")(models.models)
cli.add_typer(auth.cli, name="auth")
cli.command("context")(print_context)
cli.add_typer(pi.cli, name="pi")
cli.command("doctor")(doctor.doctor)
cli.command("settings")(settings.settings)
cli.command("schema")(schema.schema)


@cli.command(
    "serve",
    help="Serve the Language Server Protocol on stdin and stdout.",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)
def _serve(context: typer.Context) -> None:
    # Listed here for `--help`; `main` starts it without this module.
    raise typer.Exit(serve.serve(context.args))

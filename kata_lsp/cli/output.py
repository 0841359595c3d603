"""Owns how the command line speaks: answers on stdout, everything else on stderr.

Must not know what is said. Plain when piped, styled on a terminal.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

from kata_lsp.errors import InvalidInputError, KataError

OK = 0
FAILED = 1
USAGE = 2
CANCELLED = 130


_PIPE_WIDTH = 1000
"""A pipe has no width, and what reads it wants whole cells."""


def answers() -> Console:
    """Return the console for what was asked for."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(file=sys.stdout, highlight=False, soft_wrap=True, width=width)


def remarks() -> Console:
    """Return the console for progress, warnings and errors."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print data as JSON, indented on a terminal and on one line in a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(data, indent=indent, ensure_ascii=False) + "\n")


def print_error(error: KataError | InvalidInputError) -> None:
    """Say what happened and what to do."""
    console = remarks()
    if isinstance(error, InvalidInputError):
        console.print(f"[bold red]error:[/] {escape(str(error))}")
        return
    console.print(
        f"[bold red]error[/] {escape(f'[{error.code}]')}[bold red]:[/] {escape(error.message)}"
    )
    if error.remediation:
        console.print(f"  {escape(error.remediation)}")

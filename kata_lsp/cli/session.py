"""Owns one command's life: the core opened and closed around it, failures as exit codes.

Must not know what the command does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import typer

from kata_lsp import logs
from kata_lsp.app import App, build_app, ignore
from kata_lsp.cli import output
from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.orchestrator.events import Sink
from kata_lsp.settings.files import read_settings
from kata_lsp.settings.resolving import Resolved

log = logging.getLogger(__name__)


def settings_for(root: Path | None) -> Resolved:
    """Return the settings of the user, the environment and, narrowing, the repository at `root`.

    Logging is set up as they say.
    """
    resolved = read_settings(environment=os.environ, root=root)
    file = resolved.settings.log_file
    logs.configure(resolved.settings.log_level, Path(file) if file else None)
    return resolved


@asynccontextmanager
async def core(resolved: Resolved, sink: Sink = ignore) -> AsyncGenerator[App]:
    """Open the core for the time of a command."""
    app = build_app(resolved.settings, sink=sink)
    await app.open()
    try:
        yield app
    finally:
        await app.aclose()


def run(command: Callable[[], Awaitable[int]]) -> None:
    """Run a command to its exit code; Ctrl-C cancels it, and it says so.

    Raises:
        typer.Exit: Always, with the exit code.
    """
    try:
        code = asyncio.run(_cancellable(command))
    except InvalidInputError as error:
        output.print_error(error)
        code = output.USAGE
    except KataError as error:
        output.print_error(error)
        code = output.CANCELLED if error.code is ErrorCode.CANCELLED else output.FAILED
    except asyncio.CancelledError:
        output.remarks().print("cancelled")
        code = output.CANCELLED
    except Exception as error:
        # A defect of ours: the traceback is for whoever asks for it, the sentence for everyone.
        log.debug("unexpected", exc_info=True)
        output.print_error(
            KataError(
                ErrorCode.UNEXPECTED_ERROR,
                f"kata-lsp failed inside ({type(error).__name__}).",
                remediation="KATA_LOG_LEVEL=debug shows the traceback for a report.",
            )
        )
        code = output.FAILED
    raise typer.Exit(code)


async def _cancellable(command: Callable[[], Awaitable[int]]) -> int:
    # The first Ctrl-C cancels and lets the command clean up; the default would stop at once.
    task = asyncio.ensure_future(command())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task


def folder(root: Path) -> Path:
    """Return the absolute path of a folder given on the command line.

    Raises:
        InvalidInputError: It is not one.
    """
    if not root.is_dir():
        raise InvalidInputError("--root", f"{str(root)!r} is not a folder")
    return root.resolve()

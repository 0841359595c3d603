"""Owns `kata-lsp serve`: options of the language server, and which way it is reached.

Must not import the terminal toolkit, nor anything that `initialize` does not need.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from kata_lsp import logs
from kata_lsp.lsp import startup

DEFAULT_HOST = "127.0.0.1"


def options() -> argparse.ArgumentParser:
    """Return the parser of the subcommand's options."""
    parser = argparse.ArgumentParser(
        prog="kata-lsp serve",
        description="Serve the Language Server Protocol on stdin and stdout.",
    )
    # Editors add it out of habit; it says what happens anyway.
    parser.add_argument("--stdio", action="store_true", help="the default; accepted for editors")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--tcp", type=int, metavar="PORT", help="for debugging: serve one client on loopback"
    )
    way.add_argument(
        "--ws", type=int, metavar="PORT", help="for debugging: serve one WebSocket on loopback"
    )
    parser.add_argument("--host", default=DEFAULT_HOST, help="a loopback address")
    parser.add_argument("--log-level", choices=logs.LEVELS, default="warning")
    return parser


def serve(arguments: Sequence[str]) -> int:
    """Serve until the client leaves; returns the exit code.

    0 after `shutdown` and `exit`, 1 when the client left without them, 2 for wrong options,
    128 + n when signal n ended it.
    """
    parser = options()
    chosen = parser.parse_args(arguments)
    logs.configure(chosen.log_level)
    with startup.fast_imports():
        from kata_lsp.lsp import server as lsp  # noqa: PLC0415 - imported with the collector off
        from kata_lsp.lsp.session_app import app_factory  # noqa: PLC0415
    try:
        if chosen.tcp is not None:
            return lsp.serve_tcp(lsp.create_server(app_factory), chosen.host, chosen.tcp)
        if chosen.ws is not None:
            return lsp.serve_ws(lsp.create_server(app_factory), chosen.host, chosen.ws)
    except (ValueError, ImportError, OSError) as error:
        parser.error(str(error))
    return lsp.serve_stdio(lsp.create_server(app_factory))

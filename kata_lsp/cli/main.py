"""Owns the entry point `kata-lsp` and nothing else.

Must not import the terminal toolkit for `serve`: an editor waits for that one to start.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:
        from kata_lsp.cli.serve import serve  # noqa: PLC0415 - see the module docstring

        raise SystemExit(serve(sys.argv[2:]))
    from kata_lsp.cli.commands import cli  # noqa: PLC0415 - see the module docstring

    cli()


if __name__ == "__main__":
    main()

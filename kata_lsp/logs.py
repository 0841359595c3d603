"""Owns logging: one stderr handler (and an optional rotating file) whose lines carry no secrets.

Must not know what it logs; callers keep prompts, payloads and document text below INFO.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
from pathlib import Path
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error")
"""The values the `logLevel` setting accepts."""

_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MASK: Final = "[redacted]"
_NOISY: Final = (
    "anthropic",
    "asyncio",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "markdown_it",
    "openai",
)
_SECRET: Final = re.compile(
    r"""
    \bsk-[A-Za-z0-9_-]{8,}                       # Anthropic and OpenAI keys
    | \b(?:gh[pousr]|github_pat)_\w{16,}         # GitHub tokens
    | (?<=[Bb]earer\ )[\w.~+/=-]{8,}             # Authorization headers
    | (?i:(?<=api[-_]key["':=\ ])["'=:\ ]*[\w.~+/=-]{8,})
    """,
    re.VERBOSE,
)


class RedactingFormatter(logging.Formatter):
    """Masks anything shaped like a credential, whatever a library chose to log."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record, then mask it, so that arguments and exceptions are covered."""
        return _SECRET.sub(_MASK, super().format(record))


def configure(level: str = "warning", file: Path | None = None) -> None:
    """Route every logger to stderr, and to `file` when given (2 MiB, 3 kept).

    Stdout stays free: it carries the protocol. Calling it again replaces the earlier handlers.

    Args:
        level: One of `LEVELS`.
        file: A log file of the user's choosing; its folder is created.

    Raises:
        ValueError: `level` is not one of `LEVELS`.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is not one of {', '.join(LEVELS)}")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                file, maxBytes=2 * 1024 * 1024, backupCount=3, encoding="utf-8"
            )
        )
    for handler in handlers:
        handler.setFormatter(RedactingFormatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    # Libraries that log headers, or every step of theirs, below WARNING.
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)

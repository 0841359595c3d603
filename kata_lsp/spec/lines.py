"""Owns what a line is: the three line endings of the Language Server Protocol and nothing else.

It must not know Markdown. `str.splitlines` is no help: it also cuts at form feeds and the like.
"""

from __future__ import annotations

import re
from typing import NamedTuple

BOM = "\ufeff"

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_ENDING = re.compile(r"\r\n|\r|\n")


class Line(NamedTuple):
    """One line of a text, as offsets."""

    start: int
    end: int
    """Before the line ending."""
    next: int
    """After it."""


def lines_of(text: str, start: int, end: int) -> list[Line]:
    """Return the lines of ``text[start:end]``; nothing after the last line ending is no line."""
    lines = [Line(m.start(), m.end(1), m.end()) for m in _LINE.finditer(text, start, end)]
    while lines and lines[-1].start == lines[-1].next:
        lines.pop()
    return lines


def newline_of(text: str) -> str:
    """Return the first line ending of ``text``, a line feed where it has none."""
    match = _ENDING.search(text)
    return match[0] if match else "\n"


def with_newlines(text: str, newline: str) -> str:
    """Return ``text`` with every line ending replaced by ``newline``."""
    return _ENDING.sub(newline, text)


def after_line_ending(text: str, offset: int) -> int:
    """Return the offset after the line ending at ``offset``, or ``offset`` where there is none."""
    match = _ENDING.match(text, offset)
    return match.end() if match else offset


def blank_before(text: str, offset: int) -> bool:
    """Tell whether the line before the one that begins at ``offset`` is blank."""
    at = offset - (2 if text.startswith("\r\n", offset - 2) else 1)
    while at > 0 and text[at - 1] in " \t":
        at -= 1
    return at == 0 or text[at - 1] in "\r\n"

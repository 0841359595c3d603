"""Editing text by LSP positions, written independently of the server's own conversion."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODEC = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


def offset_of(text: str, position: dict[str, int], encoding: str) -> int:
    """Return the code point offset of a position that must exist in the text."""
    ends = [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]
    starts = [0, *ends]
    start = starts[position["line"]]
    rest = re.split(r"\r\n|\n|\r", text[start:], maxsplit=1)[0].encode(_CODEC[encoding])
    size = position["character"] * _WIDTH[encoding]
    assert size <= len(rest), f"{position} is beyond the end of its line"
    return start + len(rest[:size].decode(_CODEC[encoding]))


def position_of(text: str, offset: int, encoding: str) -> dict[str, int]:
    """Return the position of a code point offset."""
    before = text[:offset]
    lines = re.split(r"\r\n|\n|\r", before)
    units = len(lines[-1].encode(_CODEC[encoding])) // _WIDTH[encoding]
    return {"line": len(lines) - 1, "character": units}


def edited(text: str, edits: Iterable[dict[str, Any]], encoding: str) -> str:
    """Return the text with all edits made at once."""
    placed = [
        (
            offset_of(text, edit["range"]["start"], encoding),
            offset_of(text, edit["range"]["end"], encoding),
            edit["newText"],
        )
        for edit in edits
    ]
    for start, end, new in sorted(placed, key=lambda each: each[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text

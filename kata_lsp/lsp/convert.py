"""Owns the conversions at the border: offsets to LSP positions, URIs to paths, and back.

Must not know documents, runs or the client; encodings and texts are passed in.
"""

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, urlsplit

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""What a position's `character` counts: bytes, 16-bit units or code points."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_DRIVE = re.compile(r"/[A-Za-z]:")
_ASTRAL = 0x10000
_WINDOWS = sys.platform == "win32"


class Position(NamedTuple):
    """A place in a text as LSP counts it: from zero, `character` in units of the encoding."""

    line: int
    character: int


@dataclass(frozen=True)
class Lines:
    r"""A text with its line starts. Lines end at \n, \r\n or \r, and at nothing else (LSP 3.17).

    Offsets are code points (a lone surrogate counts as one). Anything out of range is moved to
    the nearest place that exists, as LSP asks: a client may be a version ahead of us.
    """

    text: str

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset at which each line begins; never empty."""
        if "\r" not in self.text:
            # Thrice as fast, and asked for with every keystroke.
            lengths = [len(line) + 1 for line in self.text.split("\n")]
            lengths.pop()
            return tuple(accumulate(lengths, initial=0))
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    def line_at(self, offset: int) -> int:
        """Return the zero-based line that holds `offset`."""
        return bisect_right(self.starts, max(offset, 0)) - 1

    def span(self, line: int) -> tuple[int, int]:
        """Return where the content of an existing line begins and ends, without its end mark."""
        start = self.starts[line]
        if line + 1 == len(self.starts):
            return start, len(self.text)
        end = self.starts[line + 1] - 1
        if end > start and self.text[end] == "\n" and self.text[end - 1] == "\r":
            end -= 1
        return start, end

    def position(self, offset: int, encoding: Encoding) -> Position:
        """Return the LSP position of a code point offset."""
        line = self.line_at(min(offset, len(self.text)))
        start, end = self.span(line)
        return Position(line, units(self.text[start : max(start, min(offset, end))], encoding))

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """Return the code point offset of an LSP position.

        A position inside a character (the second half of a surrogate pair) is moved before it.
        """
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.text)
        start, end = self.span(line)
        return start + _code_points(self.text[start:end], character, encoding)


def units(text: str, encoding: Encoding) -> int:
    """Return how many units of `encoding` the text takes."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(ord(char) >= _ASTRAL for char in text)


def _code_points(line: str, wanted: int, encoding: Encoding) -> int:
    if wanted <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(wanted, len(line))
    used = 0
    for index, char in enumerate(line):
        used += units(char, encoding)
        if used > wanted:
            return index
    return len(line)


def path_to_uri(path: str | Path, *, windows: bool = _WINDOWS) -> str:
    """Return the `file:` URI of an absolute path, percent-encoded as RFC 3986 asks."""
    posix = os.fspath(path)
    if windows:
        posix = posix.replace("\\", "/")
        if posix.startswith("//"):  # a UNC path: the host is the authority
            return "file:" + quote(posix, safe="/")
        if not posix.startswith("/"):
            return "file:///" + quote(posix, safe="/:")
    return "file://" + quote(posix, safe="/")


def uri_to_path(uri: str, *, windows: bool = _WINDOWS) -> str | None:
    """Return the absolute path a `file:` URI names, or None when it names none.

    On Windows `file:///c%3A/x` and `file:///C:/x` are the same file, so the drive letter comes
    back in lower case, as most clients spell it.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme.lower() != "file":
        return None
    # A `?` or `#` that a client forgot to encode is still part of the name.
    rest = uri[len("file:") :]
    if rest.startswith("//"):
        rest = rest[2 + len(parts.netloc) :]
    path = unquote(rest)
    if "\0" in path or not path.startswith("/"):
        return None
    if not windows:
        return path
    if parts.netloc and parts.netloc.lower() != "localhost":
        path = f"//{unquote(parts.netloc)}{path}"
    elif _DRIVE.match(path):
        path = path[1].lower() + path[2:]
    return path.replace("/", "\\")


def canonical(path: str) -> str:
    """Return the one spelling of a path that two names of the same file share."""
    return os.path.realpath(path)

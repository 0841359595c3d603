"""Owns the base protocol's framing: bytes to message bodies, whatever the bytes are.

Pure, no IO; must not know JSON-RPC. Source: LSP 3.18, "Base Protocol".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes of one message; a longer one is skipped and answered with an error."""
MAX_SKIP: Final = 1024 * 1024 * 1024
"""Bytes we are ready to skip; a length beyond it cannot be true and ends the connection."""
_MAX_LINE: Final = 64 * 1024
_LENGTH: Final = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(rb"^[A-Za-z][A-Za-z0-9-]*[ \t]*:")
_NAME: Final = b"content-length"
_SLIPPED: Final = re.compile(
    # A whole header line, or the beginning of one at the very end.
    rb"content-length[ \t]*:[ \t]*\d{1,18}[ \t]*\r?\n|content-length[ \t]*(:[ \t]*\d*[ \t]*\r?)?$|("
    + b"|".join(_NAME[:size] for size in range(len(_NAME) - 1, 0, -1))
    + rb")$",
    re.IGNORECASE,
)
_HTTP: Final = re.compile(rb"^[A-Z]+ \S+ HTTP/\d")


class FramingError(Exception):
    """The stream cannot be followed any further; the connection has to end."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that were skipped because no message could be made of them."""

    reason: str


def frame(body: bytes) -> bytes:
    """Put the header before a message body."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def split_slip(body: bytes) -> tuple[bytes, bytes] | None:
    """Split a body that swallowed the next message's header, because its length was too large.

    JSON cannot hold a raw line break inside a string, so a header line in a body that is not JSON
    can only be the next message's. It may be cut where the body ends.
    """
    found = _SLIPPED.search(body)
    return None if found is None else (body[: found.start()], body[found.start() :])


class FrameReader:
    """Finds message bodies in a byte stream and recovers from what is not one.

    Header names in any case, bare LF, blanks and any order are accepted; header lines that are
    unknown are ignored. Holds at most `MAX_BODY` plus one read.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._in_body = False
        self._skip = 0
        self._garbage = ""

    def feed(self, data: bytes) -> Iterator[bytes | Garbled]:
        """Yield the bodies completed by `data`.

        Raises:
            FramingError: The declared length is absurd, or the peer speaks HTTP.
        """
        self._buffer += data
        while True:
            if self._skip:
                self._drop()
            if self._skip or not (self._in_body or self._at_body()):
                break
            if self._garbage:
                yield Garbled(self._garbage)
                self._garbage = ""
            if self._in_body:
                if len(self._buffer) < (self._length or 0):
                    break
                yield self._take()

    def push_back(self, data: bytes) -> None:
        """Read `data` before anything else; for the rest that `split_slip` found."""
        self._buffer[:0] = data

    def _drop(self) -> None:
        dropped = min(self._skip, len(self._buffer))
        del self._buffer[:dropped]
        self._skip -= dropped

    def _take(self) -> bytes:
        length = self._length or 0
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._length, self._in_body = None, False
        return body

    def _at_body(self) -> bool:
        """Consume header lines; whether a body begins or there is something to report."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if line.strip():
                self._header(line)
            elif self._ends_header() or self._garbage:
                return True
        if len(self._buffer) > _MAX_LINE:
            # No header is this long. A real one may follow on the same line, so keep its tail.
            del self._buffer[:-256]
            self._garbage = "a header line without end"
        return False

    def _header(self, line: bytes) -> None:
        if found := _LENGTH.search(line):
            self._length = int(found[1])
            if self._length > MAX_SKIP:
                raise FramingError(
                    f"a message of {self._length} bytes was announced; the limit is {MAX_BODY}"
                )
        elif _HTTP.match(line):
            # A web page can post to a loopback port; its request must never run a command.
            raise FramingError("the peer speaks HTTP, not LSP")
        elif self._length is None:
            named = _HEADER_NAME.match(line)
            what = "a header block without a usable Content-Length" if named else "text"
            self._garbage = f"{what} where a header was expected"

    def _ends_header(self) -> bool:
        if self._length is None:
            return False
        self._garbage = ""
        if self._length > MAX_BODY:
            self._garbage = f"a message of {self._length} bytes; the limit is {MAX_BODY}"
            self._skip, self._length = self._length, None
            return True
        self._in_body = True
        return True

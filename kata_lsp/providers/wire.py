"""Owns the bytes of an answer: server-sent events and JSON bodies, cut out within fixed bounds.

Must not know any vendor, SDK or HTTP client; it is fed chunks of bytes and gives bytes or objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import Any, Final, cast

import orjson

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
"""One server-sent event. The last one of a Responses stream repeats the whole answer."""
MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""A JSON answer that did not come as a stream."""

_END: Final = b"\n\n"
_DATA: Final = b"data:"


class UnreadableReplyError(Exception):
    """What arrived is not what the API promises; the message is ours and quotes nothing of it."""


class SseDecoder:
    """Cuts a byte stream into the `data` of its server-sent events.

    Event names, ids, comments and retry times are dropped: the APIs we speak repeat what
    matters inside the data. Source of the format: WHATWG HTML, "Server-sent events", 9.2.6.

    Args:
        max_event_bytes: An event larger than this is refused.
    """

    __slots__ = ("_buffer", "_max", "_started")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._buffer = bytearray()
        self._max = max_event_bytes
        self._started = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of every event that `chunk` completes, in order.

        Raises:
            UnreadableReplyError: An event is larger than the bound.
        """
        if not self._started:
            chunk = self._without_mark(chunk)
        buffer = self._buffer
        if not buffer and chunk.endswith(_END) and b"\r" not in chunk:
            blocks = chunk.split(_END)
        else:
            seen = len(buffer)
            buffer += chunk
            if b"\r" in chunk or (seen and buffer[seen - 1] == _CR):
                _unify_line_ends(buffer)
                seen = 0
            end = buffer.rfind(_END, max(0, seen - 1))
            if end < 0:
                self._check(len(buffer))
                return []
            blocks = bytes(buffer[:end]).split(_END)
            del buffer[: end + 2]
        return [data for block in blocks if block and (data := self._data(block)) is not None]

    def flush(self) -> bytes | None:
        """Return the data of a last event that lacks only its blank line, if there is one."""
        block = bytes(self._buffer).replace(b"\r", b"\n").strip(b"\n")
        self._buffer.clear()
        return self._data(block) if block else None

    def _without_mark(self, chunk: bytes) -> bytes:
        self._started = bool(chunk)
        return chunk.removeprefix(b"\xef\xbb\xbf")

    def _check(self, size: int) -> None:
        if size > self._max:
            raise UnreadableReplyError(f"an event is larger than {self._max} bytes")

    def _data(self, block: bytes) -> bytes | None:
        self._check(len(block))
        found: bytes | None = None
        for line in block.split(b"\n"):
            if line.startswith(_DATA):
                piece = line[6:] if line[5:6] == b" " else line[5:]
                found = piece if found is None else found + b"\n" + piece
            elif line == b"data":
                found = b"" if found is None else found + b"\n"
        return found


_CR: Final = 0x0D


def _unify_line_ends(buffer: bytearray) -> None:
    # A CR at the very end may be half of a CRLF: it stays until the next chunk tells.
    held = buffer.endswith(b"\r")
    if held:
        del buffer[-1]
    buffer[:] = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        buffer += b"\r"


def decode_object(data: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object that `data` holds.

    Raises:
        UnreadableReplyError: It is not JSON, not UTF-8, or not an object.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableReplyError("it is not valid JSON") from error
    if type(value) is not dict:
        raise UnreadableReplyError("it is JSON, but not an object")
    return cast("dict[str, Any]", value)


def mapping(value: object) -> dict[str, Any]:
    """Return `value` if it is a JSON object, else an empty one: for fields that may be null."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def count(value: object) -> int | None:
    """Return `value` if it is a number of tokens, else None: servers count in odd ways."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


async def read_object(
    chunks: AsyncIterable[bytes], max_bytes: int = MAX_BODY_BYTES
) -> dict[str, Any]:
    """Read a whole body and return the JSON object it holds.

    Raises:
        UnreadableReplyError: The body is too large, empty, or not a JSON object.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise UnreadableReplyError(f"it is larger than {max_bytes} bytes")
    if not body.strip():
        raise UnreadableReplyError("it is empty")
    return decode_object(body)


def encode(value: Mapping[str, Any]) -> bytes:
    """Return `value` as JSON bytes.

    Raises:
        ValueError: It holds text that is no Unicode (a lone surrogate).
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise ValueError("it holds text that is not valid Unicode") from error


def decode_arguments(text: str) -> dict[str, Any]:
    """Return the arguments of a tool call; no text at all means no arguments.

    Raises:
        UnreadableReplyError: The text is not a JSON object.
    """
    return decode_object(text.encode("utf-8", "replace")) if text.strip() else {}

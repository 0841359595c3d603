"""HTTP/1.1 as bytes: an incremental request parser and exact response framing.

Knows nothing about sockets or about what a request asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

LAST_CHUNK = b"0\r\n\r\n"
MAX_HEAD = 256 * 1024


class BadRequestBytes(Exception):  # noqa: N818 - names what arrived, not what we did
    """The bytes are not an HTTP/1.1 request."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The request line and headers (names in lower case)."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A complete request."""

    head: RequestHead
    body: bytes


class RequestParser:
    """Cuts a byte stream into requests; keeps what is incomplete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: RequestHead | None = None
        self._chunked_body = bytearray()
        self.continue_due = False

    def feed(self, data: bytes) -> Iterator[Request]:
        """Yield every request that `data` completes.

        Raises:
            BadRequestBytes: When the stream is not HTTP/1.1.
        """
        self._buffer += data
        while True:
            if self._head is None and not self._take_head():
                return
            body = self._take_body()
            if body is None:
                return
            head, self._head = self._head, None
            assert head is not None
            yield Request(head, body)

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequestBytes("request head too large")
            return False
        self._head = _parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        self.continue_due = self._head.headers.get("expect", "").lower() == "100-continue"
        return True

    def _take_body(self) -> bytes | None:
        assert self._head is not None
        if "chunked" in self._head.headers.get("transfer-encoding", "").lower():
            return self._take_chunked()
        length = self._head.headers.get("content-length", "0")
        if not length.isdigit():
            raise BadRequestBytes(f"content-length {length!r}")
        if len(self._buffer) < int(length):
            return None
        body = bytes(self._buffer[: int(length)])
        del self._buffer[: int(length)]
        return body

    def _take_chunked(self) -> bytes | None:
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return None
            try:
                size = int(bytes(self._buffer[:line_end]).split(b";")[0], 16)
            except ValueError as error:
                raise BadRequestBytes("chunk size") from error
            if len(self._buffer) < line_end + 2 + size + 2:
                return None
            self._chunked_body += self._buffer[line_end + 2 : line_end + 2 + size]
            del self._buffer[: line_end + 2 + size + 2]
            if size == 0:
                body = bytes(self._chunked_body)
                self._chunked_body.clear()
                return body


def _parse_head(raw: bytes) -> RequestHead:
    lines = raw.decode("latin-1").split("\r\n")
    try:
        method, target, version = lines[0].split(" ")
    except ValueError as error:
        raise BadRequestBytes(f"request line {lines[0]!r}") from error
    if version != "HTTP/1.1":
        raise BadRequestBytes(f"version {version!r}")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestBytes(f"header line {line!r}")
        headers[name.strip().lower()] = value.strip()
    return RequestHead(method, target, headers)


def response_head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and headers, ended by the blank line."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def response(
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A whole answer with a true Content-Length; `headers` may override any of its own."""
    own = {"content-type": content_type}
    if "transfer-encoding" not in (headers or {}):
        own["content-length"] = str(len(body))
    return response_head(status, {**own, **(headers or {})}) + body


def stream_head(headers: Mapping[str, str] | None = None, *, status: int = 200) -> bytes:
    """The head of a server-sent event stream with a chunked body."""
    own = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "transfer-encoding": "chunked",
    }
    return response_head(status, {**own, **(headers or {})})


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)

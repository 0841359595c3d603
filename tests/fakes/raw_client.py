"""A client that shows an answer byte for byte and says how it ended.

Independent of every HTTP library and of the server's own framing code.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from fakes.steps import CANARY, Surface

Ending: TypeAlias = Literal["complete", "closed", "reset", "open"]
PATHS: Mapping[Surface, str] = {
    "anthropic": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back.

    Attributes:
        head: Status line and headers as received, without the blank line.
        body: What followed, chunk frames removed as far as they were right.
        ending: Complete by its own framing; closed or reset before that; or still open when we
            hung up, because of silence or of `limit`.
    """

    head: bytes
    body: bytes
    ending: Ending

    @property
    def status(self) -> int:
        """The status code; 0 when there was no HTTP head."""
        words = self.head.split(b" ")
        return int(words[1]) if self.head.startswith(b"HTTP/1.1 ") else 0

    @property
    def headers(self) -> dict[str, str]:
        """Headers, names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}


def generation(
    surface: Surface, *, stream: bool = False, prompt: str = "Add a counter", **more: Any
) -> dict[str, Any]:
    """A request body that the API accepts."""
    turns = [{"role": "user", "content": prompt}]
    body: dict[str, Any] = {"model": "model-x", "stream": stream}
    match surface:
        case "anthropic":
            body |= {"max_tokens": 1000, "messages": turns}
        case "chat":
            body |= {"messages": turns}
        case "responses":
            body |= {"input": turns}
    return body | more


def request_bytes(surface: Surface, body: Mapping[str, Any], *, host: str = "127.0.0.1") -> bytes:
    """A request as an SDK would send it."""
    data = json.dumps(body).encode()
    auth = f"x-api-key: {CANARY}" if surface == "anthropic" else f"authorization: Bearer {CANARY}"
    version = "anthropic-version: 2023-06-01\r\n" if surface == "anthropic" else ""
    head = (
        f"POST {PATHS[surface]} HTTP/1.1\r\nhost: {host}\r\n{auth}\r\n{version}"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


async def exchange(
    url: str,
    surface: Surface,
    body: Mapping[str, Any],
    *,
    limit: int = 1_000_000,
    quiet: float = 20.0,
) -> RawAnswer:
    """Send one request on a connection of its own and read what comes.

    Args:
        url: The server's.
        surface: Which API to speak.
        body: The request body.
        limit: Bytes after which we hang up.
        quiet: Seconds of silence after which we hang up.
    """
    host = urlsplit(url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(request_bytes(surface, body, host=host.netloc))
    received = bytearray()
    try:
        ending = await _read(reader, received, limit, quiet)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    head, _, rest = bytes(received).partition(b"\r\n\r\n")
    return RawAnswer(head, _unframed(head, rest), ending)


async def _read(
    reader: asyncio.StreamReader, received: bytearray, limit: int, quiet: float
) -> Ending:
    while len(received) < limit:
        try:
            data = await asyncio.wait_for(reader.read(65536), quiet)
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "open"
        if not data:
            return "closed"
        received += data
        if _complete(bytes(received)):
            return "complete"
    return "open"


def _complete(received: bytes) -> bool:
    head, blank, rest = received.partition(b"\r\n\r\n")
    if not blank or not head.startswith(b"HTTP/1.1 "):
        return False
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return rest.endswith(b"0\r\n\r\n")
    length = lowered.partition(b"content-length: ")[2].split(b"\r\n")[0]
    return len(rest) >= int(length or b"0")


def _unframed(head: bytes, rest: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    body = bytearray()
    while rest:
        size_line, _, rest = rest.partition(b"\r\n")
        try:
            size = int(size_line, 16)
        except ValueError:
            return bytes(body) + size_line + rest
        body += rest[:size]
        rest = rest[size + 2 :]
    return bytes(body)


def streamed_text(surface: Surface, body: bytes) -> str:
    """The text in a body of server-sent events, read by the SSE standard; odd ones are skipped."""
    text = ""
    for data in event_data(body):
        try:
            event = json.loads(data)
            match surface:
                case "anthropic":
                    text += event["delta"]["text"]
                case "chat":
                    text += event["choices"][0]["delta"]["content"]
                case "responses" if event["type"] == "response.output_text.delta":
                    text += event["delta"]
                case _:
                    pass
        except (ValueError, KeyError, TypeError, IndexError):
            continue
    return text


def event_data(body: bytes) -> list[str]:
    """The `data` of every complete event."""
    lines = body.decode("utf-8", "replace").removeprefix("\ufeff")
    events: list[str] = []
    data: list[str] = []
    for line in lines.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name, _, value = line.partition(":")
        if not line and data:
            events.append("\n".join(data))
            data = []
        elif name == "data":
            data.append(value.removeprefix(" "))
    return events

"""Answers that go wrong: at the socket, in the framing, in the body, in the order of events.

Composable behaviours; what a client must make of each is written in `faults`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fakes import http1
from fakes.behaviours import answer, api_headers, body, parts
from fakes.reply import Part, Reply
from fakes.steps import Close, Hang, Pause, Recorded, Send, Step
from fakes.stream_events import Event, before

PARTIAL_REPLY = Reply(text="one two three four five six seven eight")
PARTIAL_DELTAS = 3
PARTIAL_TEXT = "one two three"


@dataclass(frozen=True, slots=True)
class Wire:
    """Exactly these steps and no HTTP of our own: close, reset, hang or talk nonsense."""

    script: tuple[Step, ...]

    def steps(self, request: Recorded) -> Iterable[Step]:
        """See `Behaviour`."""
        return self.script


@dataclass(frozen=True, slots=True)
class Body:
    """This body under this status; `headers` may contradict it."""

    data: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    then: tuple[Step, ...] = ()

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        extra = {**api_headers(request), **self.headers}
        yield Send(
            http1.response(self.status, self.data, content_type=self.content_type, headers=extra)
        )
        yield from self.then


@dataclass(frozen=True, slots=True)
class SlowHead:
    """A correct head, a byte at a time, that never ends."""

    every: float = 0.05

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        for byte in http1.response_head(200, api_headers(request))[:-2]:
            yield Send(bytes([byte]))
            yield Pause(self.every)
        while True:
            yield Send(b"x")
            yield Pause(self.every)


@dataclass(frozen=True, slots=True)
class Forever:
    """The same event again and again, until the client hangs up."""

    event: Event
    every: float = 0.005


@dataclass(frozen=True, slots=True)
class Broken:
    """A stream that is right until `after` text deltas, then does what `then` says.

    A plain request gets half of the body and then the steps of `then`, without its events.
    """

    then: tuple[Step | Event | Forever, ...]
    after: int = PARTIAL_DELTAS
    reply: Reply = PARTIAL_REPLY

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        if not request.stream:
            yield from self._half_body(request)
            return
        yield Send(http1.stream_head(api_headers(request)))
        for part in before(self.after, parts(self.reply, request)):
            yield Send(http1.chunk(part.data))
        for item in self.then:
            if isinstance(item, Forever):
                while True:
                    yield Send(http1.chunk(item.event(request)))
                    yield Pause(item.every)
            elif callable(item):
                yield Send(http1.chunk(item(request)))
            else:
                yield item

    def _half_body(self, request: Recorded) -> Iterator[Step]:
        data = json.dumps(body(self.reply, request)).encode()
        whole = http1.response(200, data, headers=api_headers(request))
        yield Send(whole[: -len(data) // 2])
        yield from (item for item in self.then if not isinstance(item, Forever | Callable))


@dataclass(frozen=True, slots=True)
class Altered:
    """A stream with its events changed; a plain answer stays right."""

    alter: Callable[[list[Part], Recorded], list[Part]]
    reply: Reply = field(default_factory=Reply)

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        if not request.stream:
            yield from answer(self.reply, request)
            return
        yield Send(http1.stream_head(api_headers(request)))
        for part in self.alter(list(parts(self.reply, request)), request):
            yield Send(http1.chunk(part.data))
        yield Send(http1.LAST_CHUNK)


@dataclass(frozen=True, slots=True)
class Resliced:
    """A right stream whose bytes are cut anywhere and whose SSE is legal but unusual."""

    size: int = 7
    rewrite: Callable[[bytes], bytes] = bytes
    reply: Reply = field(default_factory=Reply)

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        if not request.stream:
            yield from answer(self.reply, request)
            return
        data = self.rewrite(b"".join(part.data for part in parts(self.reply, request)))
        yield Send(http1.stream_head(api_headers(request)))
        for start in range(0, len(data), self.size):
            yield Send(http1.chunk(data[start : start + self.size]))
        yield Send(http1.LAST_CHUNK)


@dataclass(frozen=True, slots=True)
class Swapped:
    """A stream where JSON was asked for, JSON where a stream was asked for."""

    reply: Reply = field(default_factory=Reply)

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        if request.stream:
            data = json.dumps(body(self.reply, request)).encode()
            yield Send(http1.response(200, data, headers=api_headers(request)))
            return
        data = b"".join(part.data for part in parts(self.reply, request))
        kind = "text/event-stream"
        yield Send(http1.response(200, data, content_type=kind, headers=api_headers(request)))


@dataclass(frozen=True, slots=True)
class TooShort:
    """A Content-Length longer than the body, then `then`; a stream lacks its end, too."""

    then: Step = field(default_factory=Close)
    missing: int = 100

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        if request.stream:
            sent = before(PARTIAL_DELTAS, parts(PARTIAL_REPLY, request))
            data, kind = b"".join(part.data for part in sent), "text/event-stream"
        else:
            data, kind = json.dumps(body(PARTIAL_REPLY, request)).encode(), "application/json"
        claim = {"content-length": str(len(data) + self.missing)}
        headers = {**api_headers(request), **claim}
        yield Send(http1.response(200, data, content_type=kind, headers=headers))
        yield self.then


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to another route here; another origin is this server by its other name."""

    status: int = 307
    other_origin: bool = False

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        host = "localhost" if self.other_origin else "127.0.0.1"
        port = request.headers.get("host", "").rpartition(":")[2]
        location = f"http://{host}:{port}/elsewhere{request.path}"
        headers = {**api_headers(request), "location": location}
        yield Send(http1.response(self.status, b"", content_type="text/plain", headers=headers))


@dataclass(frozen=True, slots=True)
class Endless:
    """Text without end: deltas in a stream, one JSON string in a plain answer."""

    piece: str = "and on and on " * 64

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        yield from self._opening(request)
        text = next(p for p in parts(Reply(self.piece, chunks=1), request) if p.kind == "text")
        again = http1.chunk(text.data if request.stream else self.piece.encode() * 64)
        while True:
            yield Send(again)

    def _opening(self, request: Recorded) -> Iterator[Step]:
        if request.stream:
            yield Send(http1.stream_head(api_headers(request)))
            for part in before(1, parts(Reply(self.piece, chunks=1), request)):
                yield Send(http1.chunk(part.data))
            return
        marker = "MARKER"
        opening = json.dumps(body(Reply(marker), request)).encode().partition(marker.encode())[0]
        yield Send(http1.stream_head({**api_headers(request), "content-type": "application/json"}))
        yield Send(http1.chunk(opening))


HANG = Wire((Hang(),))

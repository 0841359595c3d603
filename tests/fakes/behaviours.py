"""Correct answers as steps: a reply on any API, a draft for any prompt, pre-encoded bytes, errors.

Knows how an answer is framed; knows nothing about sockets, nor about answering wrongly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, TypeAlias

from fakes import http1, wire_anthropic, wire_chat, wire_responses
from fakes.api_errors import API_ERRORS, error_body
from fakes.drafts import spec_draft
from fakes.reply import Part, Reply, Usage
from fakes.steps import Behaviour, Gate, Hold, Pause, Recorded, Send, Step, Surface

AnyBehaviour: TypeAlias = Reply | Behaviour
_WIRES: Mapping[Surface, Any] = {
    "anthropic": wire_anthropic,
    "chat": wire_chat,
    "responses": wire_responses,
}


def steps(behaviour: AnyBehaviour, request: Recorded) -> Iterable[Step]:
    """The steps of any behaviour, `Reply` included."""
    if isinstance(behaviour, Reply):
        return answer(behaviour, request)
    return behaviour.steps(request)


def answer(reply: Reply, request: Recorded) -> Iterator[Step]:
    """A correct answer, streamed when the request asks for a stream."""
    if not request.stream:
        for gate in reply.gates.values():
            yield Hold(gate)
        if reply.delay:
            yield Pause(reply.delay * len(reply.deltas))
        yield Send(json_answer(body(reply, request), request, headers=reply.headers))
        return
    yield Send(http1.stream_head({**api_headers(request), **reply.headers}))
    yield from paced(
        ((part.kind == "text", http1.chunk(part.data)) for part in parts(reply, request)),
        reply,
    )
    yield Send(http1.LAST_CHUNK)


def paced(events: Iterable[tuple[bool, bytes]], reply: Reply) -> Iterator[Step]:
    """Send events in bursts; `True` marks a text delta, before which gates and delays apply."""
    pending: list[bytes] = []
    deltas = 0
    for is_text, data in events:
        if is_text:
            waits: list[Step] = [Hold(reply.gates[deltas])] if deltas in reply.gates else []
            if reply.delay and deltas:
                waits.append(Pause(reply.delay))
            if waits and pending:
                yield Send(b"".join(pending))
                pending.clear()
            yield from waits
            deltas += 1
        pending.append(data)
        if len(pending) >= reply.burst:
            yield Send(b"".join(pending))
            pending.clear()
    if pending:
        yield Send(b"".join(pending))


def body(reply: Reply, request: Recorded) -> Any:
    """The JSON of a plain answer."""
    return _WIRES[request.surface].body(reply, request)


def parts(reply: Reply, request: Recorded) -> Iterator[Part]:
    """The events of a streamed answer."""
    return _WIRES[request.surface].parts(reply, request)


def api_headers(request: Recorded) -> dict[str, str]:
    """The headers that the API adds to every answer."""
    return (wire_anthropic if request.surface == "anthropic" else wire_chat).headers(request)


def json_answer(
    payload: Any,
    request: Recorded,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A whole JSON answer with the API's own headers."""
    data = json.dumps(payload, ensure_ascii=False).encode()
    return http1.response(status, data, headers={**api_headers(request), **(headers or {})})


@dataclass(frozen=True, slots=True)
class DraftReply:
    """Answers any request with a complete spec draft about its last user text."""

    chunks: int = 40
    delay: float = 0.0
    thinking: str = ""
    usage: Usage | None = field(default_factory=lambda: Usage(input_tokens=1200))
    gates: Mapping[int, Gate] = field(default_factory=dict)

    def steps(self, request: Recorded) -> Iterable[Step]:
        """See `Behaviour`."""
        reply = Reply(
            text=spec_draft(request.last_user_text),
            chunks=self.chunks,
            delay=self.delay,
            thinking=self.thinking,
            usage=self.usage,
            gates=self.gates,
        )
        return answer(reply, request)


@dataclass(frozen=True, slots=True)
class Canned:
    """A streamed answer encoded beforehand, for benchmarks; it ignores what was asked.

    Attributes:
        events: Whether it is a text delta, and the bytes of the event with its chunk frame.
    """

    events: tuple[tuple[bool, bytes], ...]
    pace: Reply

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        yield Send(http1.stream_head(api_headers(request)))
        yield from paced(self.events, self.pace)
        yield Send(http1.LAST_CHUNK)


def canned(reply: Reply, surface: Surface, model: str = "canned") -> Canned:
    """Encode a streamed `reply` once for many requests; its pace and bursts stay."""
    request = Recorded(
        number=0,
        method="POST",
        path="",
        query={},
        headers={},
        raw_body=b"",
        body={"stream": True, "model": model, "stream_options": {"include_usage": True}},
        surface=surface,
        operation="generate",
        started_at=0.0,
    )
    events = [(part.kind == "text", http1.chunk(part.data)) for part in parts(reply, request)]
    return Canned(tuple(events), reply)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """When to come back, in one of the three forms that providers use."""

    seconds: float
    form: Literal["seconds", "ms", "date"] = "seconds"

    def header(self) -> dict[str, str]:
        """The header, counted from now; a date is rounded up to the next whole second."""
        match self.form:
            case "seconds":
                return {"retry-after": f"{self.seconds:g}"}
            case "ms":
                return {"retry-after-ms": f"{self.seconds * 1000:g}"}
            case "date":
                due = datetime.now(UTC) + timedelta(seconds=self.seconds + 0.999)  # noqa: TID251 - a real server's clock
                return {"retry-after": format_datetime(due, usegmt=True)}


@dataclass(frozen=True, slots=True)
class Refuse:
    """An error answer in the words of the API that was asked (names in `API_ERRORS`)."""

    error: str
    status: int = 0
    retry_after: RetryAfter | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def steps(self, request: Recorded) -> Iterator[Step]:
        """See `Behaviour`."""
        status = self.status or API_ERRORS[self.error].words(request).status
        extra = {**(self.retry_after.header() if self.retry_after else {}), **self.headers}
        payload = error_body(self.error, request)
        yield Send(json_answer(payload, request, status=status, headers=extra))

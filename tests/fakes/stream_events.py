"""Single events inside a stream that are wrong, odd or empty, and where to cut a right stream.

Knows the wire formats; knows nothing about what follows an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from fakes import wire_anthropic, wire_chat, wire_responses
from fakes.api_errors import API_ERRORS, error_body
from fakes.behaviours import parts
from fakes.reply import Part, Reply
from fakes.steps import Recorded

Event: TypeAlias = Callable[[Recorded], bytes]
"""The bytes of one event, in the words of the API that was asked."""


def before(deltas: int, stream: Iterable[Part]) -> Iterator[Part]:
    """The parts up to and including text delta number `deltas`; with 0, what precedes the first."""
    seen = 0
    for part in stream:
        if part.kind == "text":
            if seen == deltas:
                return
            seen += 1
        yield part
        if seen == deltas and part.kind == "text":
            return


def stream_error(name: str) -> Event:
    """The error `name` as an event inside a stream."""

    def event(request: Recorded) -> bytes:
        words = API_ERRORS[name].words(request)
        message = words.message.format(key=request.key, model=request.model)
        match request.surface:
            case "anthropic":
                return wire_anthropic.event("error", error_body(name, request))
            case "chat":
                return wire_chat.error_event(words.type, message, words.code)
            case "responses":
                return wire_responses.error_event(message, words.code or words.type)

    return event


def response_failed(code: str, message: str = "The response failed.") -> Event:
    """`response.failed` of the Responses API."""
    return lambda request: wire_responses.failed_event(code, message, request)


def ping(request: Recorded) -> bytes:
    """What keeps a connection alive and carries nothing."""
    if request.surface == "anthropic":
        return wire_anthropic.event("ping", {"type": "ping"})
    return b": keep-alive\n\n"


def empty_delta(request: Recorded) -> bytes:
    """A text delta without text."""
    stream = list(parts(Reply("x", chunks=1), request))
    text = next(part for part in stream if part.kind == "text")
    return text.data.replace(b'"x"', b'""')


def unknown_event(request: Recorded) -> bytes:
    """An event of a type that nobody knows yet."""
    match request.surface:
        case "anthropic":
            return wire_anthropic.event("sparkle", {"type": "sparkle", "glitter": 3})
        case "chat":
            return wire_chat.event({"object": "chat.completion.sparkle", "glitter": 3})
        case "responses":
            return wire_responses.event("response.sparkle.delta", {"delta": {"glitter": 3}})


def text_event(data: bytes) -> Event:
    """An event with this data under the name that a text delta has."""
    names = {
        "anthropic": b"event: content_block_delta\n",
        "chat": b"",
        "responses": b"event: response.output_text.delta\n",
    }
    return lambda request: names[request.surface] + b"data: " + data + b"\n\n"

"""Faults of streams, most of them after some text, and oddities that must do no harm."""

from __future__ import annotations

from typing import Any

from fakes.behaviours import AnyBehaviour
from fakes.fault_row import OPENAI, SUCCESS, Fault
from fakes.http1 import LAST_CHUNK
from fakes.misbehaviours import PARTIAL_TEXT, Altered, Broken, Endless, Forever, Resliced
from fakes.reply import DEFAULT_TEXT, Part, Reply
from fakes.steps import Close, Hang, Recorded, Reset, Send
from fakes.stream_events import (
    Event,
    empty_delta,
    ping,
    response_failed,
    stream_error,
    text_event,
    unknown_event,
)

_END = Send(LAST_CHUNK)
_UNICODE = "naïve café — 日本語のテキスト 🦊 ends here"


def _after(fault_id: str, then: tuple[Any, ...], *codes: str, **more: Any) -> Fault:
    """Three deltas, then this."""
    given: dict[str, Any] = {"partial": PARTIAL_TEXT, "transports": ("stream",), **more}
    return Fault(fault_id, (Broken(then),), frozenset(codes), **given)


def _first(fault_id: str, then: tuple[Any, ...], *codes: str, **more: Any) -> Fault:
    """A correct head and opening events, then this, before any text."""
    given: dict[str, Any] = {"transports": ("stream",), **more}
    return Fault(fault_id, (Broken(then, after=0),), frozenset(codes), **given)


def _harmless(fault_id: str, behaviour: AnyBehaviour, **more: Any) -> Fault:
    given: dict[str, Any] = {"text": DEFAULT_TEXT, "transports": ("stream",), **more}
    return Fault(fault_id, (behaviour,), SUCCESS, **given)


def _insert_unknown(stream: list[Part], request: Recorded) -> list[Part]:
    odd = Part("frame", unknown_event(request))
    return [item for part in stream for item in ([part, odd] if part.kind == "text" else [part])]


def _late_start(stream: list[Part], request: Recorded) -> list[Part]:
    at = next(index for index, part in enumerate(stream) if part.kind == "text")
    return [*stream[1 : at + 1], stream[0], *stream[at + 1 :]]


def _early_frame(stream: list[Part], request: Recorded) -> list[Part]:
    """Move the last frame before the finish (a block or item stop) behind the first delta."""
    finish = next(index for index, part in enumerate(stream) if part.kind == "finish")
    frame = next(at for at in range(finish - 1, -1, -1) if stream[at].kind == "frame")
    text = next(index for index, part in enumerate(stream) if part.kind == "text")
    rest = [part for index, part in enumerate(stream) if index != frame]
    text -= frame < text
    return [*rest[: text + 1], stream[frame], *rest[text + 1 :]]


def _append(event: Event) -> Altered:
    return Altered(lambda stream, request: [*stream, Part("frame", event(request))])


def _end_twice(stream: list[Part], request: Recorded) -> list[Part]:
    return [*stream, stream[-1]]


def _without(kind: str) -> Altered:
    return Altered(lambda stream, request: [part for part in stream if part.kind != kind])


def _pedantic(data: bytes) -> bytes:
    commented = data.replace(b"\n\n", b"\n\n: a comment\n\nid: 7\nretry: 3000\n")
    return commented.replace(b"data: ", b"data:")


_BEFORE_TEXT = (
    _first(
        "error_event_first_overloaded",
        (stream_error("overloaded"), _END),
        "provider_unavailable",
        requests=(3, 3),
    ),
    _first(
        "error_event_first_rate_limited",
        (stream_error("rate_limited"), _END),
        "rate_limited",
        requests=(3, 3),
    ),
    _first(
        "error_event_first_invalid_request",
        (stream_error("invalid_request"), _END),
        "invalid_request",
    ),
    _first(
        "error_event_first_too_long", (stream_error("prompt_too_long"), _END), "context_too_large"
    ),
    _first(
        "error_event_first_quota",
        (stream_error("spend_limit"), _END),
        "quota_exhausted",
        surfaces=OPENAI,
    ),
    _first(
        "response_failed_server_error",
        (response_failed("server_error"), _END),
        "provider_unavailable",
        requests=(3, 3),
        surfaces=("responses",),
    ),
    _first(
        "response_failed_rate_limit",
        (response_failed("rate_limit_exceeded"), _END),
        "rate_limited",
        requests=(3, 3),
        surfaces=("responses",),
    ),
    _first(
        "response_failed_invalid_prompt",
        (response_failed("invalid_prompt"), _END),
        "invalid_request",
        "content_refused",
        surfaces=("responses",),
    ),
    _first(
        "response_failed_unknown_code",
        (response_failed("glitter"), _END),
        "unexpected_error",
        "bad_response",
        surfaces=("responses",),
    ),
    _first(
        "stream_empty_of_text",
        (_END,),
        "stream_interrupted",
        "bad_response",
        "empty_output",
        "provider_unavailable",
        requests=(1, 3),
        notes="opening events, then a clean end",
    ),
    _first(
        "reset_before_text",
        (Reset(),),
        "provider_unavailable",
        "stream_interrupted",
        requests=(1, 3),
    ),
    _first(
        "cut_before_text", (Close(),), "provider_unavailable", "stream_interrupted", requests=(1, 3)
    ),
    _first("silence_before_text", (Hang(),), "timeout", requests=(1, 3), deadline=True),
    _first("pings_before_text", (Forever(ping),), "timeout", requests=(1, 3), deadline=True),
)

_AFTER_TEXT = (
    _after("overloaded_after_text", (stream_error("overloaded"), _END), "provider_unavailable"),
    _after("api_error_after_text", (stream_error("server_error"), _END), "provider_unavailable"),
    _after("rate_limited_after_text", (stream_error("rate_limited"), _END), "rate_limited"),
    _after(
        "error_after_text_then_silence",
        (stream_error("overloaded"), Hang()),
        "provider_unavailable",
        endless=True,
        notes="the event decides, not the end of the body",
    ),
    _after(
        "failed_after_text",
        (response_failed("server_error"), _END),
        "provider_unavailable",
        surfaces=("responses",),
    ),
    _after(
        "failed_rate_limit_after_text",
        (response_failed("rate_limit_exceeded"), _END),
        "rate_limited",
        surfaces=("responses",),
    ),
    _after("reset_after_text", (Reset(),), "stream_interrupted"),
    _after("cut_after_text", (Close(),), "stream_interrupted", notes="no last chunk"),
    _after("clean_end_after_text", (_END,), "stream_interrupted", notes="no terminal event"),
    _after("silence_after_text", (Hang(),), "timeout", deadline=True),
    _after("pings_after_text", (Forever(ping),), "timeout", deadline=True),
    _after(
        "empty_deltas_after_text",
        (Forever(empty_delta),),
        "timeout",
        deadline=True,
        notes="an empty delta is not content",
    ),
    _after("event_not_json", (text_event(b'{"type": "content_block_del'), _END), "bad_response"),
    _after("event_null", (text_event(b"null"), _END), "bad_response", "stream_interrupted"),
    _after("event_number", (text_event(b"42"), _END), "bad_response", "stream_interrupted"),
    _after("event_list", (text_event(b"[]"), _END), "bad_response", "stream_interrupted"),
    _after(
        "event_not_utf8",
        (text_event(b'{"delta":"\xff\xfe"}'), _END),
        "bad_response",
        "stream_interrupted",
    ),
    _after(
        "chunk_size_nonsense",
        (Send(b"zz\r\nnonsense\r\n"), Close()),
        "stream_interrupted",
        "bad_response",
    ),
    Fault(
        "body_reset",
        (Broken((Reset(),)),),
        frozenset({"provider_unavailable", "bad_response", "stream_interrupted"}),
        (1, 3),
        transports=("plain",),
    ),
    Fault(
        "body_cut",
        (Broken((Close(),)),),
        frozenset({"provider_unavailable", "bad_response", "stream_interrupted"}),
        (1, 3),
        transports=("plain",),
    ),
    Fault(
        "body_silence",
        (Broken((Hang(),)),),
        frozenset({"timeout"}),
        (1, 3),
        transports=("plain",),
        deadline=True,
    ),
    Fault(
        "text_without_end",
        (Endless(),),
        frozenset({"truncated_output"}),
        transports=("stream",),
        endless=True,
        notes="ends at our own byte limit, which tests lower; kept up to there",
    ),
    Fault(
        "body_without_end",
        (Endless(),),
        frozenset({"truncated_output", "bad_response"}),
        transports=("plain",),
        endless=True,
        notes="ends at our own byte limit, which tests lower; half a JSON body has no text",
    ),
)

_HARMLESS = (
    _harmless("unknown_events", Altered(_insert_unknown)),
    _harmless("start_event_late", Altered(_late_start)),
    _harmless("stop_event_early", Altered(_early_frame)),
    _harmless("error_event_after_end", _append(stream_error("overloaded"))),
    _harmless("not_json_after_end", _append(text_event(b"{"))),
    _harmless("end_event_twice", Altered(_end_twice)),
    _harmless("one_byte_at_a_time", Resliced(size=1)),
    _harmless("characters_cut", Resliced(size=1, reply=Reply(_UNICODE)), text=_UNICODE),
    _harmless("crlf_lines", Resliced(rewrite=lambda data: data.replace(b"\n", b"\r\n"))),
    _harmless("comments_and_ids", Resliced(rewrite=_pedantic)),
    _harmless(
        "byte_order_mark",
        Resliced(rewrite=lambda data: b"\xef\xbb\xbf" + data),
        notes="the SSE standard strips it",
    ),
    _harmless("one_huge_delta", Reply("word " * 40_000, chunks=1), text="word " * 40_000),
    Fault(
        "end_event_missing",
        (_without("end"),),
        frozenset({"stream_interrupted"}),
        transports=("stream",),
        surfaces=("anthropic", "chat"),
        succeeds_too=True,
        text=DEFAULT_TEXT,
        notes="the finish reason was given, so both readings are right",
    ),
)

ROWS: tuple[Fault, ...] = (*_BEFORE_TEXT, *_AFTER_TEXT, *_HARMLESS)

"""Faults of answers that arrive whole: wrong bodies, wrong framing, stop reasons, emptiness."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.api_errors import error_body
from fakes.behaviours import AnyBehaviour, body, json_answer
from fakes.fault_row import OPENAI, Fault
from fakes.misbehaviours import Body, Swapped
from fakes.reply import DEFAULT_TEXT, Reply, Stop, ToolCall
from fakes.steps import Recorded, Send, Step

_BAD = frozenset({"bad_response"})
_LOGIN = (
    b"<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head>"
    b"<body><form action=/login>Room <input name=room></form></body></html>"
)


@dataclass(frozen=True, slots=True)
class CutJson:
    """A right plain answer that stops in the middle, with a Content-Length that agrees."""

    def steps(self, request: Recorded) -> Iterable[Step]:
        """See `Behaviour`."""
        data = json.dumps(body(Reply(), request)).encode()
        return Body(data[: len(data) // 2]).steps(request)


@dataclass(frozen=True, slots=True)
class Patched:
    """A right plain answer with some fields of its body replaced."""

    fields: Mapping[str, Any]

    def steps(self, request: Recorded) -> tuple[Send, ...]:
        """See `Behaviour`."""
        return (Send(json_answer(body(Reply(), request) | self.fields, request)),)


@dataclass(frozen=True, slots=True)
class ErrorAsSuccess:
    """An error body under the status 200, as some gateways send it."""

    error: str

    def steps(self, request: Recorded) -> tuple[Send, ...]:
        """See `Behaviour`."""
        return (Send(json_answer(error_body(self.error, request), request)),)


def _bad(fault_id: str, data: bytes, kind: str = "application/json", **more: Any) -> Fault:
    return Fault(fault_id, (Body(data, content_type=kind),), _BAD, **more)


def _ended(fault_id: str, stop: Stop, code: str, **more: Any) -> Fault:
    return Fault(fault_id, (Reply(stop=stop),), frozenset({code}), **more)


def _plain(fault_id: str, behaviour: AnyBehaviour, *codes: str, **more: Any) -> Fault:
    return Fault(fault_id, (behaviour,), frozenset(codes), transports=("plain",), **more)


def _empty(fault_id: str, reply: Reply, **more: Any) -> Fault:
    return Fault(fault_id, (reply,), frozenset({"empty_output"}), (1, 2), **more)


_BODIES = (
    _bad("login_page", _LOGIN, "text/html"),
    _bad("login_page_as_json", _LOGIN),
    _bad("empty_body", b""),
    _bad("empty_object", b"{}"),
    _bad("null_body", b"null"),
    _bad("list_body", b"[]"),
    _bad("number_body", b"42"),
    _bad("invalid_utf8", b'{"id":"\xff\xfe\xfa","type":"message"}'),
    _bad("foreign_object", b'{"status":"ok","version":"1.2.3"}'),
    _bad("deep_nesting", b"[" * 20_000 + b"]" * 20_000),
    Fault(
        "no_content",
        (Body(b"", 204, headers={"content-length": "0"}),),
        frozenset({"bad_response", "empty_output"}),
    ),
    Fault(
        "not_gzip",
        (Body(b"this was never compressed", headers={"content-encoding": "gzip"}),),
        frozenset({"bad_response", "provider_unavailable"}),
        (1, 3),
    ),
    Fault(
        "wrong_chunk_size",
        (
            Body(
                b"zz\r\n{}\r\n0\r\n\r\n",
                headers={"transfer-encoding": "chunked"},
            ),
        ),
        frozenset({"bad_response", "provider_unavailable"}),
        (1, 3),
    ),
    Fault("other_transport", (Swapped(),), _BAD, notes="SSE for JSON and the reverse"),
    _plain("truncated_json", CutJson(), "bad_response"),
    _plain(
        "error_as_success_overloaded",
        ErrorAsSuccess("overloaded"),
        "provider_unavailable",
        "bad_response",
        requests=(1, 3),
    ),
    _plain(
        "error_as_success_invalid_key",
        ErrorAsSuccess("invalid_key"),
        "invalid_auth",
        "bad_response",
    ),
    _plain("content_null", Patched({"content": None}), "bad_response", surfaces=("anthropic",)),
    _plain(
        "content_of_numbers", Patched({"content": [1]}), "bad_response", surfaces=("anthropic",)
    ),
    _plain("choices_empty", Patched({"choices": []}), "bad_response", surfaces=("chat",)),
    _plain("choices_null", Patched({"choices": None}), "bad_response", surfaces=("chat",)),
    _plain(
        "message_null",
        Patched({"choices": [{"index": 0, "message": None}]}),
        "bad_response",
        surfaces=("chat",),
    ),
    _plain("output_null", Patched({"output": None}), "bad_response", surfaces=("responses",)),
    _plain(
        "usage_nonsense",
        Patched({"usage": {"input_tokens": "many", "prompt_tokens": -1}}),
        "bad_response",
        succeeds_too=True,
        text=DEFAULT_TEXT,
    ),
)

_STOPS = (
    _ended("max_tokens", "max_tokens", "truncated_output", partial=DEFAULT_TEXT),
    _ended("context_window", "context_window", "truncated_output", partial=DEFAULT_TEXT),
    _ended("content_filter", "content_filter", "content_refused"),
    _ended("refusal", "refusal", "content_refused"),
    Fault(
        "refusal_without_text",
        (Reply("", stop="refusal"),),
        frozenset({"content_refused"}),
        surfaces=("anthropic",),
    ),
    Fault(
        "content_filter_without_text",
        (Reply("", stop="content_filter"),),
        frozenset({"content_refused"}),
    ),
    Fault(
        "no_finish_reason",
        (Reply(stop="none"),),
        frozenset({"bad_response", "stream_interrupted"}),
    ),
    _empty("finished_with_nothing", Reply("")),
    _empty("finished_with_thinking_only", Reply("", thinking="Let me think about it")),
    Fault(
        "finished_with_blank_text",
        (Reply(" \n\n "),),
        frozenset({"empty_output"}),
        (1, 2),
        succeeds_too=True,
    ),
    Fault(
        "truncated_before_text",
        (Reply("", thinking="So long a thought", stop="max_tokens"),),
        frozenset({"truncated_output", "empty_output"}),
        (1, 2),
    ),
    Fault(
        "tool_arguments_not_json",
        (Reply("", tool_calls=(ToolCall("read_file", '{"path": "a'),)),),
        _BAD,
        surfaces=OPENAI,
        succeeds_too=True,
        notes="Anthropic shows invalid arguments only in a stream",
    ),
    Fault(
        "usage_missing",
        (Reply(usage=None),),
        frozenset(),
        text=DEFAULT_TEXT,
        notes="cost is unknown then, not zero",
    ),
)

_FAILURES: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("server_error", ("provider_unavailable",), 3),
    ("rate_limit_exceeded", ("rate_limited",), 3),
    ("invalid_prompt", ("invalid_request", "content_refused"), 1),
    ("glitter", ("unexpected_error", "bad_response"), 1),
)


def _failed(code: str, expected: tuple[str, ...], requests: int) -> Fault:
    error = {"code": code, "message": "It failed."}
    answer = Patched({"status": "failed", "output": [], "usage": None, "error": error})
    times = (requests, requests)
    return _plain(f"failed_{code}", answer, *expected, surfaces=("responses",), requests=times)


_STATUSES = (
    *(_failed(*row) for row in _FAILURES),
    _plain(
        "still_in_progress",
        Patched({"status": "in_progress"}),
        "bad_response",
        surfaces=("responses",),
    ),
    _plain(
        "cancelled_by_provider",
        Patched({"status": "cancelled"}),
        "bad_response",
        "provider_unavailable",
        "stream_interrupted",
        surfaces=("responses",),
    ),
)

ROWS: tuple[Fault, ...] = (*_BODIES, *_STOPS, *_STATUSES)

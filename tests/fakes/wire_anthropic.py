"""The Anthropic Messages API as bodies and server-sent events.

Shapes follow the types of the official SDK (2.14); knows nothing about sockets or faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fakes.reply import Part, PartKind, Reply, cut
from fakes.steps import Recorded

STOP_REASONS: Mapping[str, str | None] = {
    "end": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "context_window": "model_context_window_exceeded",
    "pause": "pause_turn",
    "refusal": "refusal",
    "content_filter": "refusal",
    "none": None,
}
MODELS = (
    ("claude-opus-5-5", "Claude Opus 5.5", "opus", "active"),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet", "active"),
    ("claude-haiku-5-5", "Claude Haiku 5.5", "haiku", "active"),
    ("claude-sonnet-5", "Claude Sonnet 5", "sonnet", "active"),
    ("claude-opus-4-5", "Claude Opus 4.5", "opus", "deprecated"),
)


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    data = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def headers(request: Recorded) -> dict[str, str]:
    """The headers every answer carries."""
    return {"request-id": request_id(request), "anthropic-organization-id": "org-fake"}


def request_id(request: Recorded) -> str:
    """The id of the request, in header and error bodies alike."""
    return f"req_fake_{request.number:04d}"


def body(reply: Reply, request: Recorded) -> dict[str, Any]:
    """The answer to a plain request."""
    content: list[dict[str, Any]] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": reply.thinking, "signature": "c2ln"})
    if reply.full_text:
        content.append({"type": "text", "text": reply.full_text, "citations": None})
    content += [
        _tool_block(call.id, call.name) | {"input": _input(call.arguments)}
        for call in reply.tool_calls
    ]
    return _message(reply, request) | {
        "content": content,
        **_stop(reply),
        **({"usage": _usage(reply, reply.output_tokens)} if reply.usage else {}),
    }


def parts(reply: Reply, request: Recorded) -> Iterator[Part]:
    """The events of a streamed answer, in order."""
    start = _message(reply, request)
    if reply.usage:
        start["usage"] = _usage(reply, 1)
    yield _part("frame", "message_start", message=start)
    index = 0
    if reply.thinking:
        yield from _block(index, {"type": "thinking", "thinking": "", "signature": ""})
        for piece in cut(reply.thinking, 0):
            yield _delta("thinking", index, {"type": "thinking_delta", "thinking": piece})
        yield _delta("frame", index, {"type": "signature_delta", "signature": "c2ln"})
        yield _part("frame", "content_block_stop", index=index)
        index += 1
    if deltas := reply.deltas:
        yield from _block(index, {"type": "text", "text": ""})
        for piece in deltas:
            yield _delta("text", index, {"type": "text_delta", "text": piece})
        yield _part("frame", "content_block_stop", index=index)
        index += 1
    for call in reply.tool_calls:
        yield from _block(index, _tool_block(call.id, call.name))
        for piece in ["", *cut(call.arguments, 3)]:
            yield _delta("tool", index, {"type": "input_json_delta", "partial_json": piece})
        yield _part("frame", "content_block_stop", index=index)
        index += 1
    usage = {"usage": _usage(reply, reply.output_tokens, cumulative=True)} if reply.usage else {}
    yield _part("finish", "message_delta", delta=_stop(reply), **usage)
    yield _part("end", "message_stop")


def error_body(kind: str, message: str, request: Recorded, details: Any = None) -> dict[str, Any]:
    """The body of an error answer and the data of an error event."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if details:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": request_id(request)}


def error_event(kind: str, message: str, request: Recorded) -> bytes:
    """An error inside a stream whose status was already 200."""
    return event("error", error_body(kind, message, request))


def models_page(request: Recorded) -> dict[str, Any]:
    """One page of the model list; honours `limit` and `after_id`, two per page by default."""
    names = [name for name, *_ in MODELS]
    after = request.query.get("after_id")
    start = names.index(after) + 1 if after in names else 0
    page = MODELS[start : start + int(request.query.get("limit", "2"))]
    data = [
        {
            "type": "model",
            "id": name,
            "display_name": title,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": lifecycle,
            "line": line,
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
            "capabilities": None,
            "deprecated_at": "2026-06-01T00:00:00Z" if lifecycle == "deprecated" else None,
            "retires_at": None,
        }
        for name, title, line, lifecycle in page
    ]
    return {
        "data": data,
        "has_more": start + len(page) < len(MODELS),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def token_count(request: Recorded) -> dict[str, int]:
    """About four characters to a token."""
    return {"input_tokens": max(1, len(request.prompt) // 4)}


def complaint(request: Recorded) -> tuple[int, str, str] | None:
    """Status, type and message when the real API would refuse the request, else `None`."""
    if not request.key:
        return 401, "authentication_error", "x-api-key header is required"
    if "anthropic-version" not in request.headers:
        return 400, "invalid_request_error", "anthropic-version: header is required"
    if request.operation == "models":
        return None
    required = ["model", "messages"] + ["max_tokens"] * (request.operation == "generate")
    given = request.body if isinstance(request.body, dict) else {}
    for name in required:
        if not given.get(name):
            return 400, "invalid_request_error", f"{name}: Field required"
    return None


def _message(reply: Reply, request: Recorded) -> dict[str, Any]:
    return {
        "id": f"msg_fake_{request.number:04d}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def _stop(reply: Reply) -> dict[str, Any]:
    refused = reply.reason in {"refusal", "content_filter"}
    details = {"type": "refusal", "category": "cyber", "explanation": "It was refused."}
    return {
        "stop_reason": STOP_REASONS[reply.reason],
        "stop_sequence": "STOP" if reply.reason == "stop_sequence" else None,
        "stop_details": details if refused else None,
    }


def _usage(reply: Reply, output_tokens: int, *, cumulative: bool = False) -> dict[str, Any]:
    assert reply.usage is not None
    usage = reply.usage
    counts: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": output_tokens,
        "server_tool_use": None,
    }
    if usage.reasoning:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if not cumulative:
        counts["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        }
        counts["service_tier"] = "standard"
    return counts


def _tool_block(call_id: str, name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}


def _input(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}  # the API never shows invalid arguments in a plain answer


def _block(index: int, block: Mapping[str, Any]) -> Iterator[Part]:
    yield _part("frame", "content_block_start", index=index, content_block=block)
    if index == 0:
        yield _part("frame", "ping")


def _delta(kind: PartKind, index: int, delta: Mapping[str, Any]) -> Part:
    return _part(kind, "content_block_delta", index=index, delta=delta)


def _part(kind: PartKind, name: str, /, **payload: Any) -> Part:
    return Part(kind, event(name, {"type": name, **payload}))

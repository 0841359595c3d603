"""The OpenAI Chat Completions API as bodies and server-sent events.

Shapes follow the types of the official SDK (3.57); knows nothing about sockets or faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fakes.reply import Part, PartKind, Reply, cut
from fakes.steps import Recorded

CREATED = 1_790_000_000
FINISH_REASONS: Mapping[str, str | None] = {
    "end": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "context_window": "length",
    "pause": "stop",
    "refusal": "stop",
    "content_filter": "content_filter",
    "none": None,
}
MODELS = ("gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-5.4-mini", "text-embedding-3-small")
DONE = b"data: [DONE]\n\n"


def event(payload: Mapping[str, Any]) -> bytes:
    """One server-sent event (this API names none)."""
    return b"data: " + _json(payload) + b"\n\n"


def headers(request: Recorded) -> dict[str, str]:
    """The headers every answer carries."""
    return {
        "x-request-id": f"req_fake_{request.number:04d}",
        "openai-organization": "org-fake",
        "openai-processing-ms": "12",
        "openai-version": "2020-10-01",
    }


def body(reply: Reply, request: Recorded) -> dict[str, Any]:
    """The answer to a plain request."""
    refused = reply.reason == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused else reply.full_text or None,
        "refusal": reply.full_text if refused else None,
        "annotations": [],
    }
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.tool_calls:
        message["tool_calls"] = [
            _tool(call.id, call.name, call.arguments) for call in reply.tool_calls
        ]
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None}
    choice["finish_reason"] = FINISH_REASONS[reply.reason]
    answer = _envelope(reply, request, "chat.completion") | {"choices": [choice]}
    return answer | ({"usage": usage(reply)} if reply.usage else {})


def parts(reply: Reply, request: Recorded) -> Iterator[Part]:
    """The events of a streamed answer, in order."""
    options = (request.body or {}).get("stream_options") or {}
    with_usage = bool(options.get("include_usage")) and reply.usage is not None
    common = _envelope(reply, request, "chat.completion.chunk")
    if with_usage:
        common["usage"] = None

    def piece(kind: PartKind, delta: Mapping[str, Any], finish: str | None = None) -> Part:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return Part(kind, event(common | {"choices": [choice]}))

    yield piece("frame", {"role": "assistant", "content": "", "refusal": None})
    for text in cut(reply.thinking, 0):
        yield piece("thinking", {"reasoning_content": text})
    name = "refusal" if reply.reason == "refusal" else "content"
    for text in reply.deltas:
        yield piece("text", {name: text})
    for index, call in enumerate(reply.tool_calls):
        yield piece("tool", {"tool_calls": [{"index": index, **_tool(call.id, call.name, "")}]})
        for text in cut(call.arguments, 3):
            delta = {"index": index, "function": {"arguments": text}}
            yield piece("tool", {"tool_calls": [delta]})
    if reason := FINISH_REASONS[reply.reason]:
        yield piece("finish", {}, reason)
    if with_usage:
        yield Part("frame", event(common | {"choices": [], "usage": usage(reply)}))
    yield Part("end", DONE)


def error_body(kind: str, message: str, code: str | None, param: str | None = None) -> Any:
    """The body of an error answer and the data of an error event."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_event(kind: str, message: str, code: str | None) -> bytes:
    """An error inside a stream whose status was already 200."""
    return event(error_body(kind, message, code))


def usage(reply: Reply) -> dict[str, Any]:
    """Usage in this API's words: prompt tokens include the cached ones."""
    assert reply.usage is not None
    counts = reply.usage
    prompt = counts.input_tokens + counts.cache_read + counts.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reply.output_tokens,
        "total_tokens": prompt + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def models_page() -> dict[str, Any]:
    """The model list (this API has one page)."""
    common = {"object": "model", "created": CREATED, "owned_by": "system"}
    return {"object": "list", "data": [{"id": name, **common} for name in MODELS]}


def complaint(request: Recorded) -> tuple[int, str, str] | None:
    """Status, type and message when the real API would refuse the request, else `None`."""
    if not request.key:
        return 401, "invalid_request_error", "You didn't provide an API key."
    if request.operation == "models":
        return None
    content = "input" if request.surface == "responses" else "messages"
    given = request.body if isinstance(request.body, dict) else {}
    for name in ("model", content):
        if not given.get(name):
            return 400, "invalid_request_error", f"Missing required parameter: '{name}'."
    return None


def _envelope(reply: Reply, request: Recorded, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-fake{request.number:04d}",
        "object": kind,
        "created": CREATED,
        "model": reply.model or request.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _tool(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _json(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()

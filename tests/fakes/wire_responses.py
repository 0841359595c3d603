"""The OpenAI Responses API as bodies and typed server-sent events.

Shapes follow the types of the official SDK (3.57); knows nothing about sockets or faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fakes.reply import Part, PartKind, Reply, ToolCall, cut
from fakes.steps import Recorded
from fakes.wire_chat import CREATED

INCOMPLETE: Mapping[str, str] = {
    "max_tokens": "max_output_tokens",
    "context_window": "max_output_tokens",
    "content_filter": "content_filter",
}


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """One server-sent event; its name is repeated as `type` in the data."""
    data = json.dumps({"type": name, **payload}, separators=(",", ":"), ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def body(reply: Reply, request: Recorded) -> dict[str, Any]:
    """The answer to a plain request."""
    status = _status(reply)
    output = [item for item, _ in _items(reply, "incomplete" if status != "completed" else status)]
    answer = _envelope(reply, request, status) | {"output": output}
    if reply.reason == "none":
        del answer["status"]
    return answer


def parts(reply: Reply, request: Recorded) -> Iterator[Part]:
    """The events of a streamed answer, in order; without a stop reason it has no last event."""
    number = 0

    def part(kind: PartKind, name: str, /, **payload: Any) -> Part:
        nonlocal number
        number += 1
        return Part(kind, event(f"response.{name}", {"sequence_number": number - 1, **payload}))

    started = _envelope(reply, request, "in_progress")
    yield part("frame", "created", response=started)
    yield part("frame", "in_progress", response=started)
    status = _status(reply)
    items = _items(reply, "incomplete" if status != "completed" else status)
    for index, (item, deltas) in enumerate(items):
        place = {"output_index": index}
        opened = item | {"status": "in_progress", **_empty(item)}
        yield part("frame", "output_item.added", item=opened, **place)
        for kind, name, payload in _inside(item, deltas):
            yield part(kind, name, item_id=item["id"], **place, **payload)
        yield part("frame", "output_item.done", item=item, **place)
    if reply.reason != "none":
        done = _envelope(reply, request, status) | {"output": [item for item, _ in items]}
        yield part("finish", status, response=done)


def failed_event(code: str, message: str, request: Recorded, number: int = 99) -> bytes:
    """The terminal event of a response that failed."""
    response = _envelope(Reply(), request, "failed")
    response |= {"error": {"code": code, "message": message}, "usage": None}
    return event("response.failed", {"sequence_number": number, "response": response})


def error_event(message: str, code: str | None, number: int = 99) -> bytes:
    """An error inside a stream whose status was already 200."""
    payload = {"code": code, "message": message, "param": None, "sequence_number": number}
    return event("error", payload)


def usage(reply: Reply) -> dict[str, Any]:
    """Usage in this API's words: input tokens include the cached ones."""
    assert reply.usage is not None
    counts = reply.usage
    given = counts.input_tokens + counts.cache_read + counts.cache_write
    return {
        "input_tokens": given,
        "input_tokens_details": {
            "cached_tokens": counts.cache_read,
            "cache_write_tokens": counts.cache_write,
        },
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": given + reply.output_tokens,
    }


def _status(reply: Reply) -> str:
    return "incomplete" if reply.reason in INCOMPLETE else "completed"


def _envelope(reply: Reply, request: Recorded, status: str) -> dict[str, Any]:
    ended = status in {"completed", "incomplete"}
    reason = INCOMPLETE.get(reply.reason)
    return {
        "id": f"resp_fake_{request.number:04d}",
        "object": "response",
        "created_at": CREATED,
        "completed_at": CREATED + 1 if status == "completed" else None,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": None,
        "max_output_tokens": None,
        "model": reply.model or request.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage(reply) if ended and reply.usage else None,
        "user": None,
        "metadata": {},
    }


def _items(reply: Reply, status: str) -> list[tuple[dict[str, Any], list[str]]]:
    items: list[tuple[dict[str, Any], list[str]]] = []
    if reply.thinking:
        summary = [{"type": "summary_text", "text": reply.thinking}]
        item = {"id": "rs_fake", "type": "reasoning", "summary": summary, "status": "completed"}
        items.append((item, cut(reply.thinking, 0)))
    if reply.full_text:
        items.append((_message_item(reply, status), reply.deltas))
    items += [
        (_call_item(call, index), ["", *cut(call.arguments, 3)])
        for index, call in enumerate(reply.tool_calls)
    ]
    return items


def _message_item(reply: Reply, status: str) -> dict[str, Any]:
    text = reply.full_text
    part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    if reply.reason == "refusal":
        part = {"type": "refusal", "refusal": text}
    message = {"id": "msg_fake", "type": "message", "role": "assistant", "status": status}
    return message | {"content": [part]}


def _call_item(call: ToolCall, index: int) -> dict[str, Any]:
    return {
        "id": f"fc_fake_{index}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _empty(item: Mapping[str, Any]) -> dict[str, Any]:
    name = {"reasoning": "summary", "message": "content", "function_call": "arguments"}
    return {name[item["type"]]: "" if item["type"] == "function_call" else []}


def _inside(
    item: Mapping[str, Any], deltas: list[str]
) -> Iterator[tuple[PartKind, str, dict[str, Any]]]:
    """The events between `output_item.added` and `.done`: kind, name, payload."""
    match item["type"]:
        case "reasoning":
            yield from _summary(item["summary"][0], deltas)
        case "function_call":
            for delta in deltas:
                yield "tool", "function_call_arguments.delta", {"delta": delta}
            done = {"arguments": item["arguments"], "name": item["name"]}
            yield "frame", "function_call_arguments.done", done
        case _:
            yield from _content(item["content"][0], deltas)


def _summary(
    part: Mapping[str, Any], deltas: list[str]
) -> Iterator[tuple[PartKind, str, dict[str, Any]]]:
    place = {"summary_index": 0}
    yield "frame", "reasoning_summary_part.added", {**place, "part": {**part, "text": ""}}
    for delta in deltas:
        yield "thinking", "reasoning_summary_text.delta", {**place, "delta": delta}
    yield "frame", "reasoning_summary_text.done", {**place, "text": part["text"]}
    yield "frame", "reasoning_summary_part.done", {**place, "part": part}


def _content(
    part: Mapping[str, Any], deltas: list[str]
) -> Iterator[tuple[PartKind, str, dict[str, Any]]]:
    place = {"content_index": 0}
    kind = part["type"]
    field = "refusal" if kind == "refusal" else "text"
    extra = {} if kind == "refusal" else {"logprobs": []}
    yield "frame", "content_part.added", {**place, "part": {**part, field: ""}}
    for delta in deltas:
        yield "text", f"{kind}.delta", {**place, **extra, "delta": delta}
    yield "frame", f"{kind}.done", {**place, **extra, field: part[field]}
    yield "frame", "content_part.done", {**place, "part": part}

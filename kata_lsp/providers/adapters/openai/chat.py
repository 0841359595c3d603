"""Owns the Chat Completions API as a surface, as OpenAI and the servers that follow it speak it.

Must not know the SDK or HTTP. Source: platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from kata_lsp.providers.adapters.openai import words
from kata_lsp.providers.adapters.openai.chat_events import (
    ChunkReader,
    reasoning,
    stop_reason,
    usage_of,
)
from kata_lsp.providers.messages import (
    Completion,
    CompletionRequest,
    Message,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from kata_lsp.providers.readers import FINISHED, tool_call
from kata_lsp.providers.sdk_adapter import Surface
from kata_lsp.providers.wire import encode


def body(request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
    """Return the JSON body of a request.

    `max_tokens` rather than its successor: every server that follows the API knows it.
    """
    system = [{"role": "system", "content": request.system}] if request.system else []
    tools = [_tool(tool) for tool in request.tools]
    turns = [turn for message in request.messages for turn in _turns(message)]
    return {
        "model": request.model,
        "messages": [*system, *turns],
        "max_tokens": request.max_output_tokens,
        **({"tools": tools} if tools else {}),
        **({"stream_options": {"include_usage": True}} if stream else {}),
        "stream": stream,
    }


def _turns(message: Message) -> Iterable[dict[str, Any]]:
    """One canonical turn may be several here: each tool result is a message of its own."""
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text(text):
                texts.append(text)
            case ToolCall(call_id, name, arguments):
                function = {"name": name, "arguments": encode(arguments).decode()}
                calls.append({"id": call_id, "type": "function", "function": function})
            case ToolResult(call_id, text):
                yield {"role": "tool", "tool_call_id": call_id, "content": text}
            case _:
                assert_never(part)
    text = "".join(texts)
    if text or calls:
        turn: dict[str, Any] = {"role": message.role, "content": text or None}
        yield turn | ({"tool_calls": calls} if calls else {})


def _tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.input_schema),
    }
    return {"type": "function", "function": function}


def completion(body: Mapping[str, Any], model: str, request_id: str | None) -> Completion:
    """Return the answer that a `chat.completion` object holds."""
    choice: dict[str, Any] = body["choices"][0]
    message: dict[str, Any] = choice["message"]
    calls: list[dict[str, Any]] = message.get("tool_calls") or []
    reason = stop_reason(
        choice["finish_reason"], refused=bool(message.get("refusal")), calls=bool(calls)
    )
    return Completion(
        text=message.get("content") or "",
        model=body.get("model") or model,
        stop_reason=reason,
        usage=usage_of(body.get("usage")),
        thinking=reasoning(message),
        tool_calls=tuple(
            tool_call(call["id"], call["function"]["name"], call["function"].get("arguments") or "")
            for call in calls
            if reason in FINISHED
        ),
        request_id=request_id,
    )


CHAT: Final = Surface(
    path="/chat/completions",
    words=words.WORDS,
    request_id_header="x-request-id",
    body=body,
    reader=ChunkReader,
    completion=completion,
    models=words.models,
)

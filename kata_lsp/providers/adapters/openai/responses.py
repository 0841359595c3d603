"""Owns OpenAI's Responses API as a surface: requests, answers, stream events, stop reasons.

Must not know the SDK or HTTP. Source: platform.openai.com/docs/api-reference/responses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from kata_lsp.providers.adapters.openai import words
from kata_lsp.providers.adapters.openai.response_events import (
    ResponseReader,
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

    Nothing is stored at the provider. The cache key is the same for the same system prompt and
    tools, so that requests which share that prefix meet the same cache.
    """
    tools = [_tool(tool) for tool in request.tools]
    return {
        "model": request.model,
        "input": [item for message in request.messages for item in _items(message)],
        "max_output_tokens": request.max_output_tokens,
        "store": False,
        **({"instructions": request.system} if request.system else {}),
        **({"tools": tools} if tools else {}),
        **({"prompt_cache_key": _cache_key(request)} if request.system else {}),
        "stream": stream,
    }


def _cache_key(request: CompletionRequest) -> str:
    fixed = "\0".join([request.system, *(tool.name for tool in request.tools)])
    return "kata-" + hashlib.sha256(fixed.encode("utf-8", "replace")).hexdigest()[:24]


def _items(message: Message) -> Iterable[dict[str, Any]]:
    kind = "input_text" if message.role == "user" else "output_text"
    for part in message.parts:
        match part:
            case Text(text):
                if text:
                    content = [{"type": kind, "text": text}]
                    yield {"type": "message", "role": message.role, "content": content}
            case ToolCall(call_id, name, arguments):
                yield {
                    "type": "function_call",
                    "call_id": call_id,
                    "name": name,
                    "arguments": encode(arguments).decode(),
                }
            case ToolResult(call_id, text):
                yield {"type": "function_call_output", "call_id": call_id, "output": text}
            case _:
                assert_never(part)


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.input_schema),
        "strict": False,
    }


def completion(body: Mapping[str, Any], model: str, request_id: str | None) -> Completion:
    """Return the answer that a response object holds; items of unknown types are left out."""
    output: list[dict[str, Any]] = body["output"]
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    refused = any(part["type"] == "refusal" for part in parts)
    reason = stop_reason(body, refused=refused)
    return Completion(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        model=body.get("model") or model,
        stop_reason=reason,
        usage=usage_of(body.get("usage")),
        thinking="".join(
            part["text"]
            for item in output
            if item["type"] == "reasoning"
            for part in item.get("summary") or ()
        ),
        tool_calls=tuple(
            tool_call(item["call_id"], item["name"], item["arguments"])
            for item in output
            if item["type"] == "function_call" and reason in FINISHED
        ),
        request_id=request_id,
    )


RESPONSES: Final = Surface(
    path="/responses",
    words=words.WORDS,
    request_id_header="x-request-id",
    body=body,
    reader=ResponseReader,
    completion=completion,
    models=words.models,
)

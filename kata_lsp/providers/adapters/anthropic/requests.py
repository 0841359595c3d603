"""Owns the canonical request as a Messages API body, prompt caching included.

Must not know the SDK or HTTP, nor how an answer looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, assert_never

from kata_lsp.providers.messages import (
    CompletionRequest,
    Message,
    Part,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

_WORTH_CACHING: Final = 8192
"""Characters; about 2000 tokens, below which no model keeps a prompt (docs, "Prompt caching")."""
_CACHED: Final = {"type": "ephemeral"}


def body(request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
    """Return the JSON body of a request.

    Two prefixes are marked for the provider's prompt cache when they are long enough: tools and
    system prompt, which are the same from run to run; and the whole conversation, but only when
    it will be sent again (it has tools, or is past its first turn), because writing costs more.
    """
    messages = [turn for message in request.messages if (turn := _turn(message))["content"]]
    fixed = len(request.system) + sum(len(tool.description) for tool in request.tools)
    system: list[dict[str, Any]] = []
    if request.system:
        system.append({"type": "text", "text": request.system})
    tools = [_tool(tool) for tool in request.tools]
    if fixed >= _WORTH_CACHING and (end := system or tools):
        end[-1]["cache_control"] = _CACHED
    said = sum(_size(message.parts) for message in request.messages)
    if (tools or len(messages) > 1) and messages and fixed + said >= _WORTH_CACHING:
        messages[-1]["content"][-1]["cache_control"] = _CACHED
    return {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": messages,
        **({"system": system} if system else {}),
        **({"tools": tools} if tools else {}),
        "stream": stream,
    }


def _turn(message: Message) -> dict[str, Any]:
    # Results of tools must come first in a turn, and empty text is refused by the API.
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    others = [
        part for part in message.parts if not isinstance(part, ToolResult) and not _blank(part)
    ]
    return {"role": message.role, "content": [_block(part) for part in (*results, *others)]}


def _blank(part: Part) -> bool:
    return isinstance(part, Text) and not part.text.strip()


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case ToolCall(call_id, name, arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": dict(arguments)}
        case ToolResult(call_id, text, is_error):
            return {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": text,
                "is_error": is_error,
            }
        case _:
            assert_never(part)


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": dict(tool.input_schema),
    }


def _size(parts: Iterable[Part]) -> int:
    return sum(len(part.text) for part in parts if isinstance(part, Text | ToolResult))

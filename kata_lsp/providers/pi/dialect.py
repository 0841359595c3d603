"""Owns how the engine names things: providers, models and the conversation it is given.

Must not know processes or files. Source: pi's documentation, "Models" and "Message types".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, assert_never, cast
from urllib.parse import urlsplit

from kata_lsp.providers.base import Credential, Endpoint, ModelInfo
from kata_lsp.providers.messages import (
    CompletionRequest,
    Message,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

PLACEHOLDER: Final = "kata-credential"
"""Stands for the credential everywhere in the engine; the bridge replaces it on the way out."""

NO_KEY: Final = "no-key"
"""Sent where no key is needed, as in mode `native`."""
_CONTEXT_TOKENS: Final = 1_000_000
"""Assumed of models that the engine does not know, so that it never shortens a request."""


@dataclass(frozen=True, slots=True)
class Speech:
    """How the engine reaches a kind of provider: its own name for it, and the API it speaks."""

    provider: str
    api: str
    max_tokens_field: str
    words: Literal["anthropic", "openai"]
    catalogued: bool = True
    """Whether the engine knows the provider's models."""
    subscription: bool = False
    """Whether the engine's own login is used instead of a credential of ours."""


SPEECH: Final[Mapping[str, Speech]] = MappingProxyType(
    {
        "anthropic": Speech("anthropic", "anthropic-messages", "max_tokens", "anthropic"),
        "anthropic-compatible": Speech(
            "kata", "anthropic-messages", "max_tokens", "anthropic", catalogued=False
        ),
        "openai": Speech("openai", "openai-responses", "max_output_tokens", "openai"),
        "openai-compatible": Speech(
            "kata", "openai-completions", "max_tokens", "openai", catalogued=False
        ),
        "claude-subscription": Speech(
            "anthropic", "anthropic-messages", "max_tokens", "anthropic", subscription=True
        ),
        "chatgpt-subscription": Speech(
            "openai-codex", "openai-codex-responses", "", "openai", subscription=True
        ),
        "copilot-subscription": Speech(
            "github-copilot", "openai-completions", "", "openai", subscription=True
        ),
    }
)
"""By the kind of a `ProviderSpec`."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model of the engine's catalogue."""

    info: ModelInfo
    base_url: str


def read_catalogue(data: bytes) -> tuple[CatalogueModel, ...]:
    """Return the models of one of the engine's catalogue files, newest first.

    The file groups models by API. Its order is that of names, in which a line's newest is last.

    Raises:
        ValueError: It is not a catalogue.
    """
    groups: object = json.loads(data)
    if not isinstance(groups, dict):
        raise ValueError("a catalogue is an object")  # noqa: TRY004 - the content is at fault
    found: list[CatalogueModel] = []
    for group in cast("dict[str, dict[str, dict[str, Any]]]", groups).values():
        for item in group.values():
            info = ModelInfo(
                id=item["id"],
                display_name=item.get("name") or "",
                context_tokens=item.get("contextWindow"),
                max_output_tokens=item.get("maxTokens"),
            )
            found.append(CatalogueModel(info, item.get("baseUrl") or ""))
    return tuple(reversed(found))


def models_file(
    speech: Speech, endpoint: Endpoint, model: str, known: CatalogueModel | None
) -> dict[str, Any]:
    """Return the engine's `models.json`: one provider, at the endpoint, without a secret.

    A model that the engine does not know is described with plain defaults.
    """
    if speech.subscription:
        return {"providers": {}}
    provider: dict[str, Any] = {"apiKey": PLACEHOLDER, "api": speech.api}
    if endpoint.base_url:
        provider["baseUrl"] = base_url(speech, endpoint.base_url)
    if known is None:
        provider["models"] = [
            {
                "id": model,
                "name": model,
                "api": speech.api,
                "contextWindow": _CONTEXT_TOKENS,
                "maxTokens": _CONTEXT_TOKENS,
                "reasoning": False,
                "input": ["text"],
                **_compatibility(speech),
            }
        ]
    return {"providers": {speech.provider: provider}}


def _compatibility(speech: Speech) -> dict[str, Any]:
    if speech.api != "openai-completions":
        return {}
    # The oldest names: every server that follows the API knows them.
    plain = {"supportsStore": False, "supportsDeveloperRole": False, "maxTokensField": "max_tokens"}
    return {"compat": plain}


def base_url(speech: Speech, given: str) -> str:
    """Return the address as the engine's client of that API wants it."""
    plain = given.rstrip("/")
    return plain.removesuffix("/v1") if speech.api == "anthropic-messages" else plain


def origin(url: str) -> str | None:
    """Return scheme, host and port as a browser writes an origin; None for no URL."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    return f"{parts.scheme}://{host}{port}"


def turn(
    request: CompletionRequest,
    speech: Speech,
    credential: Credential | None,
    only_origin: str | None,
    *,
    once: bool,
) -> str:
    """Return the message that tells the bridge what to ask, and with which credential.

    `once` lets one request leave and no more, whatever the engine makes of the answer.

    Raises:
        UnicodeEncodeError: The request holds half of a character.
    """
    message = json.dumps(
        {
            "secret": credential.secret.value.strip() if credential else NO_KEY,
            "session": credential is not None and credential.mode == "token_session",
            "origin": only_origin,
            "once": once,
            "system": request.system,
            "messages": _conversation(request, speech),
            "tools": [_tool(tool) for tool in request.tools],
            "maxTokens": request.max_output_tokens,
            "maxTokensField": speech.max_tokens_field,
        },
        ensure_ascii=False,
    )
    message.encode("utf-8")
    return message


def _conversation(request: CompletionRequest, speech: Speech) -> list[dict[str, Any]]:
    names = {
        part.id: part.name
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }
    # The engine changes calls of other models to its taste; these are to arrive as they are.
    own = {"api": speech.api, "provider": speech.provider, "model": request.model}
    return [turn for message in request.messages for turn in _turns(message, own, names)]


def _turns(
    message: Message, own: Mapping[str, str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    results = [_result(part, names) for part in message.parts if isinstance(part, ToolResult)]
    content = [_block(part) for part in message.parts if not isinstance(part, ToolResult)]
    if not content:
        return results
    said: dict[str, Any] = {"role": message.role, "content": content, "timestamp": 0}
    if message.role == "assistant":
        called = any(isinstance(part, ToolCall) for part in message.parts)
        said |= {
            **own,
            "stopReason": "toolUse" if called else "stop",
            "usage": dict(_NO_USAGE),
        }
    return [*results, said]


_NO_USAGE: Final = MappingProxyType(
    {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 0}
)


def _block(part: Text | ToolCall) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case ToolCall(call_id, name, arguments):
            return {"type": "toolCall", "id": call_id, "name": name, "arguments": dict(arguments)}
        case _:
            assert_never(part)


def _result(part: ToolResult, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "role": "toolResult",
        "toolCallId": part.call_id,
        "toolName": names.get(part.call_id, ""),
        "content": [{"type": "text", "text": part.text}],
        "isError": part.is_error,
        "timestamp": 0,
    }


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.input_schema),
    }

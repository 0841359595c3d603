"""Owns the Messages API as a surface: paths, error words, answers and the model list.

Must not know the SDK or HTTP. Source: docs.anthropic.com, "Messages", "Errors", "Models".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.adapters.anthropic import requests
from kata_lsp.providers.adapters.anthropic.events import MessageReader, stop_reason, usage_of
from kata_lsp.providers.base import ModelInfo
from kata_lsp.providers.faults import FaultWords, TextRule
from kata_lsp.providers.messages import Completion
from kata_lsp.providers.readers import tool_call
from kata_lsp.providers.sdk_adapter import GetObject, Surface
from kata_lsp.providers.wire import count, mapping

_MAX_PAGES: Final = 20
_PAGE_SIZE: Final = 100

_BAD_REQUEST: Final = frozenset({400})
WORDS: Final = FaultWords(
    codes=MappingProxyType(
        {
            "contract_spend_limit_reached": ErrorCode.QUOTA_EXHAUSTED,
            "enforced_spend_limit_reached": ErrorCode.QUOTA_EXHAUSTED,
            "linked_organization_billing_unavailable": ErrorCode.QUOTA_EXHAUSTED,
            "linked_organization_spend_limit_reached": ErrorCode.QUOTA_EXHAUSTED,
            "organization_on_hold": ErrorCode.PERMISSION_DENIED,
            "ramp_limit_exceeded": ErrorCode.RATE_LIMITED,
            "region_not_supported": ErrorCode.PERMISSION_DENIED,
            "request_body_too_large_after_decoding": ErrorCode.CONTEXT_TOO_LARGE,
        }
    ),
    types=MappingProxyType(
        {
            "billing_error": ErrorCode.QUOTA_EXHAUSTED,
            "overloaded_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "permission_error": ErrorCode.PERMISSION_DENIED,
            "request_too_large": ErrorCode.CONTEXT_TOO_LARGE,
        }
    ),
    texts=(
        TextRule(
            re.compile(r"(?:prompt|input) is too long\b", re.IGNORECASE),
            ErrorCode.CONTEXT_TOO_LARGE,
        ),
        TextRule(
            re.compile(r"input length and `max_tokens` exceed context limit\b"),
            ErrorCode.CONTEXT_TOO_LARGE,
        ),
        TextRule(re.compile(r"Your credit balance is too low\b"), ErrorCode.QUOTA_EXHAUSTED),
        TextRule(
            re.compile(r"You have reached your specified (?:\w+ )*usage limits\b"),
            ErrorCode.QUOTA_EXHAUSTED,
        ),
        TextRule(
            re.compile(r"Output blocked by content filtering policy\b"),
            ErrorCode.CONTENT_REFUSED,
        ),
        TextRule(
            re.compile(r"[\w ]*\b(?:token|session|key)\b[\w ]*\bexpired\b", re.IGNORECASE),
            ErrorCode.SESSION_EXPIRED,
            frozenset({401}),
        ),
        TextRule(
            re.compile(r"model:|[\w ]*\bmodel\b.*\bnot found\b", re.IGNORECASE),
            ErrorCode.MODEL_NOT_FOUND,
            frozenset({400, 404}),
        ),
    ),
    vague_types=MappingProxyType(
        {
            "api_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "authentication_error": ErrorCode.INVALID_AUTH,
            "invalid_request_error": ErrorCode.INVALID_REQUEST,
            "not_found_error": ErrorCode.MODEL_NOT_FOUND,
            "rate_limit_error": ErrorCode.RATE_LIMITED,
            "timeout_error": ErrorCode.PROVIDER_UNAVAILABLE,
        }
    ),
)


async def models(get: GetObject) -> tuple[ModelInfo, ...]:
    """Return every model that is not retired, newest first as the API lists them."""
    found: list[ModelInfo] = []
    query: dict[str, Any] = {"limit": _PAGE_SIZE}
    for _ in range(_MAX_PAGES):
        page = await get("/v1/models", query)
        found += [model_info(item) for item in page["data"] if not _retired(item)]
        last = page.get("last_id")
        if not page.get("has_more") or not last or last == query.get("after_id"):
            break
        query["after_id"] = last
    return tuple(found)


def completion(body: Mapping[str, Any], model: str, request_id: str | None) -> Completion:
    """Return the answer that a `message` object holds; blocks of unknown types are left out."""
    blocks: list[dict[str, Any]] = body["content"]
    return Completion(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        model=body.get("model") or model,
        stop_reason=stop_reason(body["stop_reason"]),
        usage=usage_of(mapping(body.get("usage"))),
        thinking="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        tool_calls=tuple(
            tool_call(block["id"], block["name"], block["input"])
            for block in blocks
            if block["type"] == "tool_use"
        ),
        request_id=request_id,
    )


def model_info(item: Mapping[str, Any]) -> ModelInfo:
    """Return one entry of the model list."""
    return ModelInfo(
        id=item["id"],
        display_name=item.get("display_name") or "",
        context_tokens=count(item.get("max_input_tokens")),
        max_output_tokens=count(item.get("max_tokens")),
    )


def _retired(item: Mapping[str, Any]) -> bool:
    return item.get("lifecycle") == "retired"


MESSAGES: Final = Surface(
    path="/v1/messages",
    words=WORDS,
    request_id_header="request-id",
    body=requests.body,
    reader=MessageReader,
    completion=completion,
    models=models,
)

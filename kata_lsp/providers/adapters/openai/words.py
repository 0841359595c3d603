"""Owns OpenAI's words for what goes wrong, and the model list; both of its APIs share them.

Must not know the SDK or HTTP. Source: platform.openai.com/docs, "Error codes"; servers that
follow the API (vLLM, Ollama, LM Studio, llama.cpp) add words of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Final

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.base import ModelInfo
from kata_lsp.providers.faults import FaultWords, TextRule
from kata_lsp.providers.sdk_adapter import GetObject
from kata_lsp.providers.wire import count

WORDS: Final = FaultWords(
    codes=MappingProxyType(
        {
            "account_deactivated": ErrorCode.PERMISSION_DENIED,
            "billing_hard_limit_reached": ErrorCode.QUOTA_EXHAUSTED,
            "billing_not_active": ErrorCode.QUOTA_EXHAUSTED,
            "bio_policy": ErrorCode.CONTENT_REFUSED,
            "content_filter": ErrorCode.CONTENT_REFUSED,
            "content_policy_violation": ErrorCode.CONTENT_REFUSED,
            "context_length_exceeded": ErrorCode.CONTEXT_TOO_LARGE,
            "data_residency_mismatch": ErrorCode.PERMISSION_DENIED,
            "insufficient_quota": ErrorCode.QUOTA_EXHAUSTED,
            "invalid_api_key": ErrorCode.INVALID_AUTH,
            "invalid_prompt": ErrorCode.CONTENT_REFUSED,
            "misalignment_policy_violation": ErrorCode.CONTENT_REFUSED,
            "model_not_found": ErrorCode.MODEL_NOT_FOUND,
            "rate_limit_exceeded": ErrorCode.RATE_LIMITED,
            "server_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "server_is_overloaded": ErrorCode.PROVIDER_UNAVAILABLE,
            "slow_down": ErrorCode.RATE_LIMITED,
            "token_expired": ErrorCode.SESSION_EXPIRED,
            "unsupported_country_region_territory": ErrorCode.PERMISSION_DENIED,
        }
    ),
    types=MappingProxyType(
        {
            "billing_error": ErrorCode.QUOTA_EXHAUSTED,
            "exceed_context_size_error": ErrorCode.CONTEXT_TOO_LARGE,
            "insufficient_quota": ErrorCode.QUOTA_EXHAUSTED,
        }
    ),
    texts=(
        TextRule(
            re.compile(r"(?:This model's|The model's) maximum context length is\b"),
            ErrorCode.CONTEXT_TOO_LARGE,
        ),
        TextRule(
            re.compile(r"(?:Your input|the request) exceeds the (?:available )?context\b"),
            ErrorCode.CONTEXT_TOO_LARGE,
        ),
        TextRule(re.compile(r"You exceeded your current quota\b"), ErrorCode.QUOTA_EXHAUSTED),
        TextRule(
            re.compile(r"[\w ]*\b(?:token|session|key)\b[\w ]*\bexpired\b", re.IGNORECASE),
            ErrorCode.SESSION_EXPIRED,
            frozenset({401}),
        ),
        TextRule(
            re.compile(r"(?:the )?model\b.*\b(?:not found|does not exist)\b", re.IGNORECASE),
            ErrorCode.MODEL_NOT_FOUND,
            frozenset({400, 404}),
        ),
    ),
    vague_types=MappingProxyType(
        {
            "api_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "authentication_error": ErrorCode.INVALID_AUTH,
            "invalid_request_error": ErrorCode.INVALID_REQUEST,
            "overloaded_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "permission_error": ErrorCode.PERMISSION_DENIED,
            "rate_limit_error": ErrorCode.RATE_LIMITED,
            "requests": ErrorCode.RATE_LIMITED,
            "server_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "service_unavailable_error": ErrorCode.PROVIDER_UNAVAILABLE,
            "tokens": ErrorCode.RATE_LIMITED,
        }
    ),
)

_NO_TEXT: Final = (
    "*audio*",
    "*embedding*",
    "*image*",
    "*moderation*",
    "*realtime*",
    "*transcribe*",
    "*tts*",
    "babbage-*",
    "dall-e*",
    "davinci-*",
    "sora*",
    "whisper*",
)
"""Models of the list that answer with something else than a conversation's text."""


async def models(get: GetObject) -> tuple[ModelInfo, ...]:
    """Return the models that can converse, newest first (the list itself has no order)."""
    page = await get("/models", {})
    items: list[Mapping[str, Any]] = [item for item in page["data"] if _converses(item["id"])]
    items.sort(key=lambda item: item.get("created") or 0, reverse=True)
    return tuple(model_info(item) for item in items)


def model_info(item: Mapping[str, Any]) -> ModelInfo:
    """Return one entry; servers other than OpenAI tell the window's size under several names."""
    window = item.get("max_model_len") or item.get("context_length") or item.get("context_window")
    return ModelInfo(
        id=item["id"],
        display_name=item.get("name") or "",
        context_tokens=count(window),
    )


def _converses(model: str) -> bool:
    return not any(fnmatchcase(model, pattern) for pattern in _NO_TEXT)

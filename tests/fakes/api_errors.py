"""The errors that the providers' APIs report, as data: one name, each API's own words.

Knows nothing about what a client should make of them; `faults` says that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes import wire_anthropic, wire_chat
from fakes.steps import Recorded


@dataclass(frozen=True, slots=True)
class Words:
    """How one API says it; `{key}` and `{model}` in a message are filled from the request."""

    status: int
    type: str
    message: str
    code: str | None = None
    details: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ApiError:
    """One error in the words of both vendors."""

    anthropic: Words
    openai: Words

    def words(self, request: Recorded) -> Words:
        """The words of the API that was asked."""
        return self.anthropic if request.surface == "anthropic" else self.openai


def _both(status: int, anthropic: str, openai: str, message: str) -> ApiError:
    return ApiError(Words(status, anthropic, message), Words(status, openai, message))


_INVALID = "invalid_request_error"

API_ERRORS: Mapping[str, ApiError] = {
    "invalid_request": _both(400, _INVALID, _INVALID, "temperature: must be between 0 and 1"),
    "conflict": _both(409, _INVALID, "conflict_error", "The resource was changed meanwhile"),
    "unprocessable": _both(422, _INVALID, _INVALID, "messages.0: extra inputs are not permitted"),
    "prompt_too_long": ApiError(
        Words(400, _INVALID, "prompt is too long: 210018 tokens > 200000 maximum"),
        Words(
            400,
            _INVALID,
            "Your input exceeds the context window of this model. Please adjust your input.",
            "context_length_exceeded",
        ),
    ),
    "request_too_large": _both(
        413, "request_too_large", _INVALID, "Request exceeds the maximum allowed number of bytes."
    ),
    "credit_balance": ApiError(
        Words(400, _INVALID, "Your credit balance is too low to access the Anthropic API."),
        Words(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
        ),
    ),
    "billing": ApiError(
        Words(402, "billing_error", "There is an issue with your payment information."),
        Words(402, "billing_error", "Payment required.", "billing_not_active"),
    ),
    "spend_limit": ApiError(
        Words(
            429,
            "rate_limit_error",
            "You have reached your specified API usage limits.",
            details={"error_code": "enforced_spend_limit_reached"},
        ),
        Words(429, _INVALID, "Billing hard limit has been reached", "billing_hard_limit_reached"),
    ),
    # Both echo the key, as one vendor does in part: no error of ours may repeat a server's words.
    "invalid_key": ApiError(
        Words(401, "authentication_error", "invalid x-api-key: {key}"),
        Words(401, _INVALID, "Incorrect API key provided: {key}.", "invalid_api_key"),
    ),
    "expired_session": ApiError(
        Words(401, "authentication_error", "OAuth token has expired. Please refresh your token."),
        Words(401, _INVALID, "Your authentication token has expired.", "token_expired"),
    ),
    "forbidden": _both(
        403, "permission_error", "permission_error", "Your key may not use this resource."
    ),
    "model_not_found": ApiError(
        Words(404, "not_found_error", "model: {model}"),
        Words(
            404,
            _INVALID,
            "The model `{model}` does not exist or you do not have access to it.",
            "model_not_found",
        ),
    ),
    "rate_limited": ApiError(
        Words(
            429, "rate_limit_error", "This request would exceed your rate limit of 50 per minute"
        ),
        Words(429, "requests", "Rate limit reached for {model}.", "rate_limit_exceeded"),
    ),
    "server_error": ApiError(
        Words(500, "api_error", "Internal server error"),
        Words(500, "server_error", "The server had an error while processing your request."),
    ),
    "bad_gateway": _both(502, "api_error", "server_error", "Bad gateway"),
    "unavailable": _both(503, "api_error", "service_unavailable_error", "Service unavailable"),
    "gateway_timeout": _both(504, "timeout_error", "server_error", "Request timed out"),
    "overloaded": ApiError(
        Words(529, "overloaded_error", "Overloaded"),
        Words(503, "server_error", "That model is currently overloaded.", "server_is_overloaded"),
    ),
    "teapot": _both(418, "teapot_error", "teapot_error", "I'm a teapot"),
    "content_policy": ApiError(
        Words(400, _INVALID, "Output blocked by content filtering policy"),
        Words(400, _INVALID, "Your request was flagged by our policy.", "content_policy_violation"),
    ),
}


def error_body(name: str, request: Recorded) -> Any:
    """The JSON body of error `name` in the words of the API that was asked."""
    words = API_ERRORS[name].words(request)
    message = words.message.format(key=request.key, model=request.model)
    if request.surface == "anthropic":
        return wire_anthropic.error_body(words.type, message, request, words.details)
    return wire_chat.error_body(words.type, message, words.code)

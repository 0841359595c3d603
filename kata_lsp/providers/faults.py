"""Owns the verdict on a provider's failure: tables from what it said to an error code of ours.

Must not know any SDK or HTTP client. The vendors' own words stand in their adapters' tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final, cast

from kata_lsp.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Failure:
    """What a provider said when it failed: status, error code, error type, text.

    `text` is matched against narrow patterns and never shown: servers echo keys and prompts.
    """

    status: int | None = None
    code: str = ""
    type: str = ""
    text: str = field(default="", repr=False)


class ReportedFailureError(Exception):
    """The provider reported a failure inside an answer whose status was already 200."""

    def __init__(self, failure: Failure) -> None:
        super().__init__("the provider reported a failure")
        self.failure = failure


@dataclass(frozen=True, slots=True)
class TextRule:
    """A pattern that must match the error's text from its start, under these statuses (or any)."""

    pattern: re.Pattern[str]
    code: ErrorCode
    statuses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class FaultWords:
    """One vendor's words for what went wrong, each group stronger than the next.

    `vague_types` say no more than a status does, so they count only after the texts.
    """

    codes: Mapping[str, ErrorCode] = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[str, ErrorCode] = field(default_factory=lambda: MappingProxyType({}))
    texts: tuple[TextRule, ...] = ()
    vague_types: Mapping[str, ErrorCode] = field(default_factory=lambda: MappingProxyType({}))


STATUS_CODES: Final[Mapping[int, ErrorCode]] = MappingProxyType(
    {
        400: ErrorCode.INVALID_REQUEST,
        401: ErrorCode.INVALID_AUTH,
        402: ErrorCode.QUOTA_EXHAUSTED,
        403: ErrorCode.PERMISSION_DENIED,
        404: ErrorCode.BAD_ENDPOINT,
        405: ErrorCode.BAD_ENDPOINT,
        407: ErrorCode.BAD_ENDPOINT,
        408: ErrorCode.TIMEOUT,
        409: ErrorCode.INVALID_REQUEST,
        410: ErrorCode.BAD_ENDPOINT,
        412: ErrorCode.INVALID_REQUEST,
        413: ErrorCode.CONTEXT_TOO_LARGE,
        415: ErrorCode.INVALID_REQUEST,
        422: ErrorCode.INVALID_REQUEST,
        429: ErrorCode.RATE_LIMITED,
        451: ErrorCode.PERMISSION_DENIED,
    }
)
_RANGES: Final = (
    (range(300, 400), ErrorCode.BAD_ENDPOINT),
    (range(500, 600), ErrorCode.PROVIDER_UNAVAILABLE),
)


def classify(failure: Failure, words: FaultWords) -> ErrorCode:
    """Return the code of a failure: body code, body type, body text, then vague type, status.

    A failure without a status was reported inside a stream, where words are all there is.
    """
    by_word = words.codes.get(failure.code) or words.types.get(failure.type)
    if by_word is not None:
        return by_word
    for rule in words.texts:
        if rule.statuses and failure.status not in rule.statuses:
            continue
        if rule.pattern.match(failure.text):
            return rule.code
    # The Responses API reports a type as the code when it has no code to report.
    vague = words.vague_types.get(failure.type) or words.vague_types.get(failure.code)
    if failure.status is None:
        return vague or ErrorCode.UNEXPECTED_ERROR
    return status_code(failure.status)


def status_code(status: int) -> ErrorCode:
    """Return the code that an HTTP status alone stands for."""
    if status in STATUS_CODES:
        return STATUS_CODES[status]
    for statuses, code in _RANGES:
        if status in statuses:
            return code
    return ErrorCode.UNEXPECTED_ERROR


def failure_of(body: object, status: int | None = None) -> Failure:
    """Return what an error body says, in any of the shapes that servers use.

    `{"error": {code, type, message, details?}}`, `{code, type, message}` and `{"error": text}`;
    everything else says nothing but its status. A numeric code is a status.
    """
    if not isinstance(body, dict):
        return Failure(status)
    whole = cast("dict[str, Any]", body)
    error = whole.get("error", whole)
    if isinstance(error, str):
        return Failure(status, code=error, text=error)
    if not isinstance(error, dict):
        return Failure(status)
    given = cast("dict[str, Any]", error)
    details: object = given.get("details")
    detail: object = (
        cast("dict[str, Any]", details).get("error_code") if isinstance(details, dict) else None
    )
    code = detail or given.get("code")
    if status is None and isinstance(code, int) and not isinstance(code, bool):
        status = code
    return Failure(
        status,
        code=code if isinstance(code, str) else "",
        type=_string(given.get("type")),
        text=_string(given.get("message")) or _string(given.get("detail")),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds a provider asks us to wait, or None when it does not say.

    `retry-after-ms` wins over `retry-after`, which is a number of seconds or an HTTP date
    (RFC 9110, 10.2.3).

    Args:
        headers: Looked up by lower-case name.
        now: Epoch seconds, to count a date from.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is not None or not given:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


_MESSAGES: Final[Mapping[ErrorCode, str]] = MappingProxyType(
    {
        ErrorCode.MISSING_AUTH: "{provider!r} has no usable credential",
        ErrorCode.INVALID_AUTH: "{provider!r} does not accept the credential",
        ErrorCode.SESSION_EXPIRED: "the session with {provider!r} has expired",
        ErrorCode.RATE_LIMITED: "{provider!r} limits how often this account may ask",
        ErrorCode.PROVIDER_UNAVAILABLE: "{provider!r} cannot answer at the moment",
        ErrorCode.UNEXPECTED_ERROR: "{provider!r} failed in a way this version does not know",
        ErrorCode.PERMISSION_DENIED: "{provider!r} does not allow this credential to do that",
        ErrorCode.QUOTA_EXHAUSTED: "the account with {provider!r} has no credit or quota left",
        ErrorCode.TIMEOUT: "{provider!r} did not answer in time",
        ErrorCode.STREAM_INTERRUPTED: "the answer of {provider!r} broke off before its end",
        ErrorCode.CONTEXT_TOO_LARGE: "the request is too large for {model!r} of {provider!r}",
        ErrorCode.TRUNCATED_OUTPUT: "the answer of {provider!r} is longer than its limit",
        ErrorCode.CONTENT_REFUSED: "{provider!r} refuses this content",
        ErrorCode.EMPTY_OUTPUT: "{provider!r} answered with nothing",
        ErrorCode.MODEL_NOT_FOUND: "{provider!r} has no model {model!r} for this account",
        ErrorCode.BAD_ENDPOINT: "the address of {provider!r} does not lead to its API",
        ErrorCode.INVALID_REQUEST: "{provider!r} refused the request for {model!r} as invalid",
        ErrorCode.BAD_RESPONSE: "the answer of {provider!r} cannot be read",
        ErrorCode.CANCELLED: "the request to {provider!r} was cancelled",
    }
)


def describe(
    code: ErrorCode, provider: str, model: str, *, detail: str = "", status: int | None = None
) -> str:
    """Return one sentence in our own words: no text of a server is ever part of it.

    Args:
        code: What happened.
        provider: Id of the provider it happened to.
        model: The model that was asked for.
        detail: A remark of ours, for instance which bound was exceeded.
        status: The HTTP status, where there was one.
    """
    sentence = _MESSAGES[code].format(provider=provider, model=model)
    remark = detail or (f"HTTP {status}" if status else "")
    return f"{sentence} ({remark})" if remark else sentence

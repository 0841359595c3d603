"""Owns the verdict on a failed answer of the engine: from what was seen on the wire to a code.

Must not know processes. What the bridge saw (`Exchange`) is the evidence; the engine's own message
counts only for the HTTP status at its head, because its prose changes between versions.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.faults import (
    FaultWords,
    classify,
    describe,
    failure_of,
    retry_after,
)
from kata_lsp.providers.messages import StopReason

NOTE: Final = "kata.exchange "
"""What the bridge's notifications about an exchange begin with."""

_HEAD_STATUS: Final = re.compile(r"(?:[\w.-]+ API error \()?([1-5]\d\d)(?:\)?[:\s]|$)")
_STOPS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "refusal": StopReason.REFUSAL,
        "content_filter": StopReason.CONTENT_FILTER,
        "sensitive": StopReason.CONTENT_FILTER,
        "max_tokens": StopReason.MAX_TOKENS,
        "max_output_tokens": StopReason.MAX_TOKENS,
        "model_context_window_exceeded": StopReason.MAX_TOKENS,
        "length": StopReason.MAX_TOKENS,
    }
)
"""The vendors' words for answers that end well on the wire and are none."""
_NOT_HTTP: Final = ("HPE_", "UND_ERR_HEADERS_OVERFLOW", "UND_ERR_RES_")
_TIMEOUTS: Final = frozenset(
    {"UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "ETIMEDOUT", "TimeoutError"}
)
_NOT_TRUSTED: Final = ("CERT_", "DEPTH_ZERO_", "SELF_SIGNED_", "UNABLE_TO_", "ERR_TLS_CERT")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange as the bridge saw it; `status` is None while there is no answer."""

    status: int | None = None
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    network: str = ""
    """Node's name for why there was no answer."""
    body: str = field(default="", repr=False)
    events: int = 0
    failure: object = field(default=None, repr=False)
    """The error event of the stream, if there was one."""
    stop: str = ""
    malformed: bool = False
    broken: bool = False


def read_exchange(text: str) -> Exchange:
    """Return what a notification says; one that cannot be read says nothing."""
    try:
        given: object = json.loads(text)
    except ValueError:
        return Exchange()
    seen = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    names = {"retryAfter": "retry-after", "retryAfterMs": "retry-after-ms"}
    names["shouldRetry"] = "x-should-retry"
    headers = {to: value for name, to in names.items() if isinstance(value := seen.get(name), str)}
    status, request_id = seen.get("status"), seen.get("requestId")
    return Exchange(
        status=status if isinstance(status, int) else None,
        request_id=request_id if isinstance(request_id, str) else None,
        headers=headers,
        network=str(seen.get("network") or ""),
        body=str(seen.get("body") or ""),
        events=int(seen.get("events") or 0),
        failure=seen.get("failure"),
        stop=str(seen.get("stop") or ""),
        malformed=seen.get("malformed") is True,
        broken=seen.get("broken") is True,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom, for messages and for the words of its failures."""

    provider_id: str
    model: str
    words: FaultWords
    runtime_mode: Literal["pi"] = "pi"


def stop_of(seen: Exchange) -> StopReason | None:
    """Return the stop reason on the wire when it is one of an answer that cannot be used."""
    return _STOPS.get(seen.stop)


def failure(seen: Exchange, message: str, asked: Asked, *, partial: bool) -> KataError:
    """Return the failure of an answer that the engine gave up.

    Args:
        seen: The last exchange.
        message: The engine's own message, which is never shown.
        asked: Whom the answer was expected of.
        partial: Whether content had arrived.
    """
    code, status, detail = _judged(seen, message, asked.words, partial=partial)
    wait = retry_after(seen.headers, time.time())
    retry = seen.headers.get("x-should-retry")
    return KataError(
        code,
        describe(code, asked.provider_id, asked.model, detail=detail, status=status),
        retryable=False if retry == "false" else None,
        provider_id=asked.provider_id,
        runtime_mode=asked.runtime_mode,
        retry_after_seconds=wait,
        request_id=seen.request_id,
        partial=partial,
    )


_Verdict = tuple[ErrorCode, int | None, str]
"""A code, the HTTP status if that is why, and a remark of ours."""


def _judged(seen: Exchange, message: str, words: FaultWords, *, partial: bool) -> _Verdict:
    if seen.network:
        return _unreached(seen.network), None, ""
    status = seen.status if seen.status is not None else _status_at_head(message)
    if status is not None and not 200 <= status < 300:  # noqa: PLR2004 - the range of successes
        return classify(failure_of(_json(seen.body), status), words), status, ""
    reported = seen.failure
    if isinstance(reported, dict):
        return classify(failure_of(cast("dict[str, Any]", reported)), words), None, ""
    return _broken_stream(seen, partial=partial)


def _broken_stream(seen: Exchange, *, partial: bool) -> _Verdict:
    if seen.malformed or (seen.events == 0 and not seen.broken):
        return ErrorCode.BAD_RESPONSE, None, "it is not the API's event stream"
    if partial:
        return ErrorCode.STREAM_INTERRUPTED, None, ""
    if seen.broken:
        return ErrorCode.PROVIDER_UNAVAILABLE, None, "the connection broke"
    return ErrorCode.BAD_RESPONSE, None, "it ended before it said anything"


def _unreached(network: str) -> ErrorCode:
    if network in _TIMEOUTS:
        return ErrorCode.TIMEOUT
    if network.startswith(_NOT_HTTP):
        return ErrorCode.BAD_RESPONSE
    if network.startswith(_NOT_TRUSTED) or network == "KATA_OTHER_ORIGIN":
        return ErrorCode.BAD_ENDPOINT
    return ErrorCode.PROVIDER_UNAVAILABLE


def _status_at_head(message: str) -> int | None:
    found = _HEAD_STATUS.match(message)
    return int(found.group(1)) if found else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

"""The verdict on a failed answer of the pi engine: evidence of the wire first, prose never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.adapters.anthropic.surface import WORDS
from kata_lsp.providers.messages import StopReason
from kata_lsp.providers.pi.exchange import Asked, Exchange, failure, read_exchange, stop_of

ASKED = Asked("anthropic", "claude-x", WORDS)
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def check(code: ErrorCode, message: str = "", *, partial: bool = False, **seen: Any) -> None:
    error = failure(Exchange(**seen), message, ASKED, partial=partial)
    assert error.code is code
    assert (error.provider_id, error.runtime_mode, error.partial) == ("anthropic", "pi", partial)
    assert "sk-" not in error.message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (ErrorCode.INVALID_AUTH, '401 {"type":"error"} sk-1'),
        (ErrorCode.RATE_LIMITED, "OpenAI API error (429): slow down"),
        (ErrorCode.PROVIDER_UNAVAILABLE, "503: upstream"),
        (ErrorCode.BAD_RESPONSE, "something about 401 in the middle of a long sentence, sk-1"),
        (ErrorCode.BAD_RESPONSE, "fetch failed"),
    ],
)
def test_without_evidence_only_the_status_at_the_head_counts(code: ErrorCode, message: str):
    """The engine's own words change between versions, so they are never searched."""
    check(code, message)


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        (ErrorCode.QUOTA_EXHAUSTED, {"body": '{"message":"Your credit balance is too low"}'}),
        (ErrorCode.INVALID_REQUEST, {"body": "<html>"}),
        (ErrorCode.INVALID_REQUEST, {"body": "[" * 100_000}),
    ],
)
def test_a_refusal_is_judged_by_its_body(code: ErrorCode, seen: dict[str, Any]):
    """The body that the bridge saw goes through the same tables as in mode `native`."""
    check(code, "ignored", status=400, **seen)


@pytest.mark.parametrize(
    ("code", "network"),
    [
        (ErrorCode.PROVIDER_UNAVAILABLE, "ECONNREFUSED"),
        (ErrorCode.PROVIDER_UNAVAILABLE, "UND_ERR_SOCKET"),
        (ErrorCode.TIMEOUT, "UND_ERR_CONNECT_TIMEOUT"),
        (ErrorCode.BAD_RESPONSE, "HPE_INVALID_CONSTANT"),
        (ErrorCode.BAD_ENDPOINT, "CERT_HAS_EXPIRED"),
        (ErrorCode.BAD_ENDPOINT, "KATA_OTHER_ORIGIN"),
    ],
)
def test_no_answer_is_judged_by_why_there_was_none(code: ErrorCode, network: str):
    """Node's names of failures are a closed vocabulary, unlike its messages."""
    check(code, "429 sk-1", network=network)


@pytest.mark.parametrize(
    ("code", "partial", "seen"),
    [
        (ErrorCode.PROVIDER_UNAVAILABLE, True, {"events": 3, "failure": OVERLOADED}),
        (ErrorCode.BAD_RESPONSE, True, {"events": 3, "malformed": True}),
        (ErrorCode.STREAM_INTERRUPTED, True, {"events": 3, "broken": True}),
        (ErrorCode.STREAM_INTERRUPTED, True, {"events": 3}),
        (ErrorCode.PROVIDER_UNAVAILABLE, False, {"events": 1, "broken": True}),
        (ErrorCode.PROVIDER_UNAVAILABLE, False, {"broken": True}),
        (ErrorCode.BAD_RESPONSE, False, {"events": 0}),
        (ErrorCode.BAD_RESPONSE, False, {"events": 2}),
    ],
)
def test_a_stream_that_broke_off_is_judged_by_how(
    code: ErrorCode, partial: bool, seen: dict[str, Any]
):
    """Its own error event first, then whether it was a stream at all, then what had arrived."""
    check(code, "ignored", partial=partial, status=200, **seen)


def test_waits_and_ids_come_from_the_headers():
    """The provider's own wish about another try survives the engine."""
    seen = read_exchange(
        json.dumps({"status": 429, "retryAfter": "7", "shouldRetry": "false", "requestId": "r1"})
    )
    error = failure(seen, "", ASKED, partial=False)
    assert (error.retry_after_seconds, error.retryable, error.request_id) == (7.0, False, "r1")


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"status": "200"}'])
def test_a_note_that_cannot_be_read_says_nothing(text: str):
    """The bridge is ours, but its notes are input all the same."""
    assert read_exchange(text) == Exchange()


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("refusal", StopReason.REFUSAL),
        ("content_filter", StopReason.CONTENT_FILTER),
        ("model_context_window_exceeded", StopReason.MAX_TOKENS),
        ("end_turn", None),
        ("", None),
    ],
)
def test_a_stop_that_is_no_answer_wins_over_the_engines_reading(
    stop: str, reason: StopReason | None
):
    """The engine calls some cut-off answers finished; the wire says otherwise."""
    assert stop_of(Exchange(stop=stop)) is reason

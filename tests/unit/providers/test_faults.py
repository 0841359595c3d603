"""Failures become codes by tables, in the order: code, type, text, status."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import pytest

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.adapters.anthropic.surface import WORDS as ANTHROPIC
from kata_lsp.providers.adapters.openai.words import WORDS as OPENAI
from kata_lsp.providers.faults import (
    Failure,
    FaultWords,
    TextRule,
    classify,
    describe,
    failure_of,
    retry_after,
    status_code,
)

SAMPLE = FaultWords(
    codes=MappingProxyType({"the_code": ErrorCode.QUOTA_EXHAUSTED}),
    types=MappingProxyType({"the_type": ErrorCode.PERMISSION_DENIED}),
    texts=(
        TextRule(re.compile("the text"), ErrorCode.CONTEXT_TOO_LARGE),
        TextRule(re.compile("only then"), ErrorCode.SESSION_EXPIRED, frozenset({401})),
    ),
    vague_types=MappingProxyType({"vague": ErrorCode.RATE_LIMITED}),
)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(500, "the_code", "the_type", "the text"), ErrorCode.QUOTA_EXHAUSTED),
        (Failure(500, "other", "the_type", "the text"), ErrorCode.PERMISSION_DENIED),
        (Failure(500, "other", "other", "the text is long"), ErrorCode.CONTEXT_TOO_LARGE),
        (Failure(500, "other", "other", "not the text"), ErrorCode.PROVIDER_UNAVAILABLE),
        (Failure(401, text="only then"), ErrorCode.SESSION_EXPIRED),
        (Failure(403, text="only then"), ErrorCode.PERMISSION_DENIED),
        (Failure(400, type="vague"), ErrorCode.INVALID_REQUEST),
        (Failure(None, type="vague"), ErrorCode.RATE_LIMITED),
        (Failure(None, code="vague", type="error"), ErrorCode.RATE_LIMITED),
        (Failure(None, type="vague", text="the text"), ErrorCode.CONTEXT_TOO_LARGE),
        (Failure(None, "what", "is", "this"), ErrorCode.UNEXPECTED_ERROR),
    ],
)
def test_the_stronger_word_wins(failure: Failure, expected: ErrorCode):
    """Code before type before text; what is vague counts only where there is no status."""
    assert classify(failure, SAMPLE) is expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((300, 301, 302, 307, 308, 399), ErrorCode.BAD_ENDPOINT),
        ((404, 405, 407, 410), ErrorCode.BAD_ENDPOINT),
        ((400, 409, 412, 415, 422), ErrorCode.INVALID_REQUEST),
        ((401,), ErrorCode.INVALID_AUTH),
        ((402,), ErrorCode.QUOTA_EXHAUSTED),
        ((403, 451), ErrorCode.PERMISSION_DENIED),
        ((408,), ErrorCode.TIMEOUT),
        ((413,), ErrorCode.CONTEXT_TOO_LARGE),
        ((429,), ErrorCode.RATE_LIMITED),
        ((500, 502, 503, 504, 529, 599), ErrorCode.PROVIDER_UNAVAILABLE),
        ((418, 499, 600, 999), ErrorCode.UNEXPECTED_ERROR),
    ],
)
def test_a_status_alone_has_a_code(statuses: tuple[int, ...], expected: ErrorCode):
    """Statuses that nobody uses are unexpected, not guessed at."""
    assert {status_code(status) for status in statuses} == {expected}


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"error": {"type": "t", "message": "m", "code": "c"}}, 400, Failure(400, "c", "t", "m")),
        (
            {"type": "error", "error": {"type": "t", "message": "m", "details": None}},
            529,
            Failure(529, "", "t", "m"),
        ),
        (
            {"error": {"type": "t", "details": {"error_code": "deep"}, "code": "flat"}},
            429,
            Failure(429, "deep", "t"),
        ),
        ({"type": "error", "code": "c", "message": "m"}, None, Failure(None, "c", "error", "m")),
        ({"error": {"code": 404, "message": "m"}}, None, Failure(404, "", "", "m")),
        ({"error": {"code": 404, "message": "m"}}, 400, Failure(400, "", "", "m")),
        ({"error": "model not found"}, 404, Failure(404, "model not found", "", "model not found")),
        ({"detail": "Not Found"}, 404, Failure(404, "", "", "Not Found")),
        ({"error": [1], "message": "m"}, 500, Failure(500)),
        ({"error": {"code": True, "type": 3, "message": {}}}, 500, Failure(500)),
        (None, 500, Failure(500)),
        ([{"error": "no"}], 400, Failure(400)),
        ("text", 400, Failure(400)),
    ],
)
def test_error_bodies_are_read_in_every_shape(body: Any, status: int | None, expected: Failure):
    """What cannot be read says nothing but its status."""
    assert failure_of(body, status) == expected


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("prompt is too long: 210018 tokens > 200000 maximum", 400, ErrorCode.CONTEXT_TOO_LARGE),
        ("Tell me why the prompt is too long", 400, ErrorCode.INVALID_REQUEST),
        ("Your credit balance is too low to access the API", 400, ErrorCode.QUOTA_EXHAUSTED),
        ("You have reached your specified API usage limits.", 400, ErrorCode.QUOTA_EXHAUSTED),
        ("OAuth token has expired. Please refresh it.", 401, ErrorCode.SESSION_EXPIRED),
        ("invalid x-api-key", 401, ErrorCode.INVALID_AUTH),
        ("model: claude-none", 404, ErrorCode.MODEL_NOT_FOUND),
        ("model 'tiny' not found", 404, ErrorCode.MODEL_NOT_FOUND),
        ("Not Found", 404, ErrorCode.BAD_ENDPOINT),
    ],
)
def test_anthropic_texts_are_matched_narrowly(text: str, status: int, expected: ErrorCode):
    """Only the texts that the API is known to send count, from their beginning."""
    kind = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
    assert classify(Failure(status, type=kind[status], text=text), ANTHROPIC) is expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(429, code="enforced_spend_limit_reached"), ErrorCode.QUOTA_EXHAUSTED),
        (Failure(429, code="ramp_limit_exceeded"), ErrorCode.RATE_LIMITED),
        (Failure(402, type="billing_error"), ErrorCode.QUOTA_EXHAUSTED),
        (Failure(None, type="overloaded_error"), ErrorCode.PROVIDER_UNAVAILABLE),
        (Failure(None, type="api_error"), ErrorCode.PROVIDER_UNAVAILABLE),
        (Failure(None, type="rate_limit_error"), ErrorCode.RATE_LIMITED),
        (Failure(None, type="authentication_error"), ErrorCode.INVALID_AUTH),
    ],
)
def test_anthropic_words_have_codes(failure: Failure, expected: ErrorCode):
    """Documented codes and types, with and without a status."""
    assert classify(failure, ANTHROPIC) is expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(400, code="context_length_exceeded"), ErrorCode.CONTEXT_TOO_LARGE),
        (Failure(400, text="This model's maximum context length is 4096 tokens."),
         ErrorCode.CONTEXT_TOO_LARGE),
        (Failure(400, type="exceed_context_size_error"), ErrorCode.CONTEXT_TOO_LARGE),
        (Failure(429, code="insufficient_quota"), ErrorCode.QUOTA_EXHAUSTED),
        (Failure(429, code="rate_limit_exceeded", type="tokens"), ErrorCode.RATE_LIMITED),
        (Failure(401, code="token_expired"), ErrorCode.SESSION_EXPIRED),
        (Failure(401, code="invalid_api_key"), ErrorCode.INVALID_AUTH),
        (Failure(403, code="unsupported_country_region_territory"), ErrorCode.PERMISSION_DENIED),
        (Failure(403, code="model_not_found"), ErrorCode.MODEL_NOT_FOUND),
        (Failure(404, text="The model `x` does not exist."), ErrorCode.MODEL_NOT_FOUND),
        (Failure(404, text='model "x" not found, try pulling it first'), ErrorCode.MODEL_NOT_FOUND),
        (Failure(404, text="Not Found"), ErrorCode.BAD_ENDPOINT),
        (Failure(400, code="content_policy_violation"), ErrorCode.CONTENT_REFUSED),
        (Failure(None, code="server_error"), ErrorCode.PROVIDER_UNAVAILABLE),
        (Failure(None, code="rate_limit_exceeded"), ErrorCode.RATE_LIMITED),
        (Failure(None, code="glitter"), ErrorCode.UNEXPECTED_ERROR),
    ],
)  # fmt: skip
def test_openai_words_have_codes(failure: Failure, expected: ErrorCode):
    """Documented codes, and the words of servers that follow the API."""
    assert classify(failure, OPENAI) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "150"}, 0.15),
        ({"retry-after-ms": "150", "retry-after": "9"}, 0.15),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, 10.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
def test_the_wait_is_read_in_all_its_forms(headers: dict[str, str], expected: float | None):
    """Milliseconds, seconds or a date (counted from now, which is 1000 here)."""
    assert retry_after(headers, 1000.0) == expected


def test_every_code_has_a_sentence_that_names_the_provider():
    """A message says what happened to whom, with our own remark or the status behind it."""
    for code in ErrorCode:
        assert "'mine'" in describe(code, "mine", "m-1")
    assert describe(ErrorCode.MODEL_NOT_FOUND, "mine", "m-1", status=404) == (
        "'mine' has no model 'm-1' for this account (HTTP 404)"
    )
    assert describe(ErrorCode.TIMEOUT, "mine", "m-1", detail="why", status=1).endswith("(why)")


def test_a_failure_does_not_show_its_text():
    """Servers echo keys in texts; a repr in a log must not repeat them."""
    assert "sk-echo" not in repr(Failure(401, text="Incorrect key sk-echo"))

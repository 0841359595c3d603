"""The one retry rule: what is asked again, when, and how often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.retry import FALLS_BACK, RETRIED, RetryPolicy, wait_before_retry

POLICY = RetryPolicy(max_retries=2, base=0.5, longest_backoff=8.0, longest_wait=30.0)


def wait(code: ErrorCode, retries: int = 0, jitter: float = 0.5, **error: object) -> float | None:
    """The wait for such an error."""
    failure = KataError(code, "failed", **error)  # pyright: ignore[reportArgumentType] - a row
    return wait_before_retry(failure, retries, POLICY, lambda: jitter)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_only_three_codes_are_asked_again(code):
    """Rate limits, unavailability and timeouts; everything else fails at once."""
    assert (wait(code) is not None) == (code in RETRIED)
    assert (
        frozenset({ErrorCode.RATE_LIMITED, ErrorCode.PROVIDER_UNAVAILABLE, ErrorCode.TIMEOUT})
        == RETRIED
    )


@pytest.mark.parametrize(("retries", "expected"), [(0, 0.25), (1, 0.5), (2, None), (3, None)])
def test_back_off_doubles_and_ends_after_two_retries(retries, expected):
    """Half of the window, by the jitter given; the window doubles."""
    assert wait(ErrorCode.PROVIDER_UNAVAILABLE, retries) == expected


@pytest.mark.parametrize(
    ("asked", "expected"), [(0.15, 0.4), (1.0, 1.25), (30.0, 30.25), (30.1, None), (3600, None)]
)
def test_what_the_provider_asks_for_is_the_lower_bound(asked, expected):
    """Jitter comes on top of it, and more than 30 s is not waited for."""
    assert wait(ErrorCode.RATE_LIMITED, retry_after_seconds=asked) == pytest.approx(expected)


def test_a_providers_veto_is_honoured():
    """An error that is not retryable is not retried, whatever its code."""
    assert wait(ErrorCode.PROVIDER_UNAVAILABLE, retryable=False) is None


@given(
    jitter=st.floats(0, 1, exclude_max=True),
    retries=st.integers(0, 1),
    asked=st.none() | st.floats(0, 30),
)
def test_a_wait_lies_between_what_was_asked_and_one_window_more(jitter, retries, asked):
    """Full jitter: any wait from the lower bound to a whole window above it."""
    found = wait(ErrorCode.RATE_LIMITED, retries, jitter, retry_after_seconds=asked)
    assert found is not None
    assert (asked or 0) <= found <= (asked or 0) + POLICY.base * 2**retries


def test_fallback_is_for_credentials_quota_and_availability():
    """Another provider cannot help with a request that is wrong or an answer that is bad."""
    assert RETRIED < FALLS_BACK
    assert not FALLS_BACK & {
        ErrorCode.INVALID_REQUEST,
        ErrorCode.BAD_ENDPOINT,
        ErrorCode.BAD_RESPONSE,
        ErrorCode.MODEL_NOT_FOUND,
        ErrorCode.CONTENT_REFUSED,
        ErrorCode.CONTEXT_TOO_LARGE,
        ErrorCode.CANCELLED,
        ErrorCode.UNEXPECTED_ERROR,
    }

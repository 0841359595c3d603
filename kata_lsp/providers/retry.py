"""Owns the one retry rule, and which failures let another provider have a try.

Must not know time, providers or how a request is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kata_lsp.errors import ErrorCode, KataError

RETRIED: Final = frozenset(
    {ErrorCode.RATE_LIMITED, ErrorCode.PROVIDER_UNAVAILABLE, ErrorCode.TIMEOUT}
)
"""Codes that the same provider is asked again for."""

FALLS_BACK: Final = frozenset(
    {
        ErrorCode.MISSING_AUTH,
        ErrorCode.INVALID_AUTH,
        ErrorCode.SESSION_EXPIRED,
        ErrorCode.PERMISSION_DENIED,
        ErrorCode.QUOTA_EXHAUSTED,
        ErrorCode.RATE_LIMITED,
        ErrorCode.PROVIDER_UNAVAILABLE,
        ErrorCode.TIMEOUT,
    }
)
"""Codes that the next provider of the chain is asked for: credential, quota, availability."""


MOST_RETRIES: Final = 2
"""A provider is sent at most one request more than this per call, whatever the reasons."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to wait, in seconds."""

    max_retries: int = MOST_RETRIES
    base: float = 0.5
    """The first back-off is at most this; every further one at most twice the one before."""
    longest_backoff: float = 8.0
    longest_wait: float = 30.0
    """A provider that asks for more than this is not waited for."""


def wait_before_retry(
    error: KataError, retries: int, policy: RetryPolicy, jitter: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before asking again, None when it must not be asked again.

    What the provider asks for is the lower bound; full jitter comes on top, so that many clients
    do not return at once.

    Args:
        error: How the request failed. `retryable` False is the provider's own veto.
        retries: How many retries there were already.
        policy: The bounds.
        jitter: Returns a number in [0, 1).
    """
    if retries >= policy.max_retries or error.code not in RETRIED or not error.retryable:
        return None
    asked = error.retry_after_seconds or 0.0
    if asked > policy.longest_wait:
        return None
    window = min(policy.longest_backoff, policy.base * 2**retries)
    return asked + jitter() * window

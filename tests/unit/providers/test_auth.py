"""The credential rules, one row per rule."""

from __future__ import annotations

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.auth import AuthChoice, AuthFacts, SessionFacts, choose

ACTIVE = SessionFacts("active")
NO_ID = SessionFacts("active", has_id=False)
INACTIVE = SessionFacts("inactive")
EXPIRED = SessionFacts("expired")


def check(expected: AuthChoice | ErrorCode, **facts: object) -> None:
    """Compare what the rules say with what is expected."""
    given = AuthFacts("acme", **facts)  # pyright: ignore[reportArgumentType] - a table row
    if isinstance(expected, AuthChoice):
        assert choose(given) == expected
        return
    with pytest.raises(KataError) as caught:
        choose(given)
    assert caught.value.code is expected
    assert "'acme'" in caught.value.message
    assert caught.value.provider_id == "acme"


@pytest.mark.parametrize("sessions", [True, False])
@pytest.mark.parametrize("session", [None, ACTIVE, NO_ID, INACTIVE, EXPIRED])
def test_an_explicit_key_request_needs_a_key_and_nothing_else(sessions, session):
    """`api_key` uses the key whatever the session is, and is `missing_auth` without one."""
    common = {"requested": "api_key", "supports_sessions": sessions, "session": session}
    check(AuthChoice("api_key"), has_key=True, **common)
    check(ErrorCode.MISSING_AUTH, has_key=False, **common)


@pytest.mark.parametrize("requested", ["token_session", None])
@pytest.mark.parametrize("has_key", [True, False])
def test_an_active_session_with_an_id_is_used(requested, has_key):
    """A session is the default where it is supported, also when there is a key."""
    check(
        AuthChoice("token_session"),
        requested=requested,
        supports_sessions=True,
        session=ACTIVE,
        has_key=has_key,
    )


@pytest.mark.parametrize(
    ("sessions", "session"),
    [(True, INACTIVE), (True, EXPIRED), (True, NO_ID), (True, None), (False, ACTIVE)],
)
def test_a_session_that_cannot_be_used_falls_back_to_the_key(sessions, session):
    """Inactive, expired, without an id, absent or unsupported: the key stands in."""
    check(
        AuthChoice("api_key", fell_back=True),
        requested="token_session",
        supports_sessions=sessions,
        session=session,
        has_key=True,
    )


@pytest.mark.parametrize(
    ("sessions", "session", "allowed", "has_key", "code"),
    [
        (True, EXPIRED, True, False, ErrorCode.SESSION_EXPIRED),
        (True, EXPIRED, False, True, ErrorCode.SESSION_EXPIRED),
        (True, NO_ID, True, False, ErrorCode.INVALID_AUTH),
        (True, NO_ID, False, True, ErrorCode.INVALID_AUTH),
        (False, ACTIVE, False, True, ErrorCode.INVALID_AUTH),
        (False, None, False, False, ErrorCode.INVALID_AUTH),
        (False, ACTIVE, True, False, ErrorCode.MISSING_AUTH),
        (True, None, True, False, ErrorCode.MISSING_AUTH),
        (True, None, False, True, ErrorCode.MISSING_AUTH),
        (True, INACTIVE, True, False, ErrorCode.MISSING_AUTH),
        (True, INACTIVE, False, True, ErrorCode.MISSING_AUTH),
    ],
)
def test_without_a_way_out_the_session_decides_the_code(sessions, session, allowed, has_key, code):
    """Expired, without an id, unsupported and absent each have their own code."""
    check(
        code,
        requested="token_session",
        supports_sessions=sessions,
        session=session,
        allow_api_key_fallback=allowed,
        has_key=has_key,
    )


def test_a_key_that_was_found_but_is_unusable_is_explained():
    """The reason why a key does not count is the message."""
    problem = "the key of 'acme' from client contains a control character"
    with pytest.raises(KataError, match="control character"):
        choose(AuthFacts("acme", key_problem=problem))


def test_only_a_session_that_was_expected_counts_as_fallen_back_from():
    """A key is no fallback where nobody asked for a session and there was none."""
    check(AuthChoice("api_key"), supports_sessions=True, has_key=True)
    check(
        AuthChoice("api_key", fell_back=True),
        supports_sessions=True,
        session=EXPIRED,
        has_key=True,
    )

"""Owns the credential rules: which credential a provider call uses, as a function of facts.

Must not know where credentials come from, nor their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import AuthMode, Credential

SessionState = Literal["active", "inactive", "expired"]
"""What is known of a token session; `inactive` covers one that was signed out."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A token session: its state, and whether it carries an id (the token itself)."""

    state: SessionState
    has_id: bool = True


@dataclass(frozen=True, slots=True)
class AuthFacts:
    """Everything the rules look at; `requested` None takes the provider's default mode."""

    provider: str
    requested: AuthMode | None = None
    supports_sessions: bool = False
    allow_api_key_fallback: bool = True
    session: SessionFacts | None = None
    has_key: bool = False
    key_problem: str = ""
    """Why a key that was found cannot be used; part of the message when a key was needed."""


@dataclass(frozen=True, slots=True)
class AuthChoice:
    """The mode to use; `fell_back` when a key stands in for the session that was asked for."""

    mode: AuthMode
    fell_back: bool = False


@dataclass(frozen=True, slots=True)
class AuthResolution:
    """What a provider call authenticates with. `source` says who supplied it, never the value.

    `mode` and `credential` are None for a provider that needs no credential and was given none.
    """

    provider: str
    mode: AuthMode | None
    source: str
    credential: Credential | None
    fell_back: bool = False


def uses_session(facts: AuthFacts) -> bool:
    """Say whether the token session itself will be used, so that no key need be looked for."""
    session = facts.session
    return (
        facts.requested != "api_key"
        and facts.supports_sessions
        and session is not None
        and session.state == "active"
        and session.has_id
    )


def choose(facts: AuthFacts) -> AuthChoice:
    """Apply the credential rules (ARCHITECTURE.md, "Credentials").

    Raises:
        KataError: No usable credential: `missing_auth`, `invalid_auth` or `session_expired`.
    """
    if uses_session(facts):
        return AuthChoice("token_session")
    mode = facts.requested or ("token_session" if facts.supports_sessions else "api_key")
    if mode == "api_key":
        if facts.has_key:
            return AuthChoice("api_key")
        raise _missing_key(facts)
    if facts.has_key and facts.allow_api_key_fallback:
        asked = facts.requested is not None or facts.session is not None
        return AuthChoice("api_key", fell_back=asked)
    raise _no_session(facts)


def _no_session(facts: AuthFacts) -> KataError:
    provider, session = facts.provider, facts.session
    if not facts.supports_sessions:
        if facts.allow_api_key_fallback:
            return _missing_key(facts)
        return _error(
            ErrorCode.INVALID_AUTH,
            provider,
            f"{provider!r} has no token sessions, and falling back to an API key is disabled",
        )
    if session is not None and session.state == "expired":
        return _error(
            ErrorCode.SESSION_EXPIRED, provider, f"the token session of {provider!r} has expired"
        )
    if session is not None and session.state == "active":
        return _error(
            ErrorCode.INVALID_AUTH,
            provider,
            f"the token session of {provider!r} has no usable token",
        )
    if facts.allow_api_key_fallback:
        return _missing_key(facts)
    return _error(ErrorCode.MISSING_AUTH, provider, f"{provider!r} has no active token session")


def _missing_key(facts: AuthFacts) -> KataError:
    what = facts.key_problem or f"no API key was found for {facts.provider!r}"
    return _error(ErrorCode.MISSING_AUTH, facts.provider, what)


def _error(code: ErrorCode, provider: str, message: str) -> KataError:
    return KataError(code, message, provider_id=provider)

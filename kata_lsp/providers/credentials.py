"""Owns where credentials come from, in order: client, environment, user's command, OS keyring.

Must not know the rules that choose between a session and a key; `auth` does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kata_lsp.errors import KataError
from kata_lsp.providers.auth import (
    AuthFacts,
    AuthResolution,
    SessionFacts,
    SessionState,
    choose,
    uses_session,
)
from kata_lsp.providers.base import AuthMode, Credential, Secret
from kata_lsp.providers.credentials_command import CommandSource
from kata_lsp.providers.credentials_keyring import KeyringSource
from kata_lsp.providers.credentials_source import KeySource, KeySourceError
from kata_lsp.providers.registry import Provider

NONE_NEEDED: Final = "none needed"
"""The source reported for a provider that takes anyone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and who supplied it; `problem` says why it cannot be used, if so."""

    secret: Secret
    source: str
    expires_at: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Pushed:
    api_key: Secret | None
    token: Secret | None
    expires_at: float | None


class Credentials:
    """Finds a provider's credential. Values stay in memory and are never logged.

    Args:
        environ: The process environment, or a test's.
        sources: Outside sources, asked in order after the client and the environment; None
            takes the user's command and the keyring.
        now: Returns epoch seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        sources: Sequence[KeySource] | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._environ = environ
        self._sources = (CommandSource(environ), KeyringSource()) if sources is None else sources
        self._now = now
        self._pushed: dict[str, _Pushed] = {}
        # Answers of outside sources: asking again may unlock a keyring or start a program.
        self._remembered: dict[str, Found] = {}

    def push(
        self,
        provider_id: str,
        api_key: str | None = None,
        token: str | None = None,
        expires_at: float | None = None,
    ) -> None:
        """Take a credential from the client, or all of them back when none is given.

        `expires_at` (epoch seconds) is the token's end, None when it is not known.
        """
        if api_key is None and token is None:
            self._pushed.pop(provider_id, None)
            return
        self._pushed[provider_id] = _Pushed(
            None if api_key is None else Secret(api_key),
            None if token is None else Secret(token),
            expires_at,
        )

    def forget(self, provider_id: str) -> None:
        """Ask the outside sources again next time: what they gave was refused."""
        self._remembered.pop(provider_id, None)

    async def resolve(
        self,
        provider: Provider,
        mode: AuthMode | None = None,
        *,
        allow_api_key_fallback: bool = True,
        rejected: Credential | None = None,
    ) -> AuthResolution:
        """Find the credential to use, by the rules of `auth`.

        `rejected` is one that the provider called expired: every source is asked once more, and
        the same value does not count.

        Raises:
            KataError: There is no usable credential.
        """
        capabilities = provider.spec.capabilities
        session = self._session(provider)
        facts = AuthFacts(
            provider=provider.id,
            requested=mode,
            supports_sessions=capabilities.token_sessions,
            allow_api_key_fallback=allow_api_key_fallback,
            session=session and self._session_facts(session, rejected),
        )
        key = None if uses_session(facts) else await self._key(provider, rejected)
        if key is not None:
            facts = replace(facts, has_key=not key.problem, key_problem=key.problem)
        try:
            choice = choose(facts)
        except KataError:
            if capabilities.needs_credential or mode is not None:
                raise
            return AuthResolution(provider.id, None, NONE_NEEDED, None)
        found = session if choice.mode == "token_session" else key
        assert found is not None  # noqa: S101 - `choose` picks only what the facts hold
        credential = Credential(choice.mode, found.secret, found.source)
        return AuthResolution(
            provider.id, choice.mode, found.source, credential, fell_back=choice.fell_back
        )

    def _session(self, provider: Provider) -> Found | None:
        pushed = self._pushed.get(provider.id)
        if pushed is not None and pushed.token is not None:
            return cleaned(pushed.token.value, "client", pushed.expires_at)
        for variable in provider.spec.token_variables:
            if self._environ.get(variable, "").strip():
                return cleaned(self._environ[variable], f"environment ({variable})")
        return None

    def _session_facts(self, session: Found, rejected: Credential | None) -> SessionFacts:
        expired = session.expires_at is not None and session.expires_at <= self._now()
        state: SessionState = "expired" if expired or _is(session, rejected) else "active"
        return SessionFacts(state, has_id=bool(session.secret.value) and not session.problem)

    async def _key(self, provider: Provider, rejected: Credential | None) -> Found | None:
        found = self._near_key(provider)
        if found is None and provider.spec.capabilities.needs_credential:
            found = await self._outside_key(provider, refresh=rejected is not None)
        if found is not None and _is(found, rejected):
            return replace(found, problem=f"the key from {found.source} has expired")
        return found

    def _near_key(self, provider: Provider) -> Found | None:
        pushed = self._pushed.get(provider.id)
        if pushed is not None and pushed.api_key is not None and pushed.api_key.value.strip():
            return cleaned(pushed.api_key.value, "client")
        for variable in provider.spec.key_variables:
            if self._environ.get(variable, "").strip():
                return cleaned(self._environ[variable], f"environment ({variable})")
        return None

    async def _outside_key(self, provider: Provider, *, refresh: bool) -> Found | None:
        if provider.id in self._remembered and not refresh:
            return self._remembered[provider.id]
        for source in self._sources:
            try:
                value = await source.key(provider)
            except KeySourceError as error:
                return Found(Secret(""), source.name, problem=str(error))
            if value is not None and value.strip():
                found = cleaned(value, source.name)
                self._remembered[provider.id] = found
                return found
        return None


def cleaned(value: str, source: str, expires_at: float | None = None) -> Found:
    """Trim a secret, and mark it unusable when it could not travel in a header."""
    value = value.strip()
    if all(" " <= char <= "~" for char in value):
        return Found(Secret(value), source, expires_at)
    problem = f"the key from {source} contains a control or non-ASCII character"
    return Found(Secret(""), source, expires_at, problem)


def _is(found: Found, rejected: Credential | None) -> bool:
    return rejected is not None and found.secret == rejected.secret

"""Where credentials come from, in order, and what is never used or shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted import Script, scripted_provider
from kata_lsp.providers.auth import AuthResolution
from kata_lsp.providers.base import Capabilities, Credential, Endpoint, Secret
from kata_lsp.providers.credentials import NONE_NEEDED, Credentials
from kata_lsp.providers.credentials_source import KeySourceError
from kata_lsp.providers.registry import Provider

NOW = 1_000_000.0
SPEC = replace(
    scripted_provider(Script()),
    key_variables=("ACME_KEY", "ACME_OLD_KEY"),
    token_variables=("ACME_TOKEN",),
    capabilities=Capabilities(token_sessions=True),
)
ACME = Provider("acme", SPEC, Endpoint("acme"))
SECRET = "sk-canary-secret-value"


@dataclass
class Outside:
    """A key source that gives these answers in turn, the last one ever after."""

    answers: list[str | None] = field(default_factory=lambda: [SECRET])
    name: str = "vault"
    asked: int = 0
    failure: str = ""

    async def key(self, provider: Provider) -> str | None:
        """See `KeySource.key`."""
        assert provider.id == "acme"
        self.asked += 1
        if self.failure:
            raise KeySourceError(self.failure)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def credentials(*sources: Outside, **environ: str) -> Credentials:
    """Credentials over this environment and these outside sources."""
    return Credentials(environ, sources, now=lambda: NOW)


async def code_of(found: Credentials, provider: Provider = ACME, **more: object) -> ErrorCode:
    """The code of a resolution that fails."""
    with pytest.raises(KataError) as caught:
        await found.resolve(provider, **more)  # pyright: ignore[reportArgumentType] - a row
    assert SECRET not in caught.value.message
    return caught.value.code


def value(found: AuthResolution) -> str | None:
    """The secret that was found."""
    return found.credential and found.credential.secret.value


async def test_sources_answer_in_the_stated_order():
    """Client, environment by variable, then outside sources in theirs."""
    first, second = Outside(["key-first"], "first"), Outside(["key-second"], "second")
    found = credentials(first, second, ACME_OLD_KEY="key-old", ACME_KEY="key-env")
    found.push("acme", api_key="key-client")
    assert [(await found.resolve(ACME)).source] == ["client"]
    found.push("acme")
    assert (await found.resolve(ACME)).source == "environment (ACME_KEY)"
    found = credentials(first, second, ACME_OLD_KEY="key-old")
    assert (await found.resolve(ACME)).source == "environment (ACME_OLD_KEY)"
    assert first.asked == 0
    found = credentials(first, second)
    assert value(await found.resolve(ACME)) == "key-first"
    assert (await credentials(Outside([None]), second).resolve(ACME)).source == "second"


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\t \r\n"])
async def test_a_blank_key_is_no_key(blank):
    """The next source is asked, and without one it is `missing_auth`."""
    found = credentials(Outside([blank]), ACME_KEY=blank)
    found.push("acme", api_key=blank)
    assert await code_of(found) is ErrorCode.MISSING_AUTH
    assert value(await credentials(Outside(["k"]), ACME_KEY=blank).resolve(ACME)) == "k"


async def test_whitespace_around_a_key_is_trimmed():
    """Keys are pasted with line ends."""
    assert value(await credentials(ACME_KEY="  key\r\n").resolve(ACME)) == "key"


@pytest.mark.parametrize("bad", ["ke\ny", "ke\x00y", "ke\x7fy", "schlüssel", "ke\u2028y"])
@pytest.mark.parametrize("source", ["client", "environment", "outside"])
async def test_a_key_that_no_header_can_carry_is_missing_auth(bad, source):
    """It is refused before any request, and no other source stands in silently."""
    found = credentials(
        *([Outside([bad])] if source == "outside" else [Outside(["fine"])]),
        **({"ACME_KEY": bad} if source == "environment" else {}),
    )
    if source == "client":
        found.push("acme", api_key=bad)
    with pytest.raises(KataError, match="control or non-ASCII") as caught:
        await found.resolve(ACME)
    assert caught.value.code is ErrorCode.MISSING_AUTH
    assert bad not in caught.value.message


async def test_a_source_that_fails_says_so():
    """The user set it up, so another source does not hide the failure."""
    broken = Outside(failure="the key command 'pass' ended with status 1")
    with pytest.raises(KataError, match="ended with status 1") as caught:
        await credentials(broken, Outside()).resolve(ACME)
    assert caught.value.code is ErrorCode.MISSING_AUTH


async def test_an_outside_source_is_asked_once_until_its_answer_is_refused():
    """Asking may unlock a keyring or start a program."""
    vault = Outside(["one", "two"])
    found = credentials(vault)
    assert [value(await found.resolve(ACME)) for _ in range(3)] == ["one"] * 3
    found.forget("acme")
    assert value(await found.resolve(ACME)) == "two"
    assert vault.asked == 2


async def test_a_source_without_a_key_is_asked_again():
    """The user may have stored one meanwhile."""
    found = credentials(Outside([None, "new"]))
    assert await code_of(found) is ErrorCode.MISSING_AUTH
    assert value(await found.resolve(ACME)) == "new"


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [(None, "token_session"), (NOW + 1, "token_session"), (NOW, "api_key"), (NOW - 1, "api_key")],
)
async def test_a_pushed_token_counts_until_it_expires(expires_at, expected):
    """Then the key stands in, and without one the session has expired."""
    found = credentials(ACME_KEY="key")
    found.push("acme", token="token", expires_at=expires_at)
    assert (await found.resolve(ACME)).mode == expected
    alone = credentials()
    alone.push("acme", token="token", expires_at=expires_at)
    if expected == "api_key":
        assert await code_of(alone) is ErrorCode.SESSION_EXPIRED


async def test_a_session_that_serves_asks_for_no_key():
    """A keyring is not opened for a key that is not needed."""
    vault = Outside()
    found = credentials(vault, ACME_TOKEN=" token ")
    resolved = await found.resolve(ACME)
    assert (resolved.mode, resolved.source) == ("token_session", "environment (ACME_TOKEN)")
    assert value(resolved) == "token"
    assert vault.asked == 0
    assert value(await found.resolve(ACME, "api_key")) == SECRET


@pytest.mark.parametrize("token", ["", " ", "to\nken"])
async def test_a_token_that_is_no_token_is_a_session_without_an_id(token):
    """It falls back to the key, or is `invalid_auth`."""
    found = credentials(ACME_KEY="key")
    found.push("acme", token=token)
    assert (await found.resolve(ACME)).fell_back
    alone = credentials()
    alone.push("acme", token=token)
    assert await code_of(alone) is ErrorCode.INVALID_AUTH


async def test_an_expired_credential_is_not_used_again():
    """Every source is asked once more; the same value does not count, a new one does."""
    used = Credential("api_key", Secret("one"), "vault")
    assert value(await credentials(Outside(["two"])).resolve(ACME, rejected=used)) == "two"
    assert await code_of(credentials(Outside(["one"])), rejected=used) is ErrorCode.MISSING_AUTH
    token = Credential("token_session", Secret("token"), "environment (ACME_TOKEN)")
    found = credentials(ACME_TOKEN="token", ACME_KEY="key")
    resolved = await found.resolve(ACME, rejected=token)
    assert (resolved.mode, resolved.fell_back) == ("api_key", True)
    only = credentials(ACME_TOKEN="token")
    assert await code_of(only, rejected=token) is ErrorCode.SESSION_EXPIRED


async def test_a_provider_that_needs_none_takes_one_that_is_near():
    """It asks no outside source, and is served without a credential."""
    vault = Outside()
    keyless = replace(SPEC, capabilities=Capabilities(needs_credential=False))
    provider = Provider("acme", keyless, Endpoint("acme"))
    resolved = await credentials(vault).resolve(provider)
    assert (resolved.mode, resolved.source, resolved.credential) == (None, NONE_NEEDED, None)
    assert vault.asked == 0
    assert value(await credentials(vault, ACME_KEY="key").resolve(provider)) == "key"
    assert await code_of(credentials(vault), provider, mode="api_key") is ErrorCode.MISSING_AUTH


async def test_a_value_never_shows():
    """Not in a repr, not in a format, not in what is reported."""
    found = credentials(ACME_KEY=SECRET)
    found.push("acme", api_key=SECRET, token=SECRET)
    resolved = await found.resolve(ACME)
    shown = f"{resolved!r} {resolved} {resolved.credential} {found!r} {vars(found)!r}"
    assert SECRET not in shown.replace(f"'ACME_KEY': '{SECRET}'", "")

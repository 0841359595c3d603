"""Credentials on the wire: which one is sent, when none is, and what happens when one expires."""

from __future__ import annotations

import pytest
from fakes.behaviours import Refuse
from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.runtimes import ENVIRON, PROVIDER_OF, call_to, carried_out, runtime_for
from fakes.steps import SURFACES, TRANSPORTS

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.registry import Provider
from kata_lsp.settings.model import ProviderSettings

FINE = Reply("fine")
EXPIRED = Refuse("expired_session")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("key", [None, "", "   ", "sk-one\nsk-two", "sk-one\r\nx-evil: 1"])
async def test_a_key_that_is_missing_or_unusable_sends_nothing(surface, transport, key):
    """`missing_auth` after 0 requests, whoever supplied it."""
    async with ProviderServer(FINE) as server:
        runtime = runtime_for(server, environ={})
        try:
            if key is not None:
                runtime.set_client_credential(PROVIDER_OF[surface], api_key=key)
            outcome = await carried_out(runtime, call_to(surface), transport)
        finally:
            await runtime.aclose()
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.attempts) == (ErrorCode.MISSING_AUTH, 0)
        assert not server.requests
        assert "sk-one" not in outcome.error.message


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_pushed_key_is_sent_from_the_next_call_on(surface):
    """The adapter of the old key is replaced; the old key is not sent again."""
    async with ProviderServer(FINE) as server:
        runtime = runtime_for(server)
        try:
            await runtime.execute(call_to(surface))
            runtime.set_client_credential(PROVIDER_OF[surface], api_key=" sk-pushed-key-1 ")
            await runtime.execute(call_to(surface))
            runtime.set_client_credential(PROVIDER_OF[surface])
            await runtime.execute(call_to(surface))
        finally:
            await runtime.aclose()
        own = next(iter(ENVIRON.values()))
        assert [request.key for request in server.requests] == [own, "sk-pushed-key-1", own]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("surface", ["anthropic", "responses"])
async def test_an_expired_token_is_replaced_once(surface, transport):
    """The key stands in for the token the provider calls expired, within the same call."""
    async with ProviderServer() as server:
        server.serve(EXPIRED, FINE)
        runtime = runtime_for(server)
        try:
            runtime.set_client_credential(PROVIDER_OF[surface], token="token-that-ended")
            outcome = await carried_out(runtime, call_to(surface), transport)
        finally:
            await runtime.aclose()
        assert outcome.error is None
        assert outcome.text == "fine"
        assert [report.code for report in outcome.reports] == ["session_expired", None]
        keys = [request.key for request in server.requests]
        assert keys == ["token-that-ended", next(iter(ENVIRON.values()))]


class Vault:
    """A key source whose key changes each time it is asked."""

    name = "vault"

    def __init__(self, *keys: str) -> None:
        self._keys = list(keys)

    async def key(self, provider: Provider) -> str | None:
        """See `KeySource`."""
        assert isinstance(provider.endpoint, Endpoint)
        return self._keys.pop(0) if len(self._keys) > 1 else self._keys[0]


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_source_is_asked_once_more_when_its_key_has_expired(surface):
    """A short-lived key from a command or a keyring is renewed without the user's help."""
    async with ProviderServer() as server:
        server.serve(EXPIRED, FINE)
        runtime = runtime_for(server, credentials=Credentials({}, (Vault("sk-old-1", "sk-new-2"),)))
        try:
            answer = await runtime.execute(call_to(surface))
        finally:
            await runtime.aclose()
        assert answer.completion.text == "fine"
        assert [request.key for request in server.requests] == ["sk-old-1", "sk-new-2"]


async def test_a_custom_provider_that_needs_no_key_gets_no_vendor_key():
    """A key of the environment is for the vendor, not for another host."""
    async with ProviderServer(FINE, strict=False) as server:
        own = ProviderSettings(
            kind="openai-compatible", base_url=server.openai_url, needs_key=False
        )
        runtime = runtime_for(server, providers={"ollama": own})
        try:
            models = await runtime.list_models("ollama")
            answer = await runtime.execute(call_to("chat", provider="ollama", model=None))
        finally:
            await runtime.aclose()
        assert answer.completion.model in {model.id for model in models}
        secret = next(iter(ENVIRON.values()))
        assert not [request for request in server.requests if secret in str(request.headers)]


async def test_a_refused_key_is_asked_for_again_next_time():
    """A user who replaces a wrong key need not restart anything."""
    async with ProviderServer() as server:
        server.serve(Refuse("invalid_key"), FINE)
        runtime = runtime_for(
            server, credentials=Credentials({}, (Vault("sk-bad-1", "sk-good-2"),))
        )
        try:
            with pytest.raises(KataError) as caught:
                await runtime.execute(call_to("anthropic"))
            assert caught.value.code is ErrorCode.INVALID_AUTH
            assert (await runtime.execute(call_to("anthropic"))).completion.text == "fine"
        finally:
            await runtime.aclose()

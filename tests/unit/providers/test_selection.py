"""Which provider serves a call that names none."""

from __future__ import annotations

import pytest

from kata_lsp.errors import InvalidInputError
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.registry import catalog, discover
from kata_lsp.providers.selection import default_provider
from kata_lsp.settings.model import ProviderSettings, Settings

SPECS = discover()
ANTHROPIC = {"ANTHROPIC_API_KEY": "a"}
OPENAI = {"OPENAI_API_KEY": "o"}
OLLAMA = ProviderSettings(kind="openai-compatible", base_url="http://127.0.0.1:1", needs_key=False)
GATEWAY = ProviderSettings(kind="openai-compatible", base_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("environ", "settings", "expected"),
    [
        ({}, Settings(), "local"),
        (OPENAI, Settings(), "openai"),
        (ANTHROPIC | OPENAI, Settings(), "anthropic"),
        ({"ANTHROPIC_API_KEY": " "} | OPENAI, Settings(), "openai"),
        ({"ANTHROPIC_API_KEY": "a\nb"}, Settings(), "local"),
        (ANTHROPIC, Settings(provider="openai"), "openai"),
        (ANTHROPIC, Settings(provider="scripted"), "scripted"),
        (ANTHROPIC, Settings(providers={"ollama": OLLAMA}), "ollama"),
        (ANTHROPIC, Settings(providers={"gateway": GATEWAY}), "anthropic"),
        (
            ANTHROPIC | {"KATA_GATEWAY_API_KEY": "g"},
            Settings(providers={"gateway": GATEWAY}),
            "gateway",
        ),
        ({"KATA_SCRIPTED_FILE": "/tmp/x"}, Settings(), "local"),
    ],
)
async def test_the_first_provider_with_a_credential_is_picked_in_a_stated_order(
    environ, settings, expected
):
    """The setting, custom providers, the built-in ones, then `local`; never `scripted`."""
    known = catalog(SPECS, settings)
    found = await default_provider(known, settings, Credentials(environ, ()))
    assert found == expected


async def test_a_setting_that_names_no_provider_is_refused():
    """A typing error must not send a prompt to someone else."""
    settings = Settings(provider="antropic")
    with pytest.raises(InvalidInputError, match="antropic"):
        await default_provider(catalog(SPECS, settings), settings, Credentials(ANTHROPIC, ()))

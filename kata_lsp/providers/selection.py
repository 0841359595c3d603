"""Owns which provider serves a call that names none.

Must not know what a credential is, beyond whether there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kata_lsp.errors import KataError
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.registry import Catalog, Provider
from kata_lsp.settings.model import Settings

PREFERRED_PROVIDERS: Final = ("anthropic", "openai")
"""Built-in providers that are tried first when none is set; others follow by name."""
LAST_RESORT: Final = "local"
"""The embedded provider that needs neither network nor credential."""


async def default_provider(known: Catalog, settings: Settings, credentials: Credentials) -> str:
    """Return the provider that the settings name, else the first that has a credential.

    In order: the user's custom providers as the settings list them, `PREFERRED_PROVIDERS`, the
    other built-in ones by name; with no credential at all, `LAST_RESORT`.

    Raises:
        InvalidInputError: The setting names no known provider.
    """
    if settings.provider is not None:
        return known.find(settings.provider).id
    for provider in candidates(known):
        try:
            await credentials.resolve(provider)
        except KataError:
            continue
        return provider.id
    return known.find(LAST_RESORT).id


def candidates(known: Catalog) -> Sequence[Provider]:
    """Return the providers that may be picked, in order; those that need no credential may not.

    A custom provider is the exception: its owner set it up to be used.
    """

    def rank(provider: Provider) -> tuple[int, str]:
        if provider.id in PREFERRED_PROVIDERS:
            return PREFERRED_PROVIDERS.index(provider.id), ""
        return len(PREFERRED_PROVIDERS), provider.id

    custom = [provider for provider in known.providers.values() if provider.custom]
    built_in = [
        provider
        for provider in known.providers.values()
        if not provider.custom and provider.spec.capabilities.needs_credential
    ]
    return [*custom, *sorted(built_in, key=rank)]

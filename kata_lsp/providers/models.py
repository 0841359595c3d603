"""Owns the models of each provider: their lists, kept for a while, and which one is the default.

Must not know any model by name; preferences come from the provider's own module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Credential, Endpoint, ModelInfo, RuntimeMode
from kata_lsp.providers.connections import Connections
from kata_lsp.providers.deadlines import Feed, Guard, Strays
from kata_lsp.providers.registry import Provider
from kata_lsp.settings.model import Settings

_KEPT_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Listing:
    endpoint: Endpoint
    credential: Credential | None
    runtime_mode: RuntimeMode
    at: float
    models: tuple[ModelInfo, ...]


class ModelLists:
    """Asks providers for their models, and remembers the answer for ten minutes.

    Args:
        connections: Lends the adapters.
        strays: Owns an adapter's task that does not stop in time.
        now: Returns epoch seconds.
    """

    def __init__(self, connections: Connections, strays: Strays, now: Callable[[], float]) -> None:
        self._connections = connections
        self._strays = strays
        self._now = now
        self._listings: dict[str, _Listing] = {}

    async def list(
        self,
        provider: Provider,
        credential: Credential | None,
        runtime_mode: RuntimeMode,
        *,
        refresh: bool = False,
    ) -> tuple[ModelInfo, ...]:
        """Return the provider's models in its own order.

        Raises:
            KataError: The request failed, or took longer than the first-token deadline.
        """
        kept = self._listings.get(provider.id)
        wanted = (provider.endpoint, credential, runtime_mode)
        if (
            kept is not None
            and not refresh
            and (kept.endpoint, kept.credential, kept.runtime_mode) == wanted
            and self._now() - kept.at < _KEPT_SECONDS
        ):
            return kept.models
        models = await self._fetch(provider, credential, runtime_mode)
        self._listings[provider.id] = _Listing(*wanted, self._now(), models)
        return models

    async def _fetch(
        self, provider: Provider, credential: Credential | None, runtime_mode: RuntimeMode
    ) -> tuple[ModelInfo, ...]:
        models: tuple[ModelInfo, ...] = ()

        async def relay(feed: Feed) -> None:
            nonlocal models
            async with self._connections.lease(provider, credential, runtime_mode) as adapter:
                feed.ready()
                models = await adapter.list_models()

        deadlines = provider.endpoint.deadlines
        total_at = asyncio.get_running_loop().time() + deadlines.total
        guard = Guard(relay, deadlines, total_at, self._strays)
        try:
            await guard.batch(after_content=False)
        finally:
            await guard.close()
        return models

    async def choose(
        self,
        provider: Provider,
        credential: Credential | None,
        runtime_mode: RuntimeMode,
        configured: str | None,
    ) -> str:
        """Return the model to use when a call names none: the configured one, else the list's best.

        Raises:
            KataError: None is configured, and the list is empty or cannot be had.
        """
        if configured is not None:
            return configured
        return preferred_model(provider, await self.list(provider, credential, runtime_mode))


def configured_model(provider_id: str, settings: Settings, owner: str | None) -> str | None:
    """Return the model that the settings name for a provider: its own, else the general one.

    `owner` is the provider that the general `model` belongs to, which is the one a user works
    with: no other vendor has a model of that name.
    """
    own = settings.providers.get(provider_id)
    if own is not None and own.model:
        return own.model
    return settings.model if provider_id == owner else None


def preferred_model(provider: Provider, models: Sequence[ModelInfo]) -> str:
    """Return the first model that matches the provider's preferences, best pattern first.

    Where no pattern matches, the first of the provider's own list.

    Raises:
        KataError: `model_not_found`: the list is empty.
    """
    for pattern in provider.spec.preferred_models:
        for model in models:
            if fnmatchcase(model.id, pattern):
                return model.id
    if models:
        return models[0].id
    raise KataError(
        ErrorCode.MODEL_NOT_FOUND,
        f"{provider.id!r} lists no models, and none is set",
        remediation=f"Name one with `kata.providers.{provider.id}.model`.",
        provider_id=provider.id,
    )

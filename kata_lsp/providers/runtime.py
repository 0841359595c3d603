"""Owns the provider runtime: the one door through which models are asked.

Must not know runs, specs or editors; a caller records and shows what it yields.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from kata_lsp.errors import KataError
from kata_lsp.providers.auth import AuthResolution
from kata_lsp.providers.base import AuthMode, ModelInfo, ProviderSpec, RuntimeMode
from kata_lsp.providers.budget import Budget, SpentToday
from kata_lsp.providers.calls import (
    Answer,
    AttemptFinished,
    AttemptReport,
    Estimate,
    ProviderCall,
)
from kata_lsp.providers.chain import CallStream, request_for
from kata_lsp.providers.collected import Collected
from kata_lsp.providers.connections import AdapterSource, Connections, native
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.deadlines import Strays
from kata_lsp.providers.models import ModelLists, configured_model
from kata_lsp.providers.parts import Clock, Parts, system_clock
from kata_lsp.providers.prices import Prices, load_prices
from kata_lsp.providers.pricing import estimate_of, price_of
from kata_lsp.providers.registry import Catalog, Provider, catalog, discover
from kata_lsp.providers.retry import RetryPolicy
from kata_lsp.providers.selection import LAST_RESORT, default_provider
from kata_lsp.settings.model import Settings

NATIVE_ONLY: Final[Mapping[RuntimeMode, AdapterSource]] = MappingProxyType({"native": native})


async def _forget(report: AttemptReport) -> None:
    del report


class Runtime:
    """Asks providers: credentials, deadlines, retries, fallback, budget and cost in one place.

    Use it on one event loop, and `aclose` it there.

    Args:
        settings: The resolved settings; `configure` replaces them.
        credentials: Where keys and tokens come from.
        specs: The providers' specs; None discovers those in `adapters/`.
        sources: How each runtime mode gets its adapters.
        spent_today: What was spent today so far, for the caps per day.
        note: Is given every request of `execute`, which no run records, however it ended.
        clock: Time and chance.
        retry: Back-off bounds; the number of retries is `Settings.max_retries`.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        *,
        specs: Sequence[ProviderSpec] | None = None,
        sources: Mapping[RuntimeMode, AdapterSource] = NATIVE_ONLY,
        spent_today: SpentToday | None = None,
        note: Callable[[AttemptReport], Awaitable[None]] = _forget,
        clock: Clock | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._specs = tuple(discover() if specs is None else specs)
        self._clock = clock or system_clock()
        self._retry = retry or RetryPolicy()
        self._strays = Strays()
        self._connections = Connections(sources)
        self._modes = frozenset(sources)
        self._models = ModelLists(self._connections, self._strays, self._clock.now)
        self._budget = Budget(spent_today)
        self._note = note
        self._prices: Prices | None = None
        self._catalog = catalog(self._specs, settings)

    @property
    def catalog(self) -> Catalog:
        """The providers that the present settings allow for."""
        return self._catalog

    @property
    def modes(self) -> frozenset[RuntimeMode]:
        """The runtime modes that this installation can serve."""
        return self._modes

    def configure(self, settings: Settings) -> None:
        """Use other settings from the next call on; calls under way keep theirs."""
        if settings.prices_file != self._settings.prices_file:
            self._prices = None
        self._settings = settings
        self._catalog = catalog(self._specs, settings)

    def set_client_credential(
        self,
        provider: str,
        api_key: str | None = None,
        token: str | None = None,
        expires_at: float | None = None,
    ) -> None:
        """Take a credential from the client, in memory only; all None takes it back.

        Raises:
            InvalidInputError: There is no such provider.
        """
        self._catalog.find(provider)
        self._credentials.push(provider, api_key, token, expires_at)

    async def resolve_auth(
        self,
        provider: str,
        mode: AuthMode | None = None,
        *,
        allow_api_key_fallback: bool = True,
    ) -> AuthResolution:
        """Return which credential a call would use, and who supplied it.

        Raises:
            InvalidInputError: There is no such provider.
            KataError: There is no usable credential.
        """
        return await self._credentials.resolve(
            self._catalog.find(provider), mode, allow_api_key_fallback=allow_api_key_fallback
        )

    async def default_provider(self) -> str:
        """Return the provider of a call that names none, see `selection`.

        Raises:
            InvalidInputError: The setting names no known provider.
        """
        return await default_provider(self._catalog, self._settings, self._credentials)

    async def list_models(
        self,
        provider: str | None = None,
        *,
        refresh: bool = False,
        runtime_mode: RuntimeMode | None = None,
    ) -> tuple[ModelInfo, ...]:
        """Return a provider's models in its own order; without one, the default provider's.

        Raises:
            InvalidInputError: There is no such provider.
            KataError: No usable credential, or the request failed.
        """
        found, mode, auth = await self._listed(provider, runtime_mode)
        with _naming(found, mode):
            return await self._models.list(found, auth.credential, mode, refresh=refresh)

    async def default_model(
        self, provider: str | None = None, *, runtime_mode: RuntimeMode | None = None
    ) -> str:
        """Return the model that a call to the provider uses when it names none.

        Raises:
            InvalidInputError: There is no such provider.
            KataError: No setting names one, and the provider's list is empty or cannot be had.
        """
        found, mode, auth = await self._listed(provider, runtime_mode)
        configured = configured_model(found.id, self._settings, await self._model_owner())
        with _naming(found, mode):
            return await self._models.choose(found, auth.credential, mode, configured)

    async def _listed(
        self, provider: str | None, runtime_mode: RuntimeMode | None
    ) -> tuple[Provider, RuntimeMode, AuthResolution]:
        found = self._catalog.find(provider or await self.default_provider())
        mode: RuntimeMode = runtime_mode or self._settings.runtime_mode
        self._connections.require(mode)
        return found, mode, await self._credentials.resolve(found)

    @asynccontextmanager
    async def stream(self, call: ProviderCall) -> AsyncGenerator[CallStream]:
        """Ask, and iterate over the answer's events and the runtime's own notices.

        Leaving the context ends the call at once, in any phase, and closes its connection. A
        failure is raised by the iteration, after every notice about it:

            async with runtime.stream(call) as events:
                async for event in events:
                    match event: ...

        Raises:
            InvalidInputError: The call or the settings name an unknown provider.
            KataError: The call failed; `attempts`, `provider_id`, `runtime_mode` and `partial`
                are filled in. Content seen so far must be kept as partial, never applied.
        """
        events = await self._open(call, plain=False)
        try:
            yield events
        finally:
            await events.aclose()

    async def execute(self, call: ProviderCall) -> Answer:
        """Ask for the whole answer in one plain reply; rules and failures are those of `stream`."""
        events = await self._open(call, plain=True)
        answer = Collected()
        noted = 0
        try:
            async for event in events:
                answer.add(event)
                if isinstance(event, AttemptFinished):
                    await self._note(event.report)
                    noted += 1
        finally:
            await events.aclose()
            for report in events.reports[noted:]:
                await self._note(report)
        return Answer(answer.completion(), events.reports)

    async def estimate(self, call: ProviderCall) -> Estimate:
        """Return what the call's first request should cost at most; nothing is sent for it.

        The provider's model list may be fetched when no setting names a model.

        Raises:
            InvalidInputError: There is no such provider.
            KataError: No model is named, and the provider's list cannot be had.
        """
        provider = self._catalog.find(call.provider or await self.default_provider())
        model = call.model or await self.default_model(provider.id, runtime_mode=call.runtime_mode)
        request = request_for(call, model, self._settings)
        price = price_of(provider, model, await self._loaded_prices())
        return estimate_of(provider, request, price)

    async def aclose(self) -> None:
        """Close every connection; safe to call twice."""
        await self._connections.aclose()
        await self._strays.aclose()

    async def _open(self, call: ProviderCall, *, plain: bool) -> CallStream:
        settings = self._settings
        mode: RuntimeMode = call.runtime_mode or settings.runtime_mode
        first = call.provider or await self.default_provider()
        fallback = settings.fallback if call.fallback is None else call.fallback
        chain = tuple(dict.fromkeys((first, *fallback)))
        for provider_id in chain:
            self._catalog.find(provider_id)
        self._connections.require(mode)
        parts = Parts(
            settings=settings,
            model_owner=await self._model_owner(),
            catalog=self._catalog,
            credentials=self._credentials,
            connections=self._connections,
            models=self._models,
            budget=self._budget,
            prices=await self._loaded_prices(),
            strays=self._strays,
            clock=self._clock,
            retry=replace(self._retry, max_retries=settings.max_retries),
        )
        return CallStream(call, chain, mode, parts, plain=plain)

    async def _model_owner(self) -> str | None:
        if self._settings.model is None:
            return None
        owner = self._settings.provider or await self.default_provider()
        return None if owner == LAST_RESORT else owner

    async def _loaded_prices(self) -> Prices:
        if self._prices is None:
            self._prices = await asyncio.to_thread(load_prices, self._settings.prices_file)
        return self._prices


@contextmanager
def _naming(provider: Provider, runtime_mode: RuntimeMode) -> Generator[None]:
    try:
        yield
    except KataError as error:
        error.provider_id, error.runtime_mode = provider.id, runtime_mode
        raise

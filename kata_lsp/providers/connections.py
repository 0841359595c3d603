"""Owns open adapters: one per provider, endpoint and credential, shared by concurrent calls.

Must not know how an adapter is built; an `AdapterSource` per runtime mode does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Credential, Endpoint, ProviderSpec, RuntimeMode
from kata_lsp.providers.registry import Provider

_log = logging.getLogger(__name__)

AdapterSource = Callable[[ProviderSpec, Endpoint, Credential | None], Awaitable[Adapter]]
"""How a runtime mode gets an adapter. Raises `KataError` when it cannot."""


async def native(spec: ProviderSpec, endpoint: Endpoint, credential: Credential | None) -> Adapter:
    """Connect the provider's own adapter, the source of runtime mode `native`."""
    return await spec.connect(endpoint, credential)


@dataclass(frozen=True, slots=True)
class _Slot:
    provider_id: str
    runtime_mode: RuntimeMode


@dataclass(frozen=True, slots=True)
class _Key:
    endpoint: Endpoint
    credential: Credential | None


@dataclass(slots=True)
class _Held:
    key: _Key
    adapter: Adapter
    leases: int = 0
    retired: bool = False


class Connections:
    """Keeps adapters open, so that connections are reused, and closes those that are replaced."""

    def __init__(self, sources: Mapping[RuntimeMode, AdapterSource]) -> None:
        self._sources = sources
        self._held: dict[_Slot, _Held] = {}
        self._retired: list[_Held] = []
        self._locks: dict[_Slot, asyncio.Lock] = {}

    def require(self, runtime_mode: RuntimeMode) -> AdapterSource:
        """Return the source of a runtime mode.

        Raises:
            KataError: That mode is not available here; the remedy is named.
        """
        source = self._sources.get(runtime_mode)
        if source is not None:
            return source
        raise KataError(
            ErrorCode.PROVIDER_UNAVAILABLE,
            f"runtime mode {runtime_mode!r} is not available in this installation",
            remediation="Install the pi engine, or set `kata.runtimeMode` to `native`.",
            retryable=False,
            runtime_mode=runtime_mode,
        )

    @asynccontextmanager
    async def lease(
        self, provider: Provider, credential: Credential | None, runtime_mode: RuntimeMode
    ) -> AsyncGenerator[Adapter]:
        """Lend the adapter for a provider and credential, connecting it when needed.

        An adapter of another credential or endpoint is closed as soon as nobody uses it.

        Raises:
            KataError: The adapter cannot be built, or the runtime mode is not available.
        """
        held = await self._hold(provider, credential, runtime_mode)
        held.leases += 1
        try:
            yield held.adapter
        finally:
            held.leases -= 1
            if held.retired and held.leases == 0:
                await self._close(held)

    async def _hold(
        self, provider: Provider, credential: Credential | None, runtime_mode: RuntimeMode
    ) -> _Held:
        slot = _Slot(provider.id, runtime_mode)
        key = _Key(provider.endpoint, credential)
        async with self._locks.setdefault(slot, asyncio.Lock()):
            held = self._held.get(slot)
            if held is not None and held.key == key:
                return held
            connect = self.require(runtime_mode)
            fresh = _Held(key, await connect(provider.spec, provider.endpoint, credential))
            self._held[slot] = fresh
            if held is not None:
                await self._retire(held)
            return fresh

    async def _retire(self, held: _Held) -> None:
        held.retired = True
        self._retired.append(held)
        if held.leases == 0:
            await self._close(held)

    async def _close(self, held: _Held) -> None:
        if held in self._retired:
            self._retired.remove(held)
        try:
            await held.adapter.aclose()
        except Exception as error:  # noqa: BLE001 - closing must not fail the call that replaced it
            _log.warning("closing an adapter failed with %s", type(error).__name__)

    async def aclose(self) -> None:
        """Close every adapter, also those in use; safe to call twice."""
        everything = [*self._held.values(), *self._retired]
        self._held.clear()
        self._retired.clear()
        for held in everything:
            await self._close(held)

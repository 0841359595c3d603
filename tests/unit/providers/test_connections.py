"""Adapters are shared while they can be, and closed when they cannot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from kata_lsp.errors import KataError
from kata_lsp.providers.adapters.scripted import Script, ScriptedAdapter, scripted_provider
from kata_lsp.providers.base import Adapter, Credential, Endpoint, Secret
from kata_lsp.providers.connections import Connections, native
from kata_lsp.providers.registry import Provider

ONE, TWO = (Credential("api_key", Secret(value), "test") for value in ("one", "two"))


class _Closing(ScriptedAdapter):
    def __init__(self, works: Works) -> None:
        super().__init__(Script())
        self._works = works
        self._closed = False

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._works.closed += 1
        if self._works.breaks:
            raise RuntimeError("broken")


@dataclass
class Works:
    """Counts what is built and closed."""

    built: int = 0
    closed: int = 0
    breaks: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, _endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        """See `AdapterFactory`."""
        self.built += 1
        await self.gate.wait()
        return _Closing(self)

    def provider(self, base_url: str | None = None) -> Provider:
        """A provider built here."""
        spec = replace(scripted_provider(Script()), connect=self.connect)
        return Provider("acme", spec, Endpoint("acme", base_url))


@pytest.fixture
def works() -> Works:
    """Works whose gate is open."""
    made = Works()
    made.gate.set()
    return made


async def test_calls_share_an_adapter(works: Works):
    """One connection pool per provider, endpoint and credential, also when calls come at once."""
    works.gate.clear()
    connections = Connections({"native": native})

    async def use() -> Adapter:
        async with connections.lease(works.provider(), ONE, "native") as adapter:
            return adapter

    using = [asyncio.create_task(use()) for _ in range(5)]
    await asyncio.sleep(0)
    works.gate.set()
    assert len({id(adapter) for adapter in await asyncio.gather(*using)}) == 1
    assert (works.built, works.closed) == (1, 0)
    await connections.aclose()
    await connections.aclose()
    assert works.closed == 1


async def test_another_credential_or_endpoint_gets_an_adapter_of_its_own(works: Works):
    """The one it replaces is closed when nobody uses it any more, not before."""
    connections = Connections({"native": native})
    async with (
        connections.lease(works.provider(), ONE, "native") as first,
        connections.lease(works.provider(), TWO, "native") as second,
    ):
        assert first is not second
        assert works.closed == 0
    assert works.closed == 1
    async with connections.lease(works.provider("http://127.0.0.1:1"), TWO, "native"):
        assert (works.built, works.closed) == (3, 2)
    await connections.aclose()
    assert works.closed == 3


async def test_a_lease_that_is_given_up_while_connecting_leaves_nothing(works: Works):
    """The next one connects anew."""
    works.gate.clear()
    connections = Connections({"native": native})

    async def use() -> None:
        async with connections.lease(works.provider(), ONE, "native"):
            pass

    given_up = asyncio.create_task(use())
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    works.gate.set()
    await use()
    assert works.built == 2
    await connections.aclose()
    assert works.closed == 1


async def test_an_adapter_that_cannot_be_closed_spoils_nothing(works: Works, caplog):
    """It is logged by its class, and the others are closed."""
    works.breaks = True
    connections = Connections({"native": native})
    async with connections.lease(works.provider(), ONE, "native"):
        pass
    await connections.aclose()
    assert "RuntimeError" in caplog.text


async def test_each_runtime_mode_has_its_own_source(works: Works):
    """One that is not installed is a typed error that names the remedy."""

    async def pi(_spec: object, _endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        return ScriptedAdapter(Script())

    connections = Connections({"native": native, "pi": pi})
    async with (
        connections.lease(works.provider(), ONE, "native") as ours,
        connections.lease(works.provider(), ONE, "pi") as theirs,
    ):
        assert ours is not theirs
    assert (works.built, works.closed) == (1, 0)
    await connections.aclose()
    with pytest.raises(KataError, match="'pi'") as caught:
        Connections({"native": native}).require("pi")
    assert "kata.runtimeMode" in caught.value.remediation
    assert not caught.value.retryable

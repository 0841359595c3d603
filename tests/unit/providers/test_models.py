"""Which models there are, and which one is used when nobody names one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted import Script, ScriptedAdapter, scripted_provider
from kata_lsp.providers.base import (
    Adapter,
    Credential,
    Deadlines,
    Endpoint,
    ModelInfo,
    ProviderSpec,
    Secret,
)
from kata_lsp.providers.connections import Connections, native
from kata_lsp.providers.deadlines import Strays
from kata_lsp.providers.models import ModelLists, configured_model, preferred_model
from kata_lsp.providers.registry import Provider
from kata_lsp.settings.model import ProviderSettings, Settings

KEY = Credential("api_key", Secret("one"), "test")


@dataclass
class Shop:
    """A provider with these models, that counts how often it is asked."""

    models: tuple[str, ...] = ("small", "large")
    asked: int = 0
    failure: Exception | None = None
    now: float = 0.0

    async def connect(self, _endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        """See `AdapterFactory`."""
        return _ShopAdapter(self)

    def provider(self, *patterns: str) -> Provider:
        """The provider, with these preferences."""
        plain: ProviderSpec = scripted_provider(Script())
        spec = replace(plain, connect=self.connect, preferred_models=patterns)
        return Provider("shop", spec, Endpoint("shop", None, Deadlines(1, 5, 5, 5)))


class _ShopAdapter(ScriptedAdapter):
    def __init__(self, shop: Shop) -> None:
        super().__init__(Script())
        self._shop = shop

    async def list_models(self) -> tuple[ModelInfo, ...]:
        self._shop.asked += 1
        if self._shop.failure:
            raise self._shop.failure
        return tuple(ModelInfo(model) for model in self._shop.models)


@asynccontextmanager
async def lists(shop: Shop) -> AsyncGenerator[ModelLists]:
    """Model lists over the shop's clock."""
    connections, strays = Connections({"native": native}), Strays()
    yield ModelLists(connections, strays, lambda: shop.now)
    await connections.aclose()
    await strays.aclose()


@pytest.mark.parametrize(
    ("patterns", "models", "chosen"),
    [
        (("large*", "small*"), ("small", "large"), "large"),
        (("huge*", "small*"), ("large", "small"), "small"),
        (("l*",), ("large-2", "large-1"), "large-2"),
        (("huge*",), ("small", "large"), "small"),
        ((), ("small",), "small"),
    ],
)
def test_the_best_pattern_wins_then_the_lists_own_order(patterns, models, chosen):
    """No model is named anywhere: a line of models is enough."""
    provider = Shop().provider(*patterns)
    assert preferred_model(provider, [ModelInfo(model) for model in models]) == chosen


def test_an_empty_list_names_the_setting():
    """There is nothing to choose from, and the remedy says how to name a model."""
    with pytest.raises(KataError) as caught:
        preferred_model(Shop().provider(), [])
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND
    assert "kata.providers.shop.model" in caught.value.remediation


@pytest.mark.parametrize(
    ("settings", "owner", "model"),
    [
        (Settings(model="m"), "shop", "m"),
        (Settings(model="m"), "other", None),
        (Settings(model="m"), None, None),
        (Settings(model="m", providers={"shop": ProviderSettings(model="own")}), "shop", "own"),
        (Settings(providers={"shop": ProviderSettings(model="own")}), None, "own"),
        (Settings(providers={"shop": ProviderSettings()}), "shop", None),
    ],
)
def test_a_general_model_belongs_to_the_provider_one_works_with(settings, owner, model):
    """No other provider is ever asked for another vendor's model."""
    assert configured_model("shop", settings, owner) == model


async def test_a_list_is_kept_until_it_is_old_refreshed_or_another_credentials():
    """Ten minutes; another credential may see other models."""
    shop = Shop()
    provider = shop.provider()
    async with lists(shop) as found:
        for credential, refresh, now, asked in (
            (KEY, False, 0.0, 1),
            (KEY, False, 599.0, 1),
            (KEY, True, 599.0, 2),
            (KEY, False, 1200.0, 3),
            (None, False, 1200.0, 4),
        ):
            shop.now = now
            models = await found.list(provider, credential, "native", refresh=refresh)
            assert [model.id for model in models] == ["small", "large"]
            assert shop.asked == asked


async def test_a_list_that_fails_is_not_kept():
    """The failure passes through, and the next call asks again."""
    shop = Shop(failure=KataError(ErrorCode.PROVIDER_UNAVAILABLE, "down"))
    provider = shop.provider()
    async with lists(shop) as found:
        with pytest.raises(KataError, match="down"):
            await found.list(provider, None, "native")
        shop.failure = None
        assert await found.list(provider, None, "native")


async def test_an_adapter_that_raises_something_else_is_typed():
    """No untyped error leaves the runtime."""
    shop = Shop(failure=ZeroDivisionError("secret"))
    async with lists(shop) as found:
        with pytest.raises(KataError) as caught:
            await found.list(shop.provider(), None, "native")
    assert caught.value.code is ErrorCode.UNEXPECTED_ERROR
    assert "secret" not in caught.value.message


async def test_a_setting_spares_the_list():
    """Nothing is asked when the settings name a model."""
    shop = Shop()
    async with lists(shop) as found:
        chosen = await found.choose(shop.provider(), None, "native", "own")
        assert (chosen, shop.asked) == ("own", 0)
        plain = await found.choose(shop.provider("large"), None, "native", None)
        assert (plain, shop.asked) == ("large", 1)

"""Owns what a call works with: the runtime's parts as they were when the call began.

Must not know how any of them works.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kata_lsp.providers.budget import Budget
from kata_lsp.providers.connections import Connections
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.deadlines import Strays
from kata_lsp.providers.models import ModelLists
from kata_lsp.providers.prices import Prices
from kata_lsp.providers.registry import Catalog
from kata_lsp.providers.retry import RetryPolicy
from kata_lsp.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as the runtime sees them."""

    now: Callable[[], float]
    """Epoch seconds."""
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    """A number in [0, 1)."""


def system_clock() -> Clock:
    """Return the real clock, and real chance."""
    return Clock(time.time, asyncio.sleep, random.random)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call works with, as it was when the call began."""

    settings: Settings
    model_owner: str | None
    """The provider that `Settings.model` belongs to."""
    catalog: Catalog
    credentials: Credentials
    connections: Connections
    models: ModelLists
    budget: Budget
    prices: Prices
    strays: Strays
    clock: Clock
    retry: RetryPolicy

"""Owns what requests cost: dated prices per model, a user's own prices, and token estimates.

Must not know budgets, providers' APIs or who pays.
"""

from __future__ import annotations

import logging
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Final

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.messages import CompletionRequest, Text, ToolCall, ToolResult, Usage
from kata_lsp.providers.registry import Provider

_log = logging.getLogger(__name__)

_PER_MILLION: Final = 1e-6
_BYTES_PER_TOKEN: Final = 3
"""Fewer than any current tokenizer needs on average, so that an estimate errs on the high side."""
_TOKENS_PER_MESSAGE: Final = 8


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens of the models that `pattern` (`fnmatch`) matches, and its origin."""

    provider: str
    pattern: str
    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    as_of: str = ""
    source: str = ""


FREE: Final = Price("", "*", 0.0, 0.0, 0.0, 0.0, source="nothing is billed")
"""The price of a provider that runs inside this process."""


class PriceFileError(Exception):
    """A price file cannot be used; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in order of precedence. An unknown price is None, never 0."""

    entries: tuple[Price, ...]

    def find(self, provider: str, model: str) -> Price | None:
        """Return the first entry that matches."""
        for entry in self.entries:
            if entry.provider == provider and fnmatchcase(model, entry.pattern):
                return entry
        return None


@dataclass(frozen=True, slots=True)
class Cost:
    """USD, None when it cannot be known; `note` says why."""

    usd: float | None
    note: str = ""


def load_prices(user_file: str | None = None) -> Prices:
    """Read the shipped prices, with the user's own before them. Reads files: call it off the loop.

    A user's file that cannot be used is logged and left out.
    """
    shipped = resources.files("kata_lsp.providers").joinpath("prices.toml").read_text("utf-8")
    entries = parse_prices(shipped, "prices.toml")
    if user_file:
        path = Path(user_file).expanduser()
        try:
            entries = (*parse_prices(path.read_text("utf-8"), str(path)), *entries)
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("prices file %s cannot be read: %s", path, type(error).__name__)
        except PriceFileError as error:
            _log.warning("prices file ignored: %s", error)
    return Prices(entries)


def parse_prices(text: str, name: str) -> tuple[Price, ...]:
    """Parse a price file: a top-level `as_of` and `source`, and `[[price]]` tables.

    Raises:
        PriceFileError: It is not such a file.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PriceFileError(f"{name}: {error}") from error
    tables: Iterable[Mapping[str, Any]] = data.get("price", [])
    try:
        return tuple(_price(table, data) for table in tables)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PriceFileError(
            f"{name}: each [[price]] needs provider, pattern, input and output ({error!r})"
        ) from error


def _price(table: Mapping[str, Any], defaults: Mapping[str, Any]) -> Price:
    def number(name: str) -> float:
        value = table[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value < math.inf
        ):
            raise ValueError(f"{name} must be a number of USD per million tokens")
        return float(value)

    return Price(
        provider=str(table["provider"]),
        pattern=str(table["pattern"]),
        input=number("input"),
        output=number("output"),
        cache_read=number("cache_read") if "cache_read" in table else None,
        cache_write=number("cache_write") if "cache_write" in table else None,
        as_of=str(table.get("as_of", defaults.get("as_of", ""))),
        source=str(table.get("source", defaults.get("source", ""))),
    )


def price_of(provider: Provider, model: str, prices: Prices) -> Price | None:
    """Return the price of a provider's model; what runs inside this process is free.

    A custom provider bills as it likes, so only prices under its own id count for it.
    """
    if not provider.spec.capabilities.network:
        return FREE
    return prices.find(provider.id, model)


def cost_of(usage: Usage, price: Price | None, *, provider: str, model: str) -> Cost:
    """Return what a request cost by the provider's own token counts."""
    if price is None:
        return Cost(None, f"no price is known for {model!r} of {provider!r} (kata.pricesFile)")
    if price is FREE:
        return Cost(0.0)
    if usage.input_tokens is None or usage.output_tokens is None:
        return Cost(None, f"{provider!r} did not report how many tokens were used")
    read = usage.cache_read_tokens or 0
    written = usage.cache_write_tokens or 0
    plain = max(0, usage.input_tokens - read - written)
    # Without a price of their own, cached tokens count in full: too high rather than too low.
    read_price = price.input if price.cache_read is None else price.cache_read
    write_price = price.input if price.cache_write is None else price.cache_write
    total = plain * price.input + read * read_price + written * write_price
    return Cost((total + usage.output_tokens * price.output) * _PER_MILLION)


_UNBILLED: Final = frozenset(
    {
        ErrorCode.INVALID_AUTH,
        ErrorCode.SESSION_EXPIRED,
        ErrorCode.PERMISSION_DENIED,
        ErrorCode.RATE_LIMITED,
        ErrorCode.QUOTA_EXHAUSTED,
        ErrorCode.CONTEXT_TOO_LARGE,
        ErrorCode.MODEL_NOT_FOUND,
        ErrorCode.BAD_ENDPOINT,
        ErrorCode.INVALID_REQUEST,
    }
)


def failed_cost(code: ErrorCode, cost: Cost, *, began: bool) -> Cost:
    """Return what a request that did not finish cost, given the cost of the counts so far.

    A request that the provider refused outright is not billed. One that broke off is, and its
    last counts are a lower bound.
    """
    if code in _UNBILLED and not began:
        return Cost(0.0)
    if cost.usd is None or cost.note:
        return cost
    return Cost(cost.usd, "counted up to where the answer broke off")


def estimate_input_tokens(request: CompletionRequest) -> int:
    """Return a guess, on the high side, of how many tokens the request sends."""
    size = len(request.system.encode("utf-8", "replace"))
    for tool in request.tools:
        size += len(f"{tool.name}{tool.description}{tool.input_schema}".encode("utf-8", "replace"))
    for message in request.messages:
        for part in message.parts:
            match part:
                case Text(text) | ToolResult(_, text):
                    size += len(text.encode("utf-8", "replace"))
                case ToolCall(_, name, arguments):
                    size += len(f"{name}{arguments}".encode("utf-8", "replace"))
    return math.ceil(size / _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * (len(request.messages) + 1)


def highest_cost(request: CompletionRequest, price: Price | None) -> float | None:
    """Return the most the request should cost in USD, None when the price is unknown."""
    if price is None:
        return None
    input_price = max(price.input, price.cache_write or 0.0)
    input_cost = estimate_input_tokens(request) * input_price
    return (input_cost + request.max_output_tokens * price.output) * _PER_MILLION

"""Owns what models cost per token: the dated prices we ship, and a user's own before them.

Must not know usage, budgets or providers' APIs.
"""

from __future__ import annotations

import logging
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Final

_log = logging.getLogger(__name__)

_DATE: Final = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})\Z")


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens; a cached token without a rate of its own counts in full."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What the models that `model` (`fnmatch`) matches cost, since when and by whose word.

    `long` replaces the rates of a request with more than `long_over` input tokens.
    """

    provider: str
    model: str
    rates: Rates
    long_over: int | None = None
    long: Rates | None = None
    as_of: str = ""
    source: str = ""

    def matches(self, provider: str, model: str) -> bool:
        """Say whether it is the price of that model, whose id may end with a date."""
        if provider != self.provider:
            return False
        undated = _DATE.sub("", model)
        return fnmatchcase(model, self.model) or fnmatchcase(undated, self.model)

    def rates_for(self, input_tokens: int) -> Rates:
        """Return the rates of a request with so many input tokens."""
        if self.long is None or self.long_over is None or input_tokens <= self.long_over:
            return self.rates
        return self.long


FREE: Final = Price("", "*", Rates(0.0, 0.0), source="nothing is billed")
"""The price of a provider that runs inside this process."""


class PriceFileError(Exception):
    """A price file cannot be used; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in order of precedence. An unknown price is None, never 0."""

    entries: tuple[Price, ...]

    def find(self, provider: str, model: str) -> Price | None:
        """Return the first entry that matches."""
        return next((each for each in self.entries if each.matches(provider, model)), None)


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
    """Parse a price file: `as_of`, `[sources]` by provider, and `[[price]]` tables.

    An entry may have an `as_of` and a `source` of its own.

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
            f"{name}: each [[price]] needs provider, model, input and output ({error!r})"
        ) from error


def _price(table: Mapping[str, Any], defaults: Mapping[str, Any]) -> Price:
    long: Mapping[str, Any] | None = table.get("long")
    provider = str(table["provider"])
    source = table.get("source") or defaults.get("sources", {}).get(provider, "")
    return Price(
        provider=provider,
        model=str(table["model"]),
        rates=_rates(table),
        long_over=None if long is None else int(long["over"]),
        long=None if long is None else _rates(long),
        as_of=str(table.get("as_of", defaults.get("as_of", ""))),
        source=str(source),
    )


def _rates(table: Mapping[str, Any]) -> Rates:
    def rate(name: str) -> float:
        value = table[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a number")
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be 0 or more")
        return float(value)

    return Rates(
        rate("input"),
        rate("output"),
        rate("cache_read") if "cache_read" in table else None,
        rate("cache_write") if "cache_write" in table else None,
    )

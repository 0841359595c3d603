"""Owns what requests cost: by the provider's own counts, or estimated before they are sent.

Must not know where prices come from, nor who pays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.calls import Estimate
from kata_lsp.providers.messages import CompletionRequest, Text, ToolCall, ToolResult, Usage
from kata_lsp.providers.prices import FREE, Price, Prices
from kata_lsp.providers.registry import Provider

_PER_MILLION: Final = 1e-6
_BYTES_PER_TOKEN: Final = 3
"""Fewer than any current tokenizer needs on average, so that an estimate errs on the high side."""
_TOKENS_PER_MESSAGE: Final = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """USD, None when it cannot be known; `note` says why."""

    usd: float | None
    note: str = ""


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
        return Cost(None, _unknown(provider, model))
    if price is FREE:
        return Cost(0.0)
    if usage.input_tokens is None or usage.output_tokens is None:
        return Cost(None, f"{provider!r} did not report how many tokens were used")
    rates = price.rates_for(usage.input_tokens)
    read = usage.cache_read_tokens or 0
    written = usage.cache_write_tokens or 0
    plain = max(0, usage.input_tokens - read - written)
    total = plain * rates.input + usage.output_tokens * rates.output
    total += read * (rates.input if rates.cache_read is None else rates.cache_read)
    total += written * (rates.input if rates.cache_write is None else rates.cache_write)
    return Cost(total * _PER_MILLION)


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
    tokens = estimate_input_tokens(request)
    rates = price.rates_for(tokens)
    input_cost = tokens * max(rates.input, rates.cache_write or 0.0)
    return (input_cost + request.max_output_tokens * rates.output) * _PER_MILLION


def estimate_of(provider: Provider, request: CompletionRequest, price: Price | None) -> Estimate:
    """Return what one request should cost at most, and as of when, or why nobody knows."""
    note = "" if price is None or not price.as_of else f"prices as of {price.as_of}"
    if price is None:
        note = _unknown(provider.id, request.model)
    return Estimate(
        provider.id,
        request.model,
        estimate_input_tokens(request),
        request.max_output_tokens,
        highest_cost(request, price),
        note,
    )


def _unknown(provider: str, model: str) -> str:
    return f"no price is known for {model!r} of {provider!r} (kata.pricesFile)"

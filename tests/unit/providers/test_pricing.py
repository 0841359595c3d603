"""What requests cost, by the provider's counts and before they are sent."""

from __future__ import annotations

from datetime import date

import pytest

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.messages import (
    CompletionRequest,
    Message,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from kata_lsp.providers.prices import (
    FREE,
    Price,
    PriceFileError,
    Prices,
    Rates,
    load_prices,
    parse_prices,
)
from kata_lsp.providers.pricing import (
    Cost,
    cost_of,
    estimate_input_tokens,
    failed_cost,
    highest_cost,
)

PRICE = Price("acme", "large", Rates(3.0, 15.0, 0.3, 3.75))
LONG = Price("acme", "long", Rates(1.0, 4.0), 1000, Rates(2.0, 6.0))


def usd(usage: Usage, price: Price | None = PRICE) -> float | None:
    """The cost of that usage."""
    return cost_of(usage, price, provider="acme", model="large").usd


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(1_000_000, 0), 3.0),
        (Usage(0, 1_000_000), 15.0),
        (Usage(1_000_000, 0, cache_read_tokens=1_000_000), 0.3),
        (Usage(1_000_000, 0, cache_write_tokens=1_000_000), 3.75),
        (Usage(1000, 100, 400, 500), (100 * 3 + 400 * 0.3 + 500 * 3.75 + 100 * 15) / 1e6),
        (Usage(10, 0, cache_read_tokens=20), 20 * 0.3 / 1e6),
    ],
)
def test_cached_tokens_have_their_own_rate(usage, expected):
    """All input counts once: plain, read from the cache or written to it."""
    assert usd(usage) == pytest.approx(expected)


def test_an_unknown_price_or_count_is_no_price():
    """It is None with a reason, never 0."""
    unknown = cost_of(Usage(1, 1), None, provider="acme", model="new")
    assert unknown.usd is None
    assert "'new' of 'acme'" in unknown.note
    for usage in (Usage(), Usage(input_tokens=1), Usage(output_tokens=1)):
        assert usd(usage) is None
    assert usd(Usage(), FREE) == 0.0


def test_a_cached_token_without_its_own_rate_counts_in_full():
    """Too high rather than too low."""
    assert usd(Usage(100, 0, 50, 50), Price("acme", "x", Rates(1.0, 1.0))) == pytest.approx(1e-4)


def test_a_long_request_has_its_own_rates_for_every_token():
    """The threshold itself still has the short rates."""
    assert usd(Usage(1000, 10), LONG) == pytest.approx((1000 + 40) / 1e6)
    assert usd(Usage(1001, 10), LONG) == pytest.approx((2002 + 60) / 1e6)


@pytest.mark.parametrize(
    ("code", "began", "cost", "expected"),
    [
        (ErrorCode.RATE_LIMITED, False, Cost(None, "no counts"), Cost(0.0)),
        (ErrorCode.INVALID_AUTH, False, Cost(None, "no price"), Cost(0.0)),
        (ErrorCode.RATE_LIMITED, True, Cost(None, "no counts"), Cost(None, "no counts")),
        (ErrorCode.TIMEOUT, False, Cost(None, "no counts"), Cost(None, "no counts")),
        (
            ErrorCode.STREAM_INTERRUPTED,
            True,
            Cost(0.5),
            Cost(0.5, "counted up to where the answer broke off"),
        ),
    ],
)
def test_a_refused_request_is_free_and_a_broken_one_is_a_lower_bound(code, began, cost, expected):
    """Only what the provider refused outright is known to be free."""
    assert failed_cost(code, cost, began=began) == expected


def test_the_shipped_prices_are_dated_and_have_a_source():
    """Each entry says as of when and by whose word, and no entry hides a later one."""
    entries = load_prices().entries
    assert len(entries) > 30
    for entry in entries:
        assert date.fromisoformat(entry.as_of)
        assert entry.source.startswith("https://")
        assert load_prices().find(entry.provider, entry.model) == entry


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("large", True),
        ("large-20260101", True),
        ("large-2026-01-01", True),
        ("larger", False),
        ("large-2", False),
        ("Large", False),
    ],
)
def test_a_model_is_found_with_or_without_its_date(model, found):
    """A newer model of the same line is not the same model."""
    assert (Prices((PRICE,)).find("acme", model) is not None) == found
    assert Prices((PRICE,)).find("other", model) is None


def test_a_users_prices_come_before_the_shipped_ones(tmp_path):
    """The user's own file overrides, model by model."""
    file = tmp_path / "prices.toml"
    file.write_text(
        'as_of = "2026-01-01"\n[[price]]\nprovider = "openai"\nmodel = "gpt-*"\n'
        "input = 1\noutput = 2\nlong = { over = 10, input = 3, output = 4 }\n"
    )
    found = load_prices(str(file)).find("openai", "gpt-5.5")
    assert found == Price(
        "openai", "gpt-*", Rates(1, 2), 10, Rates(3, 4), as_of="2026-01-01", source=""
    )


@pytest.mark.parametrize(
    "text",
    [
        "[[price",
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = 1',
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = "1"\noutput = 1',
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = true\noutput = 1',
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = -1\noutput = 1',
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = nan\noutput = 1',
        '[[price]]\nprovider = "a"\nmodel = "b"\ninput = 1\noutput = 1\nlong = 5',
        "price = 5",
    ],
)
def test_a_wrong_price_file_is_named_and_left_out(text, tmp_path, caplog):
    """Prices are never guessed from a file that is half right; the shipped ones stay."""
    with pytest.raises(PriceFileError, match=r"mine\.toml"):
        parse_prices(text, "mine.toml")
    file = tmp_path / "mine.toml"
    file.write_text(text)
    assert load_prices(str(file)) == load_prices()
    assert "mine.toml" in caplog.text


def test_a_missing_price_file_is_told_and_left_out(tmp_path, caplog):
    """The shipped prices stay in force."""
    assert load_prices(str(tmp_path / "none.toml")) == load_prices()
    assert "none.toml" in caplog.text


def test_an_estimate_counts_everything_that_is_sent():
    """System text, tools, calls and results all count, and the highest cost is an upper bound."""
    messages = (
        Message.user("x" * 300),
        Message("assistant", (ToolCall("1", "read", {"path": "y" * 300}),)),
        Message("user", (ToolResult("1", "z" * 300),)),
    )
    small = CompletionRequest((Message.user("x" * 300),), "large")
    tool = Tool("read", "d" * 300, {})
    big = CompletionRequest(messages, "large", system="s" * 300, tools=(tool,))
    assert estimate_input_tokens(small) >= 100
    assert estimate_input_tokens(big) >= 500
    assert highest_cost(small, None) is None
    assert highest_cost(small, FREE) == 0.0
    bound = highest_cost(small, PRICE)
    assert bound is not None
    assert bound >= (100 * 3.75 + 8192 * 15.0) / 1e6

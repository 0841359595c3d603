"""A user's caps: nothing is sent that would exceed one."""

from __future__ import annotations

import asyncio

import pytest

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.budget import Budget, CapReachedError, Planned, check
from kata_lsp.providers.calls import CallBudget, Spent
from kata_lsp.settings.model import BudgetSettings

NEXT = Planned("acme", "large", max_cost_usd=0.5)
UNPRICED = Planned("acme", "new", max_cost_usd=None)
NO_CAPS = BudgetSettings()


def refusal(
    planned: Planned = NEXT,
    caps: BudgetSettings = NO_CAPS,
    run: CallBudget | None = None,
    day: Spent | None = None,
) -> str | None:
    """Why the request is refused, None when it is not."""
    try:
        check(planned, caps, run or CallBudget(), day or Spent())
    except CapReachedError as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("caps", "run", "day", "setting"),
    [
        (BudgetSettings(max_requests_per_run=2), CallBudget(spent=Spent(0, 1)), None, None),
        (
            BudgetSettings(max_requests_per_run=2),
            CallBudget(spent=Spent(0, 2)),
            None,
            "kata.budget.maxRequestsPerRun",
        ),
        (BudgetSettings(max_requests_per_day=5), None, Spent(0, 4), None),
        (
            BudgetSettings(max_requests_per_day=5),
            None,
            Spent(0, 5),
            "kata.budget.maxRequestsPerDay",
        ),
        (BudgetSettings(max_requests_per_day=0), None, None, "kata.budget.maxRequestsPerDay"),
        (BudgetSettings(max_cost_usd_per_run=1.0), CallBudget(spent=Spent(0.5, 1)), None, None),
        (
            BudgetSettings(max_cost_usd_per_run=1.0),
            CallBudget(spent=Spent(0.51, 1)),
            None,
            "kata.budget.maxCostUsdPerRun",
        ),
        (BudgetSettings(max_cost_usd_per_day=2.0), None, Spent(1.5, 1), None),
        (
            BudgetSettings(max_cost_usd_per_day=2.0),
            None,
            Spent(1.6, 1),
            "kata.budget.maxCostUsdPerDay",
        ),
        (NO_CAPS, CallBudget(max_requests=1, spent=Spent(0, 1)), None, "run's own `maxRequests`"),
        (NO_CAPS, CallBudget(max_cost_usd=0.4), None, "run's own `maxCostUsd`"),
        (NO_CAPS, CallBudget(spent=Spent(1e6, 10**6)), Spent(1e6, 10**6), None),
    ],
)
def test_each_cap_refuses_what_would_exceed_it(caps, run, day, setting):
    """By the highest cost of the request; the message names the setting."""
    said = refusal(NEXT, caps, run, day)
    assert (said is None) == (setting is None)
    assert setting is None or setting in (said or "")


def test_a_cap_is_told_from_the_providers_own_quota():
    """Same code, but the message says whose limit it is, and asking again does not help."""
    with pytest.raises(CapReachedError, match="your own limit") as caught:
        check(NEXT, BudgetSettings(max_requests_per_day=0), CallBudget(), Spent())
    assert caught.value.code is ErrorCode.QUOTA_EXHAUSTED
    assert caught.value.provider_id == "acme"
    assert not caught.value.retryable


def test_a_cost_cap_cannot_be_kept_for_an_unknown_price():
    """It is refused, unless nobody can be billed; without a cost cap it is not."""
    caps = BudgetSettings(max_cost_usd_per_day=100.0)
    assert "no price is known for 'new' of 'acme'" in (refusal(UNPRICED, caps) or "")
    assert refusal(Planned("acme", "new", None, billable=False), caps) is None
    assert refusal(UNPRICED, BudgetSettings(max_requests_per_day=5)) is None


async def test_requests_in_flight_count_for_the_day():
    """Two calls at once cannot both take what is left; what is over is given back."""
    caps = BudgetSettings(max_requests_per_day=2)

    async def spent() -> Spent:
        await asyncio.sleep(0)
        return Spent(0.0, 1)

    budget = Budget(spent)
    async with budget.reserved(NEXT, caps, CallBudget()):
        with pytest.raises(CapReachedError):
            async with budget.reserved(NEXT, caps, CallBudget()):
                pytest.fail("the cap was passed")
    async with budget.reserved(NEXT, caps, CallBudget()):
        pass


async def test_the_day_is_not_asked_for_without_a_cap_per_day():
    """The store is read only when it matters."""

    async def never() -> Spent:
        raise AssertionError("asked")

    async with Budget(never).reserved(NEXT, BudgetSettings(max_requests_per_run=1), CallBudget()):
        pass

"""Owns the user's spending caps: checked before every request, retries and fallbacks included.

Must not know prices or where past spending is stored.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.calls import CallBudget, Spent
from kata_lsp.settings.model import BudgetSettings

SpentToday = Callable[[], Awaitable[Spent]]
"""What all runs of this user spent today, every attempt reported so far included."""


class CapReachedError(KataError):
    """A cap the user set stops a request before it is sent; no other provider is tried."""

    def __init__(self, message: str, setting: str, provider_id: str) -> None:
        super().__init__(
            ErrorCode.QUOTA_EXHAUSTED,
            f"{message}. This is your own limit, {setting}; nothing was sent",
            remediation=f"Raise or remove {setting} if you want to go on.",
            retryable=False,
            provider_id=provider_id,
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """The next request: its highest cost in USD, None when its price is unknown."""

    provider: str
    model: str
    max_cost_usd: float | None
    billable: bool = True
    """False when nobody can be billed: no credential is sent."""


class Budget:
    """Checks caps, and counts requests in flight that no record shows yet.

    Args:
        spent_today: Past spending; None counts only what this process has in flight.
    """

    def __init__(self, spent_today: SpentToday | None = None) -> None:
        self._spent_today = spent_today
        self._in_flight: dict[object, Spent] = {}

    @asynccontextmanager
    async def reserved(
        self, planned: Planned, caps: BudgetSettings, run: CallBudget
    ) -> AsyncGenerator[None]:
        """Check the caps, and count the request as spent at its highest cost until the end.

        Raises:
            CapReachedError: A cap would be exceeded.
        """
        has_day_cap = caps.max_cost_usd_per_day is not None or caps.max_requests_per_day is not None
        day = await self._spent_today() if has_day_cap and self._spent_today else Spent()
        # No await between the check and the reservation: two calls cannot both take the last cent.
        for reservation in self._in_flight.values():
            day += reservation
        check(planned, caps, run, day)
        token = object()
        self._in_flight[token] = Spent(planned.max_cost_usd or 0.0, 1)
        try:
            yield
        finally:
            del self._in_flight[token]


def check(planned: Planned, caps: BudgetSettings, run: CallBudget, day: Spent) -> None:
    """Refuse the request when it would exceed a cap of the run or the day.

    Raises:
        CapReachedError: It would; the message names the setting.
    """
    _check_requests(planned, run.max_requests, run.spent, "the run's own `maxRequests`")
    _check_requests(
        planned, caps.max_requests_per_run, run.spent, "`kata.budget.maxRequestsPerRun`"
    )
    _check_requests(planned, caps.max_requests_per_day, day, "`kata.budget.maxRequestsPerDay`")
    _check_cost(planned, run.max_cost_usd, run.spent, "the run's own `maxCostUsd`")
    _check_cost(planned, caps.max_cost_usd_per_run, run.spent, "`kata.budget.maxCostUsdPerRun`")
    _check_cost(planned, caps.max_cost_usd_per_day, day, "`kata.budget.maxCostUsdPerDay`")


def _check_requests(planned: Planned, cap: int | None, spent: Spent, setting: str) -> None:
    if cap is not None and spent.requests + 1 > cap:
        raise CapReachedError(
            f"{spent.requests} of {cap} allowed requests are used up", setting, planned.provider
        )


def _check_cost(planned: Planned, cap: float | None, spent: Spent, setting: str) -> None:
    if cap is None:
        return
    if planned.max_cost_usd is None:
        if planned.billable:
            raise CapReachedError(
                f"no price is known for {planned.model!r} of {planned.provider!r} "
                "(kata.pricesFile), so the cap cannot be kept",
                setting,
                planned.provider,
            )
        return
    if spent.cost_usd + planned.max_cost_usd > cap:
        raise CapReachedError(
            f"the next request may cost up to ${planned.max_cost_usd:.4f}, and "
            f"${spent.cost_usd:.4f} of ${cap:.2f} is spent",
            setting,
            planned.provider,
        )

"""Owns one call from first request to last: refresh, retries, fallback, and what is reported.

Must not know vendors, nor how credentials, adapters, prices and caps are kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.attempt import Limits, Tally, attempt
from kata_lsp.providers.auth import AuthResolution
from kata_lsp.providers.base import RuntimeMode
from kata_lsp.providers.budget import CapReachedError, Planned
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptReport,
    AttemptStarted,
    CallBudget,
    CallEvent,
    FellBack,
    ProviderCall,
    Spent,
    Target,
    Waiting,
)
from kata_lsp.providers.messages import CompletionRequest
from kata_lsp.providers.models import configured_model
from kata_lsp.providers.parts import Parts
from kata_lsp.providers.prices import Price
from kata_lsp.providers.pricing import cost_of, failed_cost, highest_cost, price_of
from kata_lsp.providers.registry import Provider
from kata_lsp.providers.retry import FALLS_BACK, MOST_RETRIES, wait_before_retry
from kata_lsp.settings.model import Settings

_log = logging.getLogger(__name__)


class CallStream:
    """The events of one call, in order; iterate it once, inside `Runtime.stream`'s context.

    `reports` holds every request that has ended, also one cancelled because the reader left.
    """

    def __init__(
        self,
        call: ProviderCall,
        providers: tuple[str, ...],
        runtime_mode: RuntimeMode,
        parts: Parts,
        *,
        plain: bool,
    ) -> None:
        self._call = call
        self._providers = providers
        self._runtime_mode: RuntimeMode = runtime_mode
        self._parts = parts
        self._plain = plain
        self._loop = asyncio.get_running_loop()
        self._total_at = self._loop.time() + parts.settings.deadlines.total
        self._reports: list[AttemptReport] = []
        self._events = self._run()

    @property
    def reports(self) -> tuple[AttemptReport, ...]:
        """Every request of this call that has ended."""
        return tuple(self._reports)

    def __aiter__(self) -> AsyncIterator[CallEvent]:
        return self._events

    async def aclose(self) -> None:
        """End the call: a request in flight is cancelled, and its connection closed."""
        await self._events.aclose()

    async def _run(self) -> AsyncGenerator[CallEvent]:
        first: KataError | None = None
        for index, provider_id in enumerate(self._providers):
            sent = len(self._reports)
            try:
                async with aclosing(self._serve(provider_id, is_primary=index == 0)) as events:
                    async for event in events:
                        yield event
            except KataError as error:
                self._fill(error, provider_id)
                failure = error
            else:
                return
            late = self._loop.time() >= self._total_at
            if index + 1 == len(self._providers) or late or not _falls_back(failure):
                raise _summary(first, failure)
            first = first or failure
            yield FellBack(
                provider_id,
                self._providers[index + 1],
                failure.code.value,
                failure.message,
                len(self._reports) - sent,
            )

    async def _serve(self, provider_id: str, *, is_primary: bool) -> AsyncGenerator[CallEvent]:
        """Ask one provider, again where the rules allow it."""
        provider = self._parts.catalog.find(provider_id)
        auth = await self._parts.credentials.resolve(provider)
        model = self._call.model if is_primary else None
        retries, waited, renewed = 0, 0.0, False
        while True:
            try:
                if model is None:
                    model = await self._parts.models.choose(
                        provider,
                        auth.credential,
                        self._runtime_mode,
                        configured_model(
                            provider_id, self._parts.settings, self._parts.model_owner
                        ),
                    )
                async with aclosing(self._once(provider, auth, model, waited)) as events:
                    async for event in events:
                        yield event
            except KataError as error:
                if error.code is ErrorCode.INVALID_AUTH:
                    self._parts.credentials.forget(provider_id)
                if error.partial or isinstance(error, CapReachedError):
                    raise
                failure = error
            else:
                return
            if retries + renewed >= MOST_RETRIES:
                raise failure
            waited = 0.0
            if failure.code is ErrorCode.SESSION_EXPIRED and not renewed:
                renewed, auth = True, await self._renew(provider, auth, failure)
                continue
            waited = self._wait(failure, retries)
            retries += 1
            until = self._parts.clock.now() + waited
            yield Waiting(waited, failure.code.value, provider_id, until)
            await self._parts.clock.sleep(waited)

    async def _renew(
        self, provider: Provider, auth: AuthResolution, failure: KataError
    ) -> AuthResolution:
        """Ask the sources once more; where they have nothing new, the failure stands."""
        try:
            return await self._parts.credentials.resolve(provider, rejected=auth.credential)
        except KataError:
            raise failure from None

    def _wait(self, failure: KataError, retries: int) -> float:
        wait = wait_before_retry(failure, retries, self._parts.retry, self._parts.clock.jitter)
        if wait is None or self._loop.time() + wait >= self._total_at:
            raise failure
        return wait

    async def _once(
        self, provider: Provider, auth: AuthResolution, model: str, waited: float
    ) -> AsyncGenerator[CallEvent]:
        """Send one request, and report it however it ends."""
        parts = self._parts
        request = request_for(self._call, model, parts.settings)
        sending = _Sending(
            Target(provider.id, model, self._runtime_mode),
            price_of(provider, model, parts.prices),
            parts.clock.now(),
            self._loop.time(),
            waited,
        )
        planned = Planned(
            provider.id,
            model,
            highest_cost(request, sending.price),
            billable=auth.credential is not None,
        )
        lease = partial(parts.connections.lease, provider, auth.credential, self._runtime_mode)
        limits = Limits(
            provider.endpoint.deadlines, self._total_at, parts.settings.max_output_bytes
        )
        failure: KataError | None = None
        async with parts.budget.reserved(planned, parts.settings.budget, self._spent()):
            number = len(self._reports) + 1
            _log.debug("request %d: %s, model %s", number, provider.id, model)
            yield AttemptStarted(provider.id, model, self._runtime_mode, number)
            stream = attempt(lease, request, limits, parts.strays, sending.tally, plain=self._plain)
            try:
                async with aclosing(stream) as events:
                    async for event in events:
                        yield event
            except KataError as error:
                failure = error
                failure.partial = sending.tally.content
            except BaseException:
                # The reader left: what was spent until then is not lost.
                self._report(sending, ErrorCode.CANCELLED)
                raise
            yield AttemptFinished(self._report(sending, failure and failure.code, failure))
        if failure is not None:
            raise failure

    def _report(
        self, sending: _Sending, code: ErrorCode | None, failure: KataError | None = None
    ) -> AttemptReport:
        tally, target = sending.tally, sending.target
        cost = cost_of(tally.usage, sending.price, provider=target.provider, model=target.model)
        if code is not None and tally.stop is None:
            cost = failed_cost(code, cost, began=tally.content)
        report = AttemptReport(
            provider=target.provider,
            model=target.model,
            runtime_mode=target.runtime_mode,
            purpose=self._call.purpose,
            started_at=sending.started_at,
            seconds=self._loop.time() - sending.begun,
            waited_seconds=sending.waited,
            code=code and code.value,
            request_id=tally.request_id or (failure.request_id if failure else None),
            usage=tally.usage,
            cost_usd=cost.usd,
            cost_note=cost.note,
        )
        self._reports.append(report)
        return report

    def _spent(self) -> CallBudget:
        own = Spent(sum(report.cost_usd or 0.0 for report in self._reports), len(self._reports))
        return replace(self._call.budget, spent=self._call.budget.spent + own)

    def _fill(self, error: KataError, provider_id: str) -> None:
        error.provider_id = error.provider_id or provider_id
        error.runtime_mode = error.runtime_mode or self._runtime_mode
        error.attempts = len(self._reports)


@dataclass(slots=True)
class _Sending:
    """A request under way; `begun` is loop time, `started_at` epoch seconds."""

    target: Target
    price: Price | None
    started_at: float
    begun: float
    waited: float
    tally: Tally = field(default_factory=Tally)


def request_for(call: ProviderCall, model: str, settings: Settings) -> CompletionRequest:
    """Return what one request of the call sends to that model."""
    return CompletionRequest(
        messages=call.messages,
        model=model,
        system=call.system,
        tools=call.tools,
        max_output_tokens=call.max_output_tokens or settings.max_output_tokens,
        brief=call.brief,
    )


def _falls_back(error: KataError) -> bool:
    own_cap = isinstance(error, CapReachedError)
    return error.code in FALLS_BACK and not error.partial and not own_cap


def _summary(first: KataError | None, last: KataError) -> KataError:
    """Return the failure to report: the first provider's, unless another one got further."""
    if first is None or not _falls_back(last):
        return last
    return KataError(
        first.code,
        f"{first.message}; {last.provider_id!r} could not serve either ({last.code})",
        remediation=first.remediation,
        retryable=first.retryable,
        provider_id=first.provider_id,
        runtime_mode=first.runtime_mode,
        retry_after_seconds=first.retry_after_seconds,
        request_id=first.request_id,
        attempts=last.attempts,
    )

"""Fallback, renewal and caps: who is asked next, and when nobody is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted import (
    Fail,
    Script,
    ScriptedAdapter,
    ScriptedAnswer,
    scripted_provider,
)
from kata_lsp.providers.base import (
    Adapter,
    Capabilities,
    Credential,
    Endpoint,
    ProviderSpec,
)
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptStarted,
    CallBudget,
    CallEvent,
    FellBack,
    ProviderCall,
    Spent,
)
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.messages import Message, TextDelta, Usage, UsageUpdate
from kata_lsp.providers.parts import Clock
from kata_lsp.providers.retry import FALLS_BACK
from kata_lsp.providers.runtime import Runtime
from kata_lsp.settings.model import BudgetSettings, Settings

CALL = ProviderCall((Message.user("hello"),), provider="first", model="m-first")
PRICED = """
as_of = "2026-01-01"
[[price]]
provider = "first"
model = "m-*"
input = 1.0
output = 10.0
"""


class World:
    """Providers `first` and `second`, each with a script and a key, and what they were given."""

    def __init__(
        self,
        settings: Settings | None = None,
        environ: Mapping[str, str] | None = None,
        spent: Spent | None = None,
    ) -> None:
        self.first, self.second = Script(), Script()
        self.used: list[Credential | None] = []
        self.spent = spent
        self.credentials = Credentials(
            {"FIRST_KEY": "key-1", "SECOND_KEY": "key-2"} if environ is None else environ, ()
        )
        self.runtime = Runtime(
            settings or replace(Settings(), fallback=("second",)),
            self.credentials,
            specs=[self._spec("first", self.first), self._spec("second", self.second)],
            spent_today=self._spent_today,
            clock=Clock(lambda: 0.0, self._sleep, lambda: 0.0),
        )

    def _spec(self, kind: str, script: Script) -> ProviderSpec:
        async def connect(_endpoint: Endpoint, credential: Credential | None) -> Adapter:
            self.used.append(credential)
            return ScriptedAdapter(script)

        return replace(
            scripted_provider(script, kind),
            connect=connect,
            capabilities=Capabilities(token_sessions=True, network=True),
            key_variables=(f"{kind.upper()}_KEY",),
            token_variables=(f"{kind.upper()}_TOKEN",),
        )

    async def _sleep(self, _: float) -> None:
        await asyncio.sleep(0)

    async def _spent_today(self) -> Spent:
        return self.spent or Spent()

    def answer(self, which: Script, *answers: ScriptedAnswer) -> None:
        """Let that provider answer with these, in order."""
        which._answers.extend(answers)

    async def ask(self, call: ProviderCall = CALL) -> tuple[list[CallEvent], KataError | None]:
        """The events of a call and its failure, if it fails."""
        seen: list[CallEvent] = []
        try:
            async with self.runtime.stream(call) as events:
                async for event in events:
                    seen.append(event)  # noqa: PERF401 - what came before a failure is kept
        except KataError as error:
            return seen, error
        finally:
            await self.runtime.aclose()
        return seen, None


def failing(code: ErrorCode) -> ScriptedAnswer:
    """An answer that fails before any content, and may not be retried."""
    return ScriptedAnswer((Fail(code, f"no: {code}", retryable=False),))


def codes(events: list[CallEvent]) -> list[tuple[str, str | None]]:
    """Provider and code of every attempt."""
    return [
        (event.report.provider, event.report.code)
        for event in events
        if isinstance(event, AttemptFinished)
    ]


@pytest.mark.parametrize("code", list(ErrorCode))
async def test_only_credentials_quota_and_availability_fall_back(code):
    """The next provider is asked with its own default model, and each attempt is reported."""
    world = World()
    world.answer(world.first, failing(code))
    events, error = await world.ask()
    if code not in FALLS_BACK:
        assert error is not None
        assert (error.code, error.attempts, len(world.second.requests)) == (code, 1, 0)
        return
    assert error is None
    # An expired credential is asked for once more; here it is the same one.
    assert codes(events) == [("first", code.value), ("second", None)]
    fell_back = next(event for event in events if isinstance(event, FellBack))
    assert fell_back == FellBack("first", "second", code.value, f"no: {code}", 1)
    assert [request.model for request in world.second.requests] == ["scripted-1"]
    numbers = [event.number for event in events if isinstance(event, AttemptStarted)]
    assert numbers == [1, 2]


async def test_a_provider_without_a_credential_is_passed_over():
    """No request is sent to it, and the reader is told why."""
    world = World(environ={"SECOND_KEY": "key-2"})
    events, error = await world.ask()
    assert error is None
    assert events[0] == FellBack(
        "first", "second", "missing_auth", "no API key was found for 'first'", 0
    )
    assert not world.first.requests


async def test_nothing_falls_back_after_the_first_token():
    """The reader has seen the first provider's text."""
    world = World()
    world.answer(
        world.first, ScriptedAnswer((TextDelta("a"), Fail(ErrorCode.PROVIDER_UNAVAILABLE)))
    )
    _, error = await world.ask()
    assert error is not None
    assert (error.provider_id, error.partial) == ("first", True)
    assert not world.second.requests


async def test_a_chain_that_fails_tells_of_the_first_provider():
    """It is the one the user chose; the last one is named, and all requests count."""
    world = World()
    world.answer(world.first, failing(ErrorCode.QUOTA_EXHAUSTED))
    world.answer(world.second, failing(ErrorCode.INVALID_AUTH))
    _, error = await world.ask()
    assert error is not None
    assert (error.code, error.provider_id, error.attempts) == (
        ErrorCode.QUOTA_EXHAUSTED,
        "first",
        2,
    )
    assert "'second' could not serve either (invalid_auth)" in error.message


async def test_a_fallback_that_gets_further_tells_of_itself():
    """Its refusal is an answer to the question."""
    world = World()
    world.answer(world.first, failing(ErrorCode.QUOTA_EXHAUSTED))
    world.answer(world.second, failing(ErrorCode.CONTENT_REFUSED))
    _, error = await world.ask()
    assert error is not None
    assert (error.code, error.provider_id) == (ErrorCode.CONTENT_REFUSED, "second")


async def test_a_call_may_refuse_to_fall_back():
    """Its own chain replaces that of the settings."""
    world = World()
    world.answer(world.first, failing(ErrorCode.QUOTA_EXHAUSTED))
    _, error = await world.ask(replace(CALL, fallback=()))
    assert error is not None
    assert not world.second.requests


async def test_an_expired_session_is_renewed_once():
    """The sources are asked again: here the key stands in for the token."""
    world = World(environ={"FIRST_KEY": "key-1", "FIRST_TOKEN": "token-1"})
    world.answer(world.first, failing(ErrorCode.SESSION_EXPIRED), ScriptedAnswer.text("fine"))
    events, error = await world.ask(replace(CALL, fallback=()))
    assert error is None
    assert codes(events) == [("first", "session_expired"), ("first", None)]
    assert [used and used.mode for used in world.used] == ["token_session", "api_key"]


async def test_a_session_that_expires_again_is_not_renewed_again():
    """One renewal per call: no loop between a provider and a source."""
    world = World(environ={"FIRST_KEY": "key-1", "FIRST_TOKEN": "token-1"})
    world.answer(world.first, *[failing(ErrorCode.SESSION_EXPIRED)] * 5)
    events, error = await world.ask(replace(CALL, fallback=()))
    assert error is not None
    assert error.code is ErrorCode.SESSION_EXPIRED
    assert len(codes(events)) == 2


async def test_a_renewal_counts_among_the_three_requests():
    """Whatever the reasons, a provider is asked at most three times per call."""
    world = World(environ={"FIRST_KEY": "key-1", "FIRST_TOKEN": "token-1"})
    unavailable = ScriptedAnswer((Fail(ErrorCode.PROVIDER_UNAVAILABLE),))
    expired = failing(ErrorCode.SESSION_EXPIRED)
    world.answer(world.first, unavailable, expired, unavailable, unavailable)
    events, error = await world.ask(replace(CALL, fallback=()))
    assert error is not None
    assert [code for _, code in codes(events)] == [
        "provider_unavailable",
        "session_expired",
        "provider_unavailable",
    ]


async def test_a_session_without_anything_newer_stays_expired():
    """The provider's own failure is told, after one request."""
    world = World(environ={"FIRST_TOKEN": "token-1"})
    world.answer(world.first, failing(ErrorCode.SESSION_EXPIRED))
    events, error = await world.ask(replace(CALL, fallback=()))
    assert error is not None
    assert (error.code, error.message) == (ErrorCode.SESSION_EXPIRED, "no: session_expired")
    assert len(codes(events)) == 1


async def test_a_cap_counts_retries_and_is_never_fallen_back_from():
    """The third request is not sent, to nobody; the error is the user's own cap."""
    settings = replace(
        Settings(), fallback=("second",), budget=BudgetSettings(max_requests_per_run=2)
    )
    world = World(settings)
    world.answer(world.first, *[ScriptedAnswer((Fail(ErrorCode.PROVIDER_UNAVAILABLE),))] * 5)
    events, error = await world.ask()
    assert error is not None
    assert (error.code, error.attempts) == (ErrorCode.QUOTA_EXHAUSTED, 2)
    assert "kata.budget.maxRequestsPerRun" in error.message
    assert len(codes(events)) == 2
    assert not world.second.requests


async def test_what_a_run_spent_before_counts():
    """The call's own attempts are added to what the caller says."""
    world = World()
    budget = CallBudget(max_requests=3, spent=Spent(0.0, 3))
    events, error = await world.ask(replace(CALL, budget=budget))
    assert error is not None
    assert error.code is ErrorCode.QUOTA_EXHAUSTED
    assert not events
    assert not world.first.requests


async def test_a_cap_per_day_is_checked_against_what_is_stored():
    """The figures of the day come from outside."""
    settings = replace(Settings(), budget=BudgetSettings(max_requests_per_day=7))
    _, error = await World(settings, spent=Spent(0.0, 7)).ask()
    assert error is not None
    assert "kata.budget.maxRequestsPerDay" in error.message
    _, error = await World(settings, spent=Spent(0.0, 6)).ask()
    assert error is None


async def test_cost_is_told_per_attempt_and_estimated_before(tmp_path):
    """By the provider's counts and the price that is known; unknown prices are no price."""
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICED)
    settings = replace(Settings(), prices_file=str(prices), max_output_tokens=1000)
    world = World(settings)
    world.answer(world.first, ScriptedAnswer((TextDelta("a"), UsageUpdate(Usage(1000, 100)))))
    estimate = await world.runtime.estimate(CALL)
    assert estimate.max_cost_usd == pytest.approx((estimate.input_tokens + 10_000) / 1e6)
    assert (estimate.max_output_tokens, estimate.note) == (1000, "prices as of 2026-01-01")
    unknown = await world.runtime.estimate(replace(CALL, provider="second", model="x"))
    assert unknown.max_cost_usd is None
    assert "'x' of 'second'" in unknown.note
    events, _ = await world.ask()
    (report,) = [event.report for event in events if isinstance(event, AttemptFinished)]
    assert report.cost_usd == pytest.approx(2000 / 1e6)


async def test_a_cost_cap_refuses_what_might_exceed_it(tmp_path):
    """Before anything is sent; a model without a price cannot be kept within a cap."""
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICED)
    settings = replace(
        Settings(),
        prices_file=str(prices),
        max_output_tokens=1000,
        budget=BudgetSettings(max_cost_usd_per_run=0.009),
    )
    world = World(settings)
    _, error = await world.ask()
    assert error is not None
    assert "maxCostUsdPerRun" in error.message
    assert not world.first.requests
    _, error = await World(settings).ask(replace(CALL, max_output_tokens=100))
    assert error is None
    _, error = await World(settings).ask(replace(CALL, provider="second"))
    assert error is not None
    assert "no price is known" in error.message

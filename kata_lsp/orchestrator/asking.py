"""Owns one question to a provider on behalf of a run: output and attempts go into its journal.

Must not know what is asked, nor what becomes of the answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kata_lsp.orchestrator.journal import Journal
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptReport,
    AttemptStarted,
    CallBudget,
    CallEvent,
    FellBack,
    ProviderCall,
    Spent,
    Waiting,
)
from kata_lsp.providers.messages import TextDelta, ThinkingDelta, Usage
from kata_lsp.providers.runtime import Runtime
from kata_lsp.runs.record import Attempt, Diagnostic, RunRecord, TokenUsage


async def ask(journal: Journal, runtime: Runtime, call: ProviderCall, *, tell: bool) -> str:
    """Return the finished answer; with `tell` it streams into the journal as it arrives.

    Every request is in the record when this returns or raises, a cancelled one included.

    Raises:
        KataError: No provider gave a finished answer.
    """
    request = journal.record.request
    budget = CallBudget(request.max_cost_usd, request.max_requests, _spent(journal.record))
    before = len(journal.record.attempts)
    answer: list[str] = []
    async with runtime.stream(replace(call, budget=budget)) as stream:
        try:
            async for event in stream:
                if isinstance(event, TextDelta):
                    answer.append(event.text)
                if tell:
                    _tell(journal, event)
                await _note(journal, event)
        finally:
            await stream.aclose()
            for report in stream.reports[len(journal.record.attempts) - before :]:
                await journal.update(**_with_attempt(journal.record, report))
    return "".join(answer)


def _tell(journal: Journal, event: CallEvent) -> None:
    match event:
        case TextDelta(text):
            journal.stream("text", text)
        case ThinkingDelta(text):
            journal.stream("thinking", text)
        case _:
            pass


async def _note(journal: Journal, event: CallEvent) -> None:
    """Put into the record what the runtime reports beside the answer."""
    match event:
        case AttemptStarted(provider=provider, model=model):
            await journal.update(provider=provider, model=model, waiting_until=None)
        case Waiting(until=until):
            await journal.update(waiting_until=until)
        case AttemptFinished(report):
            await journal.update(**_with_attempt(journal.record, report))
        case FellBack():
            note = Diagnostic("provider", event.code, event.message)
            await journal.update(diagnostics=(*journal.record.diagnostics, note))
        case _:
            pass


def _spent(record: RunRecord) -> Spent:
    return Spent(sum(attempt.cost_usd or 0.0 for attempt in record.attempts), len(record.attempts))


def attempt_of(report: AttemptReport) -> Attempt:
    """Return the runtime's report of a request in the form that is stored."""
    return Attempt(
        provider=report.provider,
        model=report.model,
        runtime_mode=report.runtime_mode,
        started_at=report.started_at,
        seconds=report.seconds,
        waited_seconds=report.waited_seconds,
        code=report.code,
        request_id=report.request_id,
        usage=_tokens(report.usage),
        cost_usd=report.cost_usd,
        purpose=report.purpose,
    )


def _with_attempt(record: RunRecord, report: AttemptReport) -> dict[str, Any]:
    """Return the record's fields that one more request changes."""
    attempts = (*record.attempts, attempt_of(report))
    costs = [each.cost_usd for each in attempts]
    known = [cost for cost in costs if cost is not None]
    return {
        "attempts": attempts,
        "usage": _tokens(_usage(record.usage) + report.usage),
        "cost_usd": sum(known) if len(known) == len(costs) else None,
        "cost_note": report.cost_note or record.cost_note,
    }


def _tokens(usage: Usage) -> TokenUsage:
    return TokenUsage(
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
    )


def _usage(tokens: TokenUsage) -> Usage:
    return Usage(
        tokens.input_tokens,
        tokens.output_tokens,
        tokens.cache_read_tokens,
        tokens.cache_write_tokens,
    )

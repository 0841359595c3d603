"""Owns the way from core records to wire payloads, field by field.

Must not know who asks; a change of a record that should reach clients is made here on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from kata_lsp import protocol as wire
from kata_lsp.context import ContextDiagnostic
from kata_lsp.lsp.tally import Totals
from kata_lsp.orchestrator.drafts import OpenConflict
from kata_lsp.providers.calls import AttemptReport, Estimate
from kata_lsp.providers.messages import Usage
from kata_lsp.runs.record import Attempt, ContextRef, Diagnostic, Draft, RunRecord, TokenUsage
from kata_lsp.runs.store import Spending
from kata_lsp.settings.model import Settings
from kata_lsp.spec.threads import Thread


def run(record: RunRecord) -> wire.RunPayload:
    """Return a run as clients see it: without the draft's text and the saved prompt."""
    request = record.request
    return wire.RunPayload(
        run_id=record.id,
        seq=record.seq,
        status=record.status.value,
        phase=record.phase,
        prompt=request.prompt,
        root=request.root,
        spec=request.spec_path,
        session=request.session,
        profile=request.profile,
        apply=request.apply,
        provider=record.provider or request.provider,
        model=record.model or request.model,
        runtime_mode=request.runtime_mode,
        origin=record.origin,
        created_at=record.created_at,
        updated_at=record.updated_at,
        timeline=[
            wire.TimelineEntry(status=entry.status.value, at=entry.at) for entry in record.timeline
        ],
        attempts=attempts(record.attempts),
        usage=usage(record.usage),
        cost_usd=record.cost_usd,
        cost_note=record.cost_note,
        waiting_until=record.waiting_until,
        context=[context_ref(ref) for ref in record.context],
        diagnostics=diagnostics(record.diagnostics),
        draft=None if record.draft is None else draft_summary(record.draft),
        error=None if record.error is None else error(record.error),
    )


def accepted(record: RunRecord) -> wire.RunAccepted:
    """Return what a command that starts or ends a run answers."""
    return wire.RunAccepted(run_id=record.id, status=record.status.value)


def draft_summary(draft: Draft) -> wire.DraftSummary:
    """Return what became of a draft, without its text."""
    return wire.DraftSummary(
        state=draft.state.value,
        complete=draft.complete,
        missing_sections=list(draft.missing_sections),
    )


def usage(counts: TokenUsage | Usage) -> wire.UsagePayload:
    """Return token counts; what the provider did not say stays unsaid."""
    return wire.UsagePayload(
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        cache_read_tokens=counts.cache_read_tokens,
        cache_write_tokens=counts.cache_write_tokens,
    )


def attempts(items: Iterable[Attempt | AttemptReport]) -> list[wire.AttemptPayload]:
    """Return every request that was sent, in order."""
    return [
        wire.AttemptPayload(
            provider=item.provider,
            model=item.model,
            runtime_mode=cast("wire.RuntimeMode", item.runtime_mode),
            started_at=item.started_at,
            seconds=item.seconds,
            waited_seconds=item.waited_seconds,
            purpose=item.purpose,
            code=cast("wire.ErrorCode | None", item.code and str(item.code)),
            request_id=item.request_id,
            usage=usage(item.usage),
            cost_usd=item.cost_usd,
        )
        for item in items
    ]


def spending(found: Spending) -> wire.SpendingPayload:
    """Return what requests have used."""
    return wire.SpendingPayload(
        requests=found.requests,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cost_usd=found.cost_usd,
        unknown_cost_requests=found.unknown_cost_requests,
    )


def estimate(found: Estimate) -> wire.EstimateResult:
    """Return what a run would send at most."""
    return wire.EstimateResult(
        provider=found.provider,
        model=found.model,
        input_tokens=found.input_tokens,
        max_output_tokens=found.max_output_tokens,
        max_cost_usd=found.max_cost_usd,
        note=found.note,
    )


def thread(found: Thread) -> wire.ThreadPayload:
    """Return a comment thread."""
    return wire.ThreadPayload(
        thread_id=found.id,
        section=list(found.section),
        resolved=found.resolved,
        comments=[
            wire.CommentPayload(author=each.author, text=each.body, created_at=each.created_at)
            for each in found.comments
        ],
    )


def context_ref(ref: ContextRef) -> wire.ContextRefPayload:
    """Return a snippet that went into a prompt, without its text."""
    return wire.ContextRefPayload(
        path=ref.path,
        start_line=ref.start_line,
        end_line=ref.end_line,
        score=ref.score,
        reason=ref.reason,
    )


def diagnostics(items: Iterable[Diagnostic | ContextDiagnostic]) -> list[wire.DiagnosticPayload]:
    """Return what went wrong without failing anything."""
    return [
        wire.DiagnosticPayload(source=item.source, code=item.code, message=item.message)
        for item in items
    ]


def error(stored: Mapping[str, Any]) -> wire.ErrorPayload:
    """Return a failure from the JSON form that `KataError.to_dict` gives."""
    return wire.ErrorPayload.model_validate(dict(stored))


def conflicts(items: Iterable[OpenConflict]) -> list[wire.ConflictPayload]:
    """Return the places where both the reader and the draft changed the same thing."""
    return [
        wire.ConflictPayload(
            id=item.id,
            kind=item.conflict.kind,
            subject=item.conflict.subject,
            message=item.conflict.message,
            mine=item.conflict.ours,
            theirs=item.conflict.theirs,
        )
        for item in items
    ]


def status(totals: Totals, settings: Settings) -> wire.StatusPayload:
    """Return the status line of a session."""
    return wire.StatusPayload(
        kind=totals.kind,
        message=totals.message,
        provider=totals.provider or settings.provider,
        model=totals.model or settings.model,
        runtime_mode=settings.runtime_mode,
        tokens=totals.tokens,
        cost_usd=totals.cost_usd,
        active_runs=list(totals.active),
        waiting_drafts=list(totals.waiting),
    )

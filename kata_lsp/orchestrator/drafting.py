"""Owns the steps of one drafting run: context, prompt, provider, validation, repair.

Must not know who asked, where events go, or how a draft is applied. Each finished step is in the
record before the next begins, so that a resumed run pays for nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kata_lsp.context import ContextBundle, ContextEngine, ContextQuery
from kata_lsp.context.secrets import redact
from kata_lsp.errors import KataError
from kata_lsp.orchestrator.asking import ask
from kata_lsp.orchestrator.journal import Journal
from kata_lsp.orchestrator.prompts import (
    brief_from_json,
    brief_to_json,
    draft_prompt,
    repair_prompt,
)
from kata_lsp.orchestrator.spec_files import SpecFiles
from kata_lsp.providers.calls import ProviderCall
from kata_lsp.providers.messages import Brief, Excerpt
from kata_lsp.providers.runtime import Runtime
from kata_lsp.runs.record import (
    ContextRef,
    Diagnostic,
    Draft,
    DraftState,
    RunRecord,
    RunRequest,
    RunStatus,
)
from kata_lsp.settings.model import Settings
from kata_lsp.spec.changes import with_changes
from kata_lsp.spec.drafts import CheckedDraft, check_draft
from kata_lsp.spec.sections import PROFILES


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every drafting run works with."""

    runtime: Runtime
    context: ContextEngine
    spec_files: SpecFiles
    settings: Callable[[], Settings]


async def draft(journal: Journal, workshop: Workshop, origin: RunRecord | None) -> None:
    """Carry a running run to its completion, with a draft that waits; `origin` is what it resumes.

    Raises:
        KataError: The provider could not give a finished answer.
        InvalidInputError: The spec cannot be read.
    """
    brief = await _brief(journal, workshop, origin)
    call = provider_call(journal.record.request, brief)
    answer = _finished_answer(origin)
    if answer is None:
        await journal.update(phase="provider")
        answer = await ask(journal, workshop.runtime, call, tell=True)
    # Stored before it is judged: an answer that was paid for is never asked for again.
    await journal.update(
        phase="validate", draft=Draft(answer, brief.spec, DraftState.NONE, complete=True)
    )
    checked = _checked(answer, brief.spec, journal.record.request)
    if not checked.complete:
        checked = await _repaired(journal, workshop, call, checked)
    await journal.move(
        RunStatus.COMPLETED,
        draft=Draft(
            checked.text,
            brief.spec,
            DraftState.WAITING,
            complete=True,
            missing_sections=_lacking(checked),
        ),
    )


async def prepare(workshop: Workshop, request: RunRequest) -> tuple[Brief, ContextBundle]:
    """Read the spec and retrieve the context a request is about; asks nothing of a provider.

    Raises:
        InvalidInputError: The spec cannot be read.
    """
    spec = await workshop.spec_files.read(request.root, request.spec_path)
    limits = workshop.settings().context
    bundle = await workshop.context.retrieve(
        ContextQuery(
            text=f"{request.prompt}\n{request.selection}".strip(),
            root=Path(request.root),
            limit=limits.limit,
            max_tokens=limits.max_tokens,
            focus=(request.selection_path,) if request.selection_path else (),
        )
    )
    brief = Brief(
        prompt=request.prompt,
        excerpts=tuple(
            Excerpt(each.path, each.start_line, each.end_line, each.text, each.reason)
            for each in bundle.snippets
            if each.path != request.spec_path
        ),
        # What the model is given is also the base of the merge, so neither may hold a secret.
        spec=redact(spec.text).text,
        sections=tuple(guide.title for guide in PROFILES[request.profile]),
        selection=request.selection,
    )
    return brief, bundle


def provider_call(request: RunRequest, brief: Brief) -> ProviderCall:
    """Return the question that asks for a draft of `brief`."""
    system, messages = draft_prompt(brief)
    return ProviderCall(
        messages=messages,
        system=system,
        provider=request.provider,
        model=request.model,
        runtime_mode=request.runtime_mode,
        purpose="draft",
        brief=brief,
    )


async def _brief(journal: Journal, workshop: Workshop, origin: RunRecord | None) -> Brief:
    if origin is not None and origin.brief is not None:
        await journal.update(
            brief=origin.brief, context=origin.context, diagnostics=origin.diagnostics
        )
        return brief_from_json(origin.brief)
    await journal.update(phase="context")
    brief, bundle = await prepare(workshop, journal.record.request)
    await journal.update(
        phase="prompt",
        brief=brief_to_json(brief),
        context=tuple(
            ContextRef(each.path, each.start_line, each.end_line, each.score, each.reason)
            for each in bundle.snippets
        ),
        diagnostics=tuple(
            Diagnostic(each.source, each.code, each.message) for each in bundle.diagnostics
        ),
    )
    return brief


def _finished_answer(origin: RunRecord | None) -> str | None:
    if origin is None or origin.draft is None or not origin.draft.complete:
        return None
    return origin.draft.text


def _checked(answer: str, base: str, request: RunRequest) -> CheckedDraft:
    """Judge an answer, which holds a whole spec or, with a `base`, the sections that change."""
    checked = check_draft(answer, request.profile)
    if not base.strip():
        return checked
    return check_draft(with_changes(base, checked.text), request.profile)


def _lacking(checked: CheckedDraft) -> tuple[str, ...]:
    return (*checked.missing, *checked.empty)


async def _repaired(
    journal: Journal, workshop: Workshop, call: ProviderCall, checked: CheckedDraft
) -> CheckedDraft:
    """Ask once for what is missing; a draft is not lost because its repair failed."""
    await journal.update(phase="repair")
    lacking = _lacking(checked)
    repair = replace(
        call,
        messages=repair_prompt(call.messages, checked.text, lacking),
        purpose="repair",
        brief=call.brief and replace(call.brief, sections=lacking),
    )
    try:
        answer = await ask(journal, workshop.runtime, repair, tell=False)
    except KataError as error:
        note = Diagnostic("draft", error.code.value, f"The repair failed: {error.message}")
        await journal.update(diagnostics=(*journal.record.diagnostics, note))
        return checked
    return _checked(answer, checked.text, journal.record.request)

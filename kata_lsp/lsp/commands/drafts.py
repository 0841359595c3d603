"""Owns `kata.draft.*`: showing, applying and discarding the draft of a run.

Must not know how drafts are merged or written. Applying may ask the editor's user, so it answers
`pending` when that takes longer than a command may.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kata_lsp import protocol as wire
from kata_lsp.errors import InvalidInputError, KataError
from kata_lsp.lsp import payloads
from kata_lsp.lsp.client import show as show_message
from kata_lsp.lsp.client import wants
from kata_lsp.lsp.server import KataServer
from kata_lsp.orchestrator.drafts import ApplyOutcome
from kata_lsp.orchestrator.events import RunChanged

PENDING_SECONDS: Final = 0.7
"""How long the editor may take before the command answers `pending` (invariant 1: under 1 s)."""

_WARNING: Final = 2


async def show(server: KataServer, params: wire.OpenDraftParams) -> wire.DraftPayload:
    """Return a draft and what applying it would do now; `open` has the editor open it too."""
    app = await server.editor.core()
    run_id, root = await _draft_of(server, params.run_id, params.root)
    view = await app.drafts.show(run_id, root)
    if params.open:
        server.editor.own(server.editor.show_draft(view.record), f"show draft {run_id}")
    return wire.DraftPayload(
        run_id=view.record.id,
        state=view.draft.state.value,
        complete=view.draft.complete,
        text=view.draft.text,
        spec=view.record.request.spec_path,
        spec_uri=server.editor.folders.uri(view.snapshot.path),
        merged=view.merged,
        diff=view.diff,
        conflicts=payloads.conflicts(view.conflicts),
        missing_sections=list(view.draft.missing_sections),
    )


async def apply(server: KataServer, params: wire.ApplyDraftParams) -> wire.ApplyDraftResult:
    """Apply a draft as a versioned edit; `pending` when the editor is still asking its user."""
    app = await server.editor.core()
    run_id, root = await _draft_of(server, params.run_id, params.root)
    work = server.editor.own(
        app.drafts.apply(
            run_id,
            root,
            choice=params.choice,
            choices=params.choices,
            confirm=params.confirm,
        ),
        f"apply draft {run_id}",
    )
    try:
        done, _ = await asyncio.wait({work}, timeout=PENDING_SECONDS)
    except asyncio.CancelledError:
        work.cancel()
        raise
    if done:
        outcome = work.result()
        if outcome.outcome == "conflict" and wants(server, "offers"):
            # A client that shows drafts itself reads the result; others would see nothing.
            hint = "Code actions on the spec's title line do that."
            show_message(server, f"{outcome.message} {hint}", kind=_WARNING)
        return wire.ApplyDraftResult(
            run_id=outcome.record.id,
            outcome=outcome.outcome,
            message=outcome.message,
            spec_uri=server.editor.folders.uri(outcome.snapshot.path),
            conflicts=payloads.conflicts(outcome.conflicts),
        )
    server.editor.own(_follow_up(server, work), f"follow up {run_id}")
    record = await app.orchestrator.get(run_id)
    return wire.ApplyDraftResult(
        run_id=run_id,
        outcome="pending",
        message="The editor is asking; the outcome follows as a change of the run.",
        spec_uri=server.editor.folders.spec_uri(record.request.root, record.request.spec_path),
    )


async def discard(server: KataServer, params: wire.ShowDraftParams) -> wire.DiscardDraftResult:
    """Put a draft aside; its text stays with the run."""
    app = await server.editor.core()
    run_id, root = await _draft_of(server, params.run_id, params.root)
    record = await app.drafts.discard(run_id, root)
    state = record.draft.state.value if record.draft else "none"
    return wire.DiscardDraftResult(run_id=record.id, state=state)


async def _draft_of(server: KataServer, run_id: str | None, root: str | None) -> tuple[str, str]:
    """Return the run meant and its root, which must be open: no spec elsewhere is touched."""
    app = await server.editor.core()
    if run_id is None:
        folder = server.editor.folders.resolve(root)
        waiting = await app.drafts.waiting(folder)
        if not waiting:
            raise InvalidInputError("runId", f"no draft waits in {folder!r}; start a run first")
        return waiting[0].id, folder
    record = await app.orchestrator.get(run_id)
    try:
        return run_id, server.editor.folders.resolve(record.request.root)
    except InvalidInputError as error:
        raise InvalidInputError("runId", f"the run's root is not open: {error.message}") from None


async def _follow_up(server: KataServer, work: asyncio.Task[ApplyOutcome]) -> None:
    """Tell what came of a pending apply, where the stored run does not say it by itself."""
    try:
        outcome = await work
    except (InvalidInputError, KataError) as error:
        show_message(server, f"The draft was not applied: {error}", kind=_WARNING)
        return
    if outcome.outcome not in {"applied", "unchanged"}:
        show_message(server, f"The draft was not applied: {outcome.message}", kind=_WARNING)
        server.editor.sink(RunChanged(outcome.record))

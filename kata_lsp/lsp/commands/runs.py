"""Owns `kata.run.*`: starting, cancelling, resuming, getting and listing runs.

Must not know how a run is carried out; no command here waits for model output.
"""

from __future__ import annotations

from kata_lsp import protocol as wire
from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp import payloads
from kata_lsp.lsp.server import KataServer
from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus
from kata_lsp.runs.store import RunFilter, SpendingFilter


async def start(server: KataServer, params: wire.StartRunParams) -> wire.RunAccepted:
    """Store a run and begin it."""
    app = await server.editor.core()
    settings = app.settings
    request = RunRequest(
        prompt=params.prompt,
        root=server.editor.folders.resolve(params.root),
        spec_path=params.spec or settings.spec_path,
        session=params.session,
        provider=params.provider,
        model=params.model,
        runtime_mode=params.runtime_mode or settings.runtime_mode,
        apply=params.apply or settings.apply,
        profile=params.profile or "standard",
        selection=params.selection or "",
        selection_path=params.selection_path or "",
        max_cost_usd=params.max_cost_usd,
        max_requests=params.max_requests,
    )
    return payloads.accepted(await app.orchestrator.start(request))


async def cancel(server: KataServer, params: wire.RunRef) -> wire.RunAccepted:
    """End a run at once; what it has finished is kept."""
    app = await server.editor.core()
    return payloads.accepted(await app.orchestrator.cancel(params.run_id))


async def resume(server: KataServer, params: wire.RunRef) -> wire.RunAccepted:
    """Go on where a run ended, as a new run."""
    app = await server.editor.core()
    return payloads.accepted(await app.orchestrator.resume(params.run_id))


async def get(server: KataServer, params: wire.RunRef) -> wire.GetRunResult:
    """Return a run with its output so far."""
    app = await server.editor.core()
    record = await app.orchestrator.get(params.run_id)
    text = await app.orchestrator.output(params.run_id)
    return wire.GetRunResult(run=payloads.run(record), text=text)


async def list_runs(server: KataServer, params: wire.ListRunsParams) -> wire.ListRunsResult:
    """Return a page of the runs of a root, by default the first folder."""
    app = await server.editor.core()
    folders = server.editor.folders
    query = RunFilter(
        root=folders.first() if params.root is None else folders.resolve(params.root),
        session=params.session,
        statuses=frozenset(RunStatus(status) for status in params.status or ()),
        before=None if params.cursor is None else _read_cursor(params.cursor),
        limit=params.limit + 1,
    )
    found = await app.orchestrator.list(query)
    page = found[: params.limit]
    more = len(found) > params.limit
    return wire.ListRunsResult(
        runs=[payloads.run(record) for record in page],
        next_cursor=_cursor(page[-1]) if more else None,
        spending=payloads.spending(
            await app.orchestrator.spending(SpendingFilter(root=query.root, session=query.session))
        ),
    )


def _cursor(record: RunRecord) -> str:
    return f"{record.created_at!r} {record.id}"


def _read_cursor(cursor: str) -> tuple[float, str]:
    created_at, _, run_id = cursor.partition(" ")
    try:
        return float(created_at), run_id
    except ValueError:
        raise InvalidInputError(
            "cursor", f"{cursor!r} is not one that `kata.run.list` returned as nextCursor"
        ) from None

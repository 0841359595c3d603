"""Owns the runs in flight: starts, cancels and resumes them, and ends every one in one state.

Must not know LSP, terminals, or the steps of a run; `drafting` knows those.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kata_lsp.context.secrets import redact
from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.orchestrator.drafting import Workshop, draft, prepare, provider_call
from kata_lsp.orchestrator.drafts import Drafts
from kata_lsp.orchestrator.events import RunChanged, Sink, StatusChanged
from kata_lsp.orchestrator.journal import Clock, Journal
from kata_lsp.orchestrator.spec_files import resolve_spec
from kata_lsp.providers.calls import Estimate
from kata_lsp.runs.lifecycle import TERMINAL, queued
from kata_lsp.runs.record import Diagnostic, Draft, DraftState, RunRecord, RunRequest, RunStatus
from kata_lsp.runs.store import RunFilter, RunStore, Spending, SpendingFilter

log = logging.getLogger(__name__)

CANCEL_GRACE_SECONDS = 1.0
"""How long a cancelled run's task may take to close what it holds before it is ended anyway."""


@dataclass(slots=True)
class _Job:
    journal: Journal
    task: asyncio.Task[None] | None = None
    ending: RunStatus = RunStatus.CANCELLED
    """What a cancellation of the task means: the user's wish, or the server's end."""


class Orchestrator:
    """Carries out runs, each in a task of its own that this object owns."""

    def __init__(
        self,
        workshop: Workshop,
        *,
        store: RunStore,
        drafts: Drafts,
        sink: Sink,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._workshop = workshop
        self._store = store
        self._drafts = drafts
        self._sink = sink
        self._clock = clock
        self._new_id = new_id
        self._jobs: dict[str, _Job] = {}

    @property
    def active(self) -> tuple[str, ...]:
        """The ids of the runs in flight, oldest first."""
        return tuple(self._jobs)

    async def start(self, request: RunRequest) -> RunRecord:
        """Store a new run and begin it; returns before anything is asked of a provider.

        Raises:
            InvalidInputError: The root, the spec path or the provider cannot be used.
            StoreError: The run cannot be stored.
        """
        return await self._begin(self._checked(request), origin=None)

    async def resume(self, run_id: str) -> RunRecord:
        """Start a new run that goes on where run `run_id` ended, reusing what it finished.

        Raises:
            InvalidInputError: There is no such run, it is still going, or it needs no resuming.
        """
        origin = await self.get(run_id)
        if origin.status not in TERMINAL:
            raise InvalidInputError("runId", f"run {run_id!r} is {origin.status}; cancel it first")
        if origin.status is RunStatus.COMPLETED:
            raise InvalidInputError("runId", f"run {run_id!r} is completed; start a new run")
        return await self._begin(self._checked(origin.request), origin=origin)

    async def cancel(self, run_id: str) -> RunRecord:
        """End a run at once; a run that has ended is returned as it is.

        Raises:
            InvalidInputError: There is no such run, or another server is carrying it out.
        """
        job = self._jobs.get(run_id)
        if job is not None:
            await self._end(job, RunStatus.CANCELLED)
            return job.journal.record
        record = await self.get(run_id)
        if record.status not in TERMINAL:
            raise InvalidInputError(
                "runId", f"run {run_id!r} belongs to another server; cancel it there"
            )
        return record

    async def get(self, run_id: str) -> RunRecord:
        """Return a run.

        Raises:
            InvalidInputError: There is no such run.
        """
        record = await self._store.get(run_id)
        if record is None:
            raise InvalidInputError(
                "runId", f"there is no run {run_id!r}; `kata.run.list` names them"
            )
        return record

    async def output(self, run_id: str) -> str:
        """Return the run's draft, or what has been streamed of it.

        Raises:
            InvalidInputError: There is no such run.
        """
        record = await self.get(run_id)
        return record.draft.text if record.draft else await self._store.output(run_id, "text")

    async def estimate(self, request: RunRequest) -> Estimate:
        """Return what a run's first request should cost at most; nothing is stored or asked.

        Raises:
            InvalidInputError: The root, the spec path or the provider cannot be used.
            KataError: No model is named, and the provider's list cannot be had.
        """
        checked = self._checked(request)
        brief, _ = await prepare(self._workshop, checked)
        return await self._workshop.runtime.estimate(provider_call(checked, brief))

    async def list(self, query: RunFilter) -> Sequence[RunRecord]:
        """Return the matching runs, newest first; those of dead servers show as interrupted."""
        await self._store.interrupt_orphans()
        return await self._store.list(query)

    async def spending(self, query: SpendingFilter) -> Spending:
        """Return what the matching requests have used, those outside any run included."""
        return await self._store.spent(query)

    async def wait(self, run_id: str) -> RunRecord:
        """Return the run once it has ended and nothing of it is left to do.

        Raises:
            InvalidInputError: There is no such run.
        """
        job = self._jobs.get(run_id)
        if job is not None and job.task is not None:
            await asyncio.wait({job.task})
        return await self.get(run_id)

    async def aclose(self) -> None:
        """Record every run in flight as interrupted, and close what they hold."""
        jobs = list(self._jobs.values())
        await asyncio.gather(*(self._end(job, RunStatus.INTERRUPTED) for job in jobs))

    def _checked(self, request: RunRequest) -> RunRequest:
        if not Path(request.root).is_dir():
            raise InvalidInputError(
                "root", f"{request.root!r} is not a folder; open the workspace folder to work in"
            )
        resolve_spec(request.root, request.spec_path)
        if request.provider is not None:
            self._workshop.runtime.catalog.find(request.provider)
        # Whatever reaches the store or a provider has no secret in it (invariant 5).
        return replace(
            request,
            prompt=redact(request.prompt).text,
            selection=redact(request.selection).text,
        )

    async def _begin(self, request: RunRequest, origin: RunRecord | None) -> RunRecord:
        record = queued(
            self._new_id(),
            request,
            now=self._clock(),
            origin=origin.id if origin else None,
        )
        job = _Job(Journal(record, store=self._store, sink=self._sink, clock=self._clock))
        await job.journal.update()
        self._jobs[record.id] = job
        # The caller gets the run as it was stored, before its task has moved it on.
        stored = job.journal.record
        job.task = asyncio.create_task(self._run(job, origin), name=f"run {record.id}")
        self._sink(StatusChanged())
        return stored

    async def _run(self, job: _Job, origin: RunRecord | None) -> None:
        journal = job.journal
        try:
            await journal.move(RunStatus.RUNNING)
            await draft(journal, self._workshop, origin)
        except asyncio.CancelledError:
            await self._settle(journal, job.ending)
        except KataError as error:
            await self._settle(journal, RunStatus.FAILED, error)
        except InvalidInputError as error:
            await self._settle(
                journal, RunStatus.FAILED, KataError(ErrorCode.INVALID_REQUEST, str(error))
            )
        except Exception:
            log.exception("run %s failed unexpectedly", journal.record.id)
            error = KataError(ErrorCode.UNEXPECTED_ERROR, "The run failed inside kata-lsp.")
            await self._settle(journal, RunStatus.FAILED, error)
        finally:
            await journal.close()
            self._jobs.pop(journal.record.id, None)
            self._sink(StatusChanged())
        if journal.record.request.apply == "auto":
            await self._apply(journal.record)

    async def _apply(self, record: RunRecord) -> None:
        draft = record.draft
        if draft is None or draft.state is not DraftState.WAITING or draft.missing_sections:
            return
        try:
            outcome = await self._drafts.apply(record.id, record.request.root)
        except (InvalidInputError, KataError) as error:
            await self._keep(record, "refused", str(error))
            return
        if outcome.outcome not in {"applied", "unchanged"}:
            await self._keep(outcome.record, outcome.outcome, outcome.message)

    async def _keep(self, record: RunRecord, code: str, message: str) -> None:
        """Tell why a draft that was to be applied by itself waits, as part of its run."""
        note = Diagnostic("apply", code, message)
        changed = replace(record, diagnostics=(*record.diagnostics, note), updated_at=self._clock())
        try:
            self._sink(RunChanged(await self._store.save(changed)))
        except KataError:
            log.exception("run %s: its draft waits, which could not be stored", record.id)

    async def _settle(
        self, journal: Journal, status: RunStatus, error: KataError | None = None
    ) -> None:
        try:
            await journal.move(status, **_ending(journal, error))
        except KataError:
            # The store failed: nobody may be told an ending that is not stored (invariant 3).
            log.exception("run %s could not be recorded as %s", journal.record.id, status)

    async def _end(self, job: _Job, status: RunStatus) -> None:
        job.ending = status
        if job.task is None:
            return
        job.task.cancel()
        done, _ = await asyncio.wait({job.task}, timeout=CANCEL_GRACE_SECONDS)
        if not done:
            log.warning("run %s is slow to close; ended without it", job.journal.record.id)
            await self._settle(job.journal, status)


def _ending(journal: Journal, error: KataError | None) -> dict[str, object]:
    """Keep what arrived: a draft that is not finished is shown and never applied."""
    changes: dict[str, object] = {}
    if error is not None:
        changes["error"] = error.to_dict()
    if journal.record.draft is None and journal.text:
        changes["draft"] = Draft(journal.text, "", DraftState.NONE, complete=False)
    return changes

"""Owns the seam to storage: what a run store promises, whatever it is built on.

Must not know SQL, editors or how a run is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.runs.record import Attempt, RunRecord, RunStatus

OutputKind = Literal["text", "thinking"]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list, newest first. `root` is an absolute path; None matches any."""

    root: str | None = None
    session: str | None = None
    statuses: frozenset[RunStatus] = frozenset()
    before: tuple[float, str] | None = None
    """Continue after this (`created_at`, `id`): the last run of the previous page."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SpendingFilter:
    """Which requests to add up: started at or after `since` (epoch seconds), None matches any."""

    since: float = 0.0
    root: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What requests have used. `cost_usd` adds up what is known; the rest is counted beside it."""

    requests: int = 0
    cost_usd: float = 0.0
    unknown_cost_requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One stored change of a run: the record's fields that differ from the version before.

    Folding the changes of a run in order of `seq` gives its record, in the form `codec` writes.
    """

    seq: int
    at: float
    change: Mapping[str, Any]


class StoreError(KataError):
    """The storage failed: the message names the file, the remediation what to do about it."""

    def __init__(self, message: str, remediation: str, *, retryable: bool = False) -> None:
        super().__init__(
            ErrorCode.UNEXPECTED_ERROR, message, remediation=remediation, retryable=retryable
        )


class StaleOwnerError(Exception):
    """This process no longer owns the run: another server declared it dead and took over."""


class RunStore(Protocol):
    """Keeps runs and their events. Every method is safe to call from the event loop.

    Writes are durable when they return; a stored change is what clients may be told about. A write
    that was asked for is carried out even when its caller is cancelled while it waits. Every
    method raises `StoreError` when the storage fails, is not open, or is closed.
    """

    async def open(self) -> None:
        """Open or create the storage, migrate it, and mark dead owners' runs `interrupted`."""
        ...

    async def save(self, record: RunRecord) -> RunRecord:
        """Store the next version of a run and append it to the event table.

        Returns:
            The record with its new `seq` (the stored one plus 1; 1 for a new run).

        Raises:
            StaleOwnerError: Another process owns the run. A terminal run may be changed by any
                process (its draft is applied later, elsewhere), but only from its newest version.
            IllegalTransitionError: The stored status is terminal and `record` changes it, or
                `record` otherwise does not follow from what is stored.
        """
        ...

    async def append_output(self, run_id: str, kind: OutputKind, offset: int, delta: str) -> None:
        """Store a piece of streamed output that begins at code point `offset` of its kind.

        An offset of 0 starts the kind's text anew.

        Raises:
            StaleOwnerError: Another process owns the run.
            LookupError: No such run is stored.
            ValueError: `offset` is neither 0 nor where the stored text ends.
        """
        ...

    async def output(self, run_id: str, kind: OutputKind) -> str:
        """Return the streamed output stored so far, "" when there is none."""
        ...

    async def get(self, run_id: str) -> RunRecord | None:
        """Return the run, or None when there is no such id."""
        ...

    async def list(self, query: RunFilter) -> Sequence[RunRecord]:
        """Return the matching runs, newest first, at most `query.limit`."""
        ...

    async def history(self, run_id: str) -> Sequence[RunEvent]:
        """Return every stored change of the run, oldest first; empty when there is no such id."""
        ...

    async def interrupt_orphans(self) -> Sequence[str]:
        """Mark the unfinished runs of dead owners `interrupted`, as `open` does; return their ids.

        Runs of live owners, this process included, are not touched.
        """
        ...

    async def note_attempt(self, attempt: Attempt, root: str) -> None:
        """Store a request that belongs to no run, so that spending counts it too."""
        ...

    async def spent(self, query: SpendingFilter) -> Spending:
        """Return what the matching requests have used, those outside any run included."""
        ...

    async def close(self) -> None:
        """Finish the writes that wait, release the storage and the owner lock; safe to call twice.

        Own runs that are still unfinished become `interrupted`.
        """
        ...

"""Owns the one pen that writes a run: every change is stored first and told afterwards.

Must not know what a run does; it keeps the record, the streamed output and their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from kata_lsp.orchestrator.events import RunChanged, RunStreamed, Sink
from kata_lsp.runs.lifecycle import TERMINAL, moved
from kata_lsp.runs.record import RunRecord, RunStatus
from kata_lsp.runs.store import OutputKind, RunStore

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.05
"""Streamed output is stored and told at most this often: twenty times a second."""

Clock = Callable[[], float]


class Journal:
    """Writes one run. Once the run is terminal, its status and output no longer change.

    A write that has begun is finished even when the task that asked for it is cancelled, so
    that the record in memory and the stored one never part.
    """

    def __init__(self, record: RunRecord, *, store: RunStore, sink: Sink, clock: Clock) -> None:
        self.record = record
        self._store = store
        self._sink = sink
        self._clock = clock
        self._lock = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()
        self._untold: dict[OutputKind, list[str]] = {"text": [], "thinking": []}
        self._told: dict[OutputKind, int] = {"text": 0, "thinking": 0}
        self._answer: list[str] = []
        self._flusher: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """Whether the run is in a terminal state."""
        return self.record.status in TERMINAL

    @property
    def text(self) -> str:
        """The answer streamed so far, told or not."""
        return "".join(self._answer)

    async def update(self, **changes: Any) -> None:
        """Store the record with `changes` (fields of `RunRecord`), then tell it."""
        await self._write(
            lambda: self._commit(replace(self.record, updated_at=self._clock(), **changes))
        )

    async def move(self, status: RunStatus, **changes: Any) -> None:
        """Move to `status` with `changes`, after telling all output that belongs before it.

        A run that has ended stays as it is: the first ending counts.
        """

        async def write() -> None:
            if self.ended:
                return
            await self._tell_output()
            await self._commit(replace(moved(self.record, status, now=self._clock()), **changes))

        await self._write(write)

    def stream(self, kind: OutputKind, delta: str) -> None:
        """Take more output; it is stored and told with the next flush."""
        if self.ended or not delta:
            return
        self._untold[kind].append(delta)
        if kind == "text":
            self._answer.append(delta)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_soon())

    async def close(self) -> None:
        """Tell what is left and wait for every write that has begun."""
        if self._flusher is not None:
            await asyncio.wait({self._flusher})
        while self._writes:
            await asyncio.wait(set(self._writes))

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        await self._write(self._tell_output)

    async def _tell_output(self) -> None:
        for kind, pieces in self._untold.items():
            if not pieces:
                continue
            delta, offset = "".join(pieces), self._told[kind]
            count = len(pieces)
            await self._store.append_output(self.record.id, kind, offset, delta)
            # Only now, so that output a full disk refused is tried again with the next.
            del pieces[:count]
            self._told[kind] = offset + len(delta)
            self._sink(RunStreamed(self.record.id, kind, delta, offset))

    async def _commit(self, record: RunRecord) -> None:
        self.record = await self._store.save(record)
        log.debug("run %s: %s, %s", record.id, record.status, record.phase or "no phase")
        self._sink(RunChanged(self.record))

    async def _write(self, operation: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def locked() -> None:
            async with self._lock:
                await operation()

        task = asyncio.create_task(locked())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        await asyncio.shield(task)

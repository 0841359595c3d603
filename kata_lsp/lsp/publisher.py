"""Owns the `kata/*` notifications: every stored change at once, streamed output coalesced.

Must not know what a run does nor how messages reach the client. It is one of the orchestrator's
sinks, so nothing here waits or raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kata_lsp.lsp.client import Client, wants
from kata_lsp.orchestrator.events import Event, RunChanged, RunStreamed, StatusChanged
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import RunRecord
from kata_lsp.runs.store import OutputKind

STREAM_SECONDS: Final = 0.05
"""The contract's bound: at most twenty `kata/run/didStream` per second and run."""


@dataclass
class _Stream:
    """Output of one run that is not sent yet, per kind, and the timer that will send it."""

    pending: dict[OutputKind, tuple[int, list[str]]] = field(
        default_factory=dict["OutputKind", "tuple[int, list[str]]"]
    )
    seq: int = 0
    timer: asyncio.TimerHandle | None = None


class Publisher:
    """Turns events into notifications.

    Args:
        client: Told, unless it turned `experimental.kata.notifications` off.
        status: Returns the payload of `kata/status/didChange` as it is when asked.
    """

    def __init__(self, client: Client, status: Callable[[], object]) -> None:
        self._client = client
        self._status = status
        self._streams: dict[str, _Stream] = {}
        self._status_timer: asyncio.TimerHandle | None = None

    def __call__(self, event: Event) -> None:
        """Publish an event; what is said of one run stays in order."""
        if not wants(self._client, "notifications"):
            return
        match event:
            case RunChanged(record):
                self._changed(record)
            case RunStreamed():
                self._streamed(event)
            case StatusChanged():
                self._status_soon()

    def close(self) -> None:
        """Send what is left and stop the timers."""
        for run_id in tuple(self._streams):
            self._finish(run_id)
        if self._status_timer is not None:
            self._status_timer.cancel()
            self._send_status()

    def _changed(self, record: RunRecord) -> None:
        # Imported with the first run, not with the server: it brings pydantic along.
        from kata_lsp.lsp import payloads  # noqa: PLC0415

        if record.status in TERMINAL:
            self._finish(record.id)
        self._client.send("kata/run/didChange", payloads.run(record))

    def _streamed(self, event: RunStreamed) -> None:
        stream = self._streams.setdefault(event.run_id, _Stream())
        stream.pending.setdefault(event.kind, (event.offset, []))[1].append(event.delta)
        if stream.timer is None:
            self._send_next(event.run_id, stream)

    def _send_next(self, run_id: str, stream: _Stream) -> None:
        stream.timer = None
        if not stream.pending:
            return
        kind = next(iter(stream.pending))
        self._send_pending(run_id, stream, kind)
        loop = asyncio.get_running_loop()
        stream.timer = loop.call_later(STREAM_SECONDS, self._send_next, run_id, stream)

    def _finish(self, run_id: str) -> None:
        stream = self._streams.pop(run_id, None)
        if stream is None:
            return
        if stream.timer is not None:
            stream.timer.cancel()
        for kind in tuple(stream.pending):
            self._send_pending(run_id, stream, kind)

    def _send_pending(self, run_id: str, stream: _Stream, kind: OutputKind) -> None:
        offset, deltas = stream.pending.pop(kind)
        stream.seq += 1
        params = {
            "runId": run_id,
            "seq": stream.seq,
            "kind": kind,
            "delta": "".join(deltas),
            "offset": offset,
        }
        self._client.send("kata/run/didStream", params, f"stream {run_id} {kind}", joined)

    def _status_soon(self) -> None:
        # Several changes in one turn of the loop are one change to a status line.
        if self._status_timer is None:
            self._status_timer = asyncio.get_running_loop().call_later(0, self._send_status)

    def _send_status(self) -> None:
        self._status_timer = None
        self._client.send("kata/status/didChange", self._status(), "status")


def joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one `didStream` for all that follow each other, for a client that reads slowly."""
    first, end = 0, parts[0]["offset"]
    for index, part in enumerate(parts):
        if part["offset"] != end:
            first = index
        end = part["offset"] + len(part["delta"])
    text = "".join(part["delta"] for part in parts[first:])
    return parts[-1] | {"offset": parts[first]["offset"], "delta": text}

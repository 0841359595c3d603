"""Owns the progress bars: one cancellable work-done progress per run, where the client has them.

Must not know how a run is carried out. A client that fails or forgets to create a bar gets none;
a bar that was created begins and ends exactly once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from kata_lsp.lsp.client import Client, wants
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.orchestrator.events import Event, RunChanged, RunStreamed, StatusChanged
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import RunRecord

CREATE_SECONDS: Final = 5.0
"""How long a client may take to create a bar before it gets none."""
REPORT_SECONDS: Final = 1.0
"""Received text is reported at most this often; a change of phase at once."""

_PREFIX: Final = "kata/run/"
_PHASES: Final = {
    "context": "reading the workspace",
    "prompt": "writing the prompt",
    "provider": "asking",
    "validate": "checking the draft",
    "repair": "asking for the missing sections",
    "apply": "editing the spec",
}


@dataclass
class _Bar:
    record: RunRecord
    opener: asyncio.Task[None] | None = None
    begun: bool = False
    received: int = 0
    reported_at: float = 0.0


class Progress:
    """Follows runs with progress bars; one of the orchestrator's sinks."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bars: dict[str, _Bar] = {}

    def __call__(self, event: Event) -> None:
        """Follow an event."""
        match event:
            case RunChanged(record):
                self._changed(record)
            case RunStreamed():
                self._streamed(event)
            case StatusChanged():
                pass

    def run_of(self, token: object) -> str | None:
        """Return the run whose bar has `token`, or None for a token of someone else's."""
        run_id = token.removeprefix(_PREFIX) if isinstance(token, str) else ""
        return run_id if run_id in self._bars else None

    async def aclose(self) -> None:
        """End every bar and stop waiting for clients that have not created theirs."""
        for run_id, bar in tuple(self._bars.items()):
            self._end(run_id, bar, "The server stops")
        openers = [bar.opener for bar in self._bars.values() if bar.opener is not None]
        self._bars.clear()
        for opener in openers:
            opener.cancel()
        await asyncio.gather(*openers, return_exceptions=True)

    def _changed(self, record: RunRecord) -> None:
        bar = self._bars.get(record.id)
        if bar is None:
            if record.status not in TERMINAL and self._wanted():
                bar = self._bars[record.id] = _Bar(record)
                bar.opener = asyncio.create_task(self._open(bar), name=f"progress {record.id}")
            return
        bar.record = record
        if not bar.begun:
            return
        if record.status in TERMINAL:
            self._end(record.id, bar, _ending(record))
        else:
            self._report(bar)

    def _wanted(self) -> bool:
        can = self._client.session.capability("window.workDoneProgress")
        return can is True and wants(self._client, "progress")

    async def _open(self, bar: _Bar) -> None:
        run_id = bar.record.id
        try:
            params = {"token": _PREFIX + run_id}
            await self._client.ask("window/workDoneProgress/create", params, CREATE_SECONDS)
        except (TimeoutError, RpcError):
            self._bars.pop(run_id, None)
            return
        bar.begun = True
        self._tell(
            run_id,
            {
                "kind": "begin",
                "title": "Drafting the spec",
                "cancellable": True,
                "message": _doing(bar),
            },
        )
        if bar.record.status in TERMINAL:
            self._end(run_id, bar, _ending(bar.record))

    def _streamed(self, event: RunStreamed) -> None:
        bar = self._bars.get(event.run_id)
        if bar is None or event.kind != "text":
            return
        bar.received = event.offset + len(event.delta)
        now = asyncio.get_running_loop().time()
        if bar.begun and now - bar.reported_at >= REPORT_SECONDS:
            bar.reported_at = now
            self._report(bar)

    def _report(self, bar: _Bar) -> None:
        self._tell(bar.record.id, {"kind": "report", "message": _doing(bar), "cancellable": True})

    def _end(self, run_id: str, bar: _Bar, message: str) -> None:
        if bar.begun:
            bar.begun = False
            self._tell(run_id, {"kind": "end", "message": message})
            self._bars.pop(run_id, None)

    def _tell(self, run_id: str, value: dict[str, Any]) -> None:
        self._client.send("$/progress", {"token": _PREFIX + run_id, "value": value})


def _doing(bar: _Bar) -> str:
    record = bar.record
    if record.waiting_until is not None:
        seconds = max(0, round(record.waiting_until - record.updated_at))
        return f"waiting {seconds} s before asking {record.provider or 'the provider'} again"
    doing = _PHASES.get(record.phase or "", "starting")
    parts = [doing if record.phase != "provider" else f"asking {_model(record)}"]
    if bar.received:
        parts.append(f"{bar.received:,} characters")
    if record.usage.output_tokens:
        parts.append(f"{record.usage.output_tokens:,} tokens")
    return " · ".join(parts)


def _model(record: RunRecord) -> str:
    return " ".join(filter(None, (record.provider, record.model))) or "the provider"


def _ending(record: RunRecord) -> str:
    if record.error is not None:
        return f"Failed: {record.error.get('message', record.error.get('code'))}"
    return {"completed": "The draft is ready", "cancelled": "Cancelled"}.get(
        record.status.value, record.status.value.capitalize()
    )

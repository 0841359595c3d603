"""Owns the live line that shows a run on stderr, and the one line left when it is over.

Must not know how a run works; it reads records.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.markup import escape
from rich.status import Status

from kata_lsp.cli import output
from kata_lsp.orchestrator.events import Event, RunChanged, RunStreamed
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import RunRecord, RunStatus

_PHASES = {
    "context": "reading the repository",
    "prompt": "building the prompt",
    "provider": "waiting for the first words",
    "validate": "checking the draft",
    "repair": "asking for missing sections",
}


class RunProgress:
    """A sink that shows one run: a spinner on a terminal, a line per phase elsewhere."""

    def __init__(self) -> None:
        self._console = output.remarks()
        self._status: Status | None = None
        self._said = ""
        self._characters = 0

    def __enter__(self) -> Self:
        """Start showing."""
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop showing."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case RunChanged(record):
                self._changed(record)
            case RunStreamed(kind=kind, delta=delta):
                self._characters += len(delta) if kind == "text" else 0
                word = "writing" if kind == "text" else "thinking"
                if self._status is not None:
                    self._status.update(f"{word}: {self._characters:,} characters")
            case _:
                pass

    def _changed(self, record: RunRecord) -> None:
        if record.status in TERMINAL:
            if record.status is RunStatus.COMPLETED:
                self._say(_summary(record))
            return
        if record.waiting_until is not None and record.attempts:
            seconds = max(0.0, record.waiting_until - record.updated_at)
            self._say(f"{record.attempts[-1].code}: trying again in {seconds:.0f} s")
        elif record.phase == "provider" and record.provider is None:
            self._say("choosing a provider")
        elif record.phase is not None and not self._characters:
            asked = record.phase in {"provider", "repair"}
            who = f" ({record.provider}, {record.model})" if asked else ""
            self._say(_PHASES[record.phase] + who)

    def _say(self, text: str) -> None:
        if text == self._said:
            return
        self._said = text
        if self._status is not None:
            self._status.update(escape(text))
        else:
            self._console.print(escape(text))


def _summary(record: RunRecord) -> str:
    usage, parts = record.usage, [f"run {record.id}", f"{record.provider}/{record.model}"]
    if usage.input_tokens or usage.output_tokens:
        parts.append(f"{usage.input_tokens or 0} tokens in, {usage.output_tokens or 0} out")
    if record.cost_usd is not None:
        parts.append(f"${record.cost_usd:.4f}")
    elif record.cost_note:
        parts.append("cost unknown")
    parts.append(f"{len({each.path for each in record.context})} files read")
    seconds = record.timeline[-1].at - record.timeline[0].at
    return ", ".join(parts) + f", {seconds:.1f} s"

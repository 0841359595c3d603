"""Owns what the status line says: this session's runs, added up.

Must not know where it is shown. It is one of the orchestrator's sinks, and remembers a few
numbers per run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kata_lsp.orchestrator.events import Event, RunChanged
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import DraftState, RunRecord, RunStatus, TokenUsage

Kind = Literal["normal", "busy", "warning", "error", "inactive"]


@dataclass(frozen=True, slots=True)
class Totals:
    """The session so far. `cost_usd` is None while no price is known."""

    kind: Kind
    message: str
    provider: str | None
    model: str | None
    tokens: int
    cost_usd: float | None
    active: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    status: RunStatus
    updated_at: float
    tokens: int
    cost_usd: float | None
    waits: bool
    provider: str | None
    model: str | None
    error: str


class Tally:
    """Adds the session's runs up."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def __call__(self, event: Event) -> None:
        """Note an event."""
        if isinstance(event, RunChanged):
            self._lines[event.record.id] = _line(event.record)

    def totals(self, *, ready: bool, problems: int = 0) -> Totals:
        """Return the totals.

        Args:
            ready: Whether a folder is open to work in.
            problems: How many settings were refused.
        """
        lines = self._lines
        active = tuple(key for key, line in lines.items() if line.status not in TERMINAL)
        waiting = tuple(key for key, line in lines.items() if line.waits)
        last = max(lines.values(), key=lambda line: line.updated_at, default=None)
        costs = [line.cost_usd for line in lines.values() if line.cost_usd is not None]
        kind, message = _headline(active, waiting, last, ready=ready, problems=problems)
        return Totals(
            kind=kind,
            message=message,
            provider=last.provider if last else None,
            model=last.model if last else None,
            tokens=sum(line.tokens for line in lines.values()),
            cost_usd=sum(costs) if costs else None,
            active=active,
            waiting=waiting,
        )


def _headline(
    active: tuple[str, ...],
    waiting: tuple[str, ...],
    last: _Line | None,
    *,
    ready: bool,
    problems: int,
) -> tuple[Kind, str]:
    if active:
        return "busy", f"{_count(len(active), 'run')} in flight"
    if last is not None and last.status is RunStatus.FAILED:
        return "error", last.error
    if not ready:
        return "inactive", "no folder is open"
    if problems:
        return "warning", f"{_count(problems, 'setting')} refused; run `kata.doctor`"
    if waiting:
        return "normal", f"{_count(len(waiting), 'draft')} waiting"
    return "normal", "ready"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line(record: RunRecord) -> _Line:
    return _Line(
        status=record.status,
        updated_at=record.updated_at,
        tokens=_tokens(record.usage),
        cost_usd=record.cost_usd,
        waits=record.draft is not None and record.draft.state is DraftState.WAITING,
        provider=record.provider,
        model=record.model,
        error=str((record.error or {}).get("message", "the last run failed")),
    )


def _tokens(usage: TokenUsage) -> int:
    return (usage.input_tokens or 0) + (usage.output_tokens or 0)

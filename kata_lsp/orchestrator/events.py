"""Owns what the orchestrator tells the outside, and the sink it tells it to.

Must not know who listens; an editor, a terminal and a test list are the same to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kata_lsp.runs.record import RunRecord


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A run's record changed; it is stored already (invariant 3)."""

    record: RunRecord


@dataclass(frozen=True, slots=True)
class RunStreamed:
    """More of the model's output, stored already.

    `offset` is where `delta` begins in this run's text of its kind, in code points, so that a
    reader who missed a piece can tell.
    """

    run_id: str
    kind: Literal["text", "thinking"]
    delta: str
    offset: int


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Something the status line shows changed: the mode, the provider, the runs in flight."""


Event = RunChanged | RunStreamed | StatusChanged

Sink = Callable[[Event], None]
"""Takes an event and returns at once; it must neither block nor raise."""

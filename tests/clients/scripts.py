"""What the scripted provider answers in these tests: a whole draft, in pieces, with gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DRAFT = """\
# Count tokens

## Goal

Show what a run has used. 😀 漢字

## Tasks

- [ ] T001 Count tokens in `src/app.py`
- [ ] T002 Show the count (after T001)

## Acceptance Criteria

- AC1: The count is shown.

## Non-goals

- Prices.

## Assumptions

- The provider reports usage.

## Verification Plan

- AC1: run `pytest`.
"""


def answer(
    match: str | None = None, *, text: str = DRAFT, gate: Path | None = None, pieces: int = 8
) -> dict[str, Any]:
    """Return a finished answer; with a gate it stops half-way until that file exists."""
    size = max(1, -(-len(text) // pieces))
    steps: list[dict[str, Any]] = [
        {"text": text[at : at + size]} for at in range(0, len(text), size)
    ]
    if gate is not None:
        steps.insert(len(steps) // 2, {"wait_for_file": str(gate)})
    steps += [{"usage": {"input_tokens": 1000, "output_tokens": 200}}, {"stop": "end_turn"}]
    return {"steps": steps} if match is None else {"match": match, "steps": steps}


def hanging(match: str | None = None, text: str = "# Half a dr") -> dict[str, Any]:
    """Return an answer that begins and never ends."""
    steps: list[dict[str, Any]] = [{"text": text}, {"hang": True}]
    return {"steps": steps} if match is None else {"match": match, "steps": steps}

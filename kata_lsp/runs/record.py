"""Owns the run record: everything known about a run, as plain immutable data.

Must not know how a run is carried out; `lifecycle` says which changes are legal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class RunStatus(StrEnum):
    """The six states of a run; the last four are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


class DraftState(StrEnum):
    """What became of a run's draft."""

    NONE = "none"
    """No valid draft: the run has not got that far, or its output may not be applied."""
    WAITING = "waiting"
    APPLIED = "applied"
    DISCARDED = "discarded"


Profile = Literal["standard", "lite"]
"""How much ceremony a spec carries; `lite` is for small changes."""

Phase = Literal["context", "prompt", "provider", "validate", "repair"]
"""The step a running run is in; finished phases are what `resume` does not pay for again."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """When a run entered a status (epoch seconds)."""

    status: RunStatus
    at: float


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Token counts as stored; None means that the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one provider, as it ended.

    `cost_usd` is None when the price of the model is unknown; `code` is None for a success.
    `waited_seconds` is the back-off before this attempt.
    """

    provider: str
    model: str
    runtime_mode: str
    started_at: float
    seconds: float
    waited_seconds: float = 0.0
    code: str | None = None
    request_id: str | None = None
    usage: TokenUsage = TokenUsage()
    cost_usd: float | None = None
    purpose: Literal["draft", "repair", "execute"] = "draft"


@dataclass(frozen=True, slots=True)
class ContextRef:
    """A snippet that went into the prompt, without its text."""

    path: str
    start_line: int
    end_line: int
    score: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that went wrong without failing the run."""

    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The model's answer and what it was made from.

    `text` may be partial when `complete` is False: it is shown, never applied. `base` is the
    spec's text the model was given ("" for none), so that a merge can tell our changes from the
    reader's.
    """

    text: str
    base: str
    state: DraftState
    complete: bool
    missing_sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the user asked for, resolved: no field of it changes during the run.

    `root` is an absolute path; `spec_path` is posix and relative to it. `instructions` is what
    `refine` should change in an existing spec, or the prompt of a new one.
    """

    prompt: str
    root: str
    spec_path: str
    session: str | None = None
    provider: str | None = None
    model: str | None = None
    runtime_mode: Literal["native", "pi"] = "native"
    apply: Literal["ask", "auto", "never"] = "ask"
    profile: Profile = "standard"
    selection: str = ""
    selection_path: str = ""
    max_cost_usd: float | None = None
    max_requests: int | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it stands. `seq` grows by one with every stored change."""

    id: str
    request: RunRequest
    status: RunStatus
    timeline: tuple[TimelineEntry, ...]
    created_at: float
    updated_at: float
    seq: int = 0
    phase: Phase | None = None
    origin: str | None = None
    """The run this one resumes."""
    provider: str | None = None
    """The provider that answered, or is being asked."""
    model: str | None = None
    context: tuple[ContextRef, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    usage: TokenUsage = TokenUsage()
    cost_usd: float | None = None
    cost_note: str = ""
    """Why the cost is unknown or partial."""
    waiting_until: float | None = None
    """Epoch seconds until which the run waits before its next request."""
    draft: Draft | None = None
    error: Mapping[str, Any] | None = None
    """The `KataError` payload of a failed run."""
    brief: Mapping[str, Any] | None = None
    """What the prompt is built from, kept so that a resumed run need not retrieve again."""

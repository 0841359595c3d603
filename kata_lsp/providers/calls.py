"""Owns what callers give the runtime and get back: a call, its attempts, and what it may spend.

Must not know how a call is carried out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kata_lsp.providers.base import RuntimeMode
from kata_lsp.providers.messages import Brief, Completion, Message, StreamEvent, Tool, Usage

Purpose = Literal["draft", "repair", "execute"]
"""What a request is for; recorded with the attempt, never sent."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Money and requests used up; `cost_usd` holds the known cost only."""

    cost_usd: float = 0.0
    requests: int = 0

    def __add__(self, other: Spent) -> Spent:
        """Return the sum of both."""
        return Spent(self.cost_usd + other.cost_usd, self.requests + other.requests)


@dataclass(frozen=True, slots=True)
class CallBudget:
    """A run's own caps, beside those of the settings (the lower one counts), and its past.

    `spent` is what the run used before this call; the runtime adds the call's own attempts.
    """

    max_cost_usd: float | None = None
    max_requests: int | None = None
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One question to a model; what is None is taken from the settings.

    `model` belongs to `provider` (or to the provider that is picked): providers further down the
    fallback chain use their own default.
    """

    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[Tool, ...] = ()
    provider: str | None = None
    model: str | None = None
    runtime_mode: RuntimeMode | None = None
    max_output_tokens: int | None = None
    purpose: Purpose = "execute"
    budget: CallBudget = field(default_factory=CallBudget)
    fallback: tuple[str, ...] | None = None
    """Providers to try after the first; None takes `Settings.fallback`, () tries no other."""
    brief: Brief | None = None
    """What the messages were built from; passed on to adapters that are no language models."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked: a provider, one of its models, and the way there."""

    provider: str
    model: str
    runtime_mode: RuntimeMode


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A request is about to be sent; `number` counts this call's requests from 1."""

    provider: str
    model: str
    runtime_mode: RuntimeMode
    number: int


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One request, as it ended. Times are seconds, `started_at` is epoch seconds.

    `code` is None for a success. `cost_usd` is None when it is unknown, and `cost_note` says why.
    `waited_seconds` is the back-off before the request.
    """

    provider: str
    model: str
    runtime_mode: RuntimeMode
    purpose: Purpose
    started_at: float
    seconds: float
    waited_seconds: float = 0.0
    code: str | None = None
    request_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    cost_note: str = ""


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """A request ended, well (`report.code is None`) or not.

    A caller that counts spending per day records it before it takes the next event, so that the
    next budget check sees it.
    """

    report: AttemptReport


@dataclass(frozen=True, slots=True)
class Waiting:
    """A back-off before the next request: why, for how long, and until when (epoch seconds)."""

    seconds: float
    code: str
    provider: str
    until: float


@dataclass(frozen=True, slots=True)
class FellBack:
    """The chain moves on: `provider` could not serve (`code`, `message`), `next_provider` is asked.

    `requests` is how many requests `provider` was sent; 0 when it had no credential.
    """

    provider: str
    next_provider: str
    code: str
    message: str
    requests: int


Notice = AttemptStarted | AttemptFinished | Waiting | FellBack
"""What the runtime itself reports while a call runs."""

CallEvent = StreamEvent | Notice
"""Everything `Runtime.stream` yields, a closed union. After an `AttemptStarted` that is not the
first, no content of an earlier attempt has been seen: retries end with the first token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, and every request it took; the last one gave it."""

    completion: Completion
    attempts: tuple[AttemptReport, ...]

    @property
    def target(self) -> Target:
        """Who answered."""
        last = self.attempts[-1]
        return Target(last.provider, last.model, last.runtime_mode)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one request is expected to cost at most, before it is sent.

    `input_tokens` is a guess on the high side. `max_cost_usd` is None when the model's price is
    unknown; `note` says so.
    """

    provider: str
    model: str
    input_tokens: int
    max_output_tokens: int
    max_cost_usd: float | None
    note: str = ""

"""What a scripted answer is made of: steps on a socket, gates, and the request it answers.

Knows nothing about HTTP, any provider's JSON, or the server that executes the steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

Surface: TypeAlias = Literal["anthropic", "chat", "responses"]
Transport: TypeAlias = Literal["plain", "stream"]
Operation: TypeAlias = Literal["generate", "models", "count_tokens", "unknown"]
SURFACES: tuple[Surface, ...] = ("anthropic", "chat", "responses")
TRANSPORTS: tuple[Transport, ...] = ("plain", "stream")
CANARY = "sk-canary-0123456789abcdef-DO-NOT-SHOW"
"""The key that every test request carries; it must turn up nowhere but at the server."""


class Gate:
    """A named point in an answer: it holds every stream that reaches it until `release`."""

    def __init__(self, name: str = "gate") -> None:
        self.name = name
        self.arrivals = 0
        self._open = asyncio.Event()
        self._arrived = asyncio.Condition()

    def release(self) -> None:
        """Let every held stream, and every later one, pass."""
        self._open.set()

    async def pass_through(self) -> None:
        """Announce the arrival, then wait for the release (the server calls this)."""
        async with self._arrived:
            self.arrivals += 1
            self._arrived.notify_all()
        await self._open.wait()

    async def wait_for_arrivals(self, count: int = 1, *, within: float = 20.0) -> None:
        """Return once `count` streams have reached the gate.

        Raises:
            TimeoutError: When they do not within `within` seconds.
        """
        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: self.arrivals >= count)


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; consecutive pauses keep an absolute schedule, so a slow machine does not add up."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait at a gate."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class Hang:
    """Stay silent until the client hangs up."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection in the normal way (FIN), after what was written."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection (RST), after what was written has left this process."""


Step: TypeAlias = Send | Pause | Hold | Hang | Close | Reset


@dataclass(slots=True)
class Recorded:
    """A request as it arrived, and what became of its answer.

    Attributes:
        number: Position in the server's list of requests, from 0.
        headers: Names in lower case; a repeated header keeps its last value.
        body: The parsed JSON, or `None` when there was none or it was not JSON.
        started_at: `time.monotonic()` when the request was complete.
        sent_at: When the last step of the answer was done; `None` before.
        hung_up_at: When the client closed the connection; `None` when it has not.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: bytes
    body: Any
    surface: Surface
    operation: Operation
    started_at: float
    origin: str = ""
    sent_at: float | None = None
    hung_up_at: float | None = None
    closed_by_server: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def stream(self) -> bool:
        """Whether a streamed answer was asked for."""
        return isinstance(self.body, dict) and self.body.get("stream") is True

    @property
    def model(self) -> str:
        """The model that was asked for."""
        model = self.body.get("model") if isinstance(self.body, dict) else None
        return model if isinstance(model, str) else "unknown"

    @property
    def key(self) -> str:
        """The credential as it was sent, without its scheme."""
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return self.headers.get("x-api-key") or bearer

    @property
    def prompt(self) -> str:
        """All text of the request's input, system text included, joined by newlines."""
        if not isinstance(self.body, dict):
            return ""
        names = ("system", "instructions", "input", "messages")
        return "\n".join(text for name in names for text in _texts(self.body.get(name)))

    @property
    def last_user_text(self) -> str:
        """The text of the last user turn."""
        turns = self.body.get("messages") or self.body.get("input") if self.body else None
        if isinstance(turns, str):
            return turns
        users = [turn for turn in turns or () if turn.get("role") == "user"]
        return "\n".join(_texts(users[-1])) if users else ""


class Behaviour(Protocol):
    """Decides the whole answer to one request, framing included."""

    def steps(self, request: Recorded) -> Iterable[Step]:
        """Yield the steps; the iterable may be endless."""
        ...


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, list):
        return [text for item in node for text in _texts(item)]
    if isinstance(node, dict):
        return [text for name in ("text", "content") for text in _texts(node.get(name))]
    return []

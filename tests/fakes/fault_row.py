"""What one row of the fault table says: what the server does and what a client must make of it.

Knows no row; `faults` collects them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fakes.behaviours import AnyBehaviour
from fakes.steps import SURFACES, TRANSPORTS, Surface, Transport

SUCCESS: frozenset[str] = frozenset()
"""In place of error codes: the call succeeds."""

ALL = SURFACES
OPENAI: tuple[Surface, ...] = ("chat", "responses")


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table.

    Attributes:
        behaviours: Served in this order; the last one repeats.
        codes: The acceptable error codes; none means that the call succeeds.
        requests: The least and the greatest number of requests.
        succeeds_too: Success is acceptable beside the codes.
        partial: Text that must be kept although the call fails; `None` where none is due.
        text: The whole text when the call succeeds; `None` where it does not matter.
        deadline: Only a deadline of the client ends the call, so tests shorten it.
        endless: The server never ends the answer, though the client can at once.
        waits: Seconds that the client must wait between requests as told, one per wait.
    """

    id: str
    behaviours: tuple[AnyBehaviour, ...]
    codes: frozenset[str]
    requests: tuple[int, int] = (1, 1)
    surfaces: tuple[Surface, ...] = ALL
    transports: tuple[Transport, ...] = TRANSPORTS
    succeeds_too: bool = False
    partial: str | None = None
    text: str | None = None
    deadline: bool = False
    endless: bool = False
    waits: tuple[float, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault on one surface and transport."""

    fault: Fault
    surface: Surface
    transport: Transport

    @property
    def id(self) -> str:
        """A readable test id."""
        return f"{self.fault.id}-{self.surface}-{self.transport}"

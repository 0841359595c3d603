"""The acceptance table of the provider runtime: every fault, its code, its number of requests.

Rows live in `faults_http` (before or instead of an answer), `faults_body` (answers that arrive
whole) and `faults_stream` (after the first bytes). Knows nothing about the runtime itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from fakes import faults_body, faults_http, faults_stream
from fakes.fault_row import Case, Fault

FAULTS: tuple[Fault, ...] = (*faults_http.ROWS, *faults_body.ROWS, *faults_stream.ROWS)


def fault(fault_id: str) -> Fault:
    """The row with this id.

    Raises:
        KeyError: When there is none.
    """
    try:
        return next(row for row in FAULTS if row.id == fault_id)
    except StopIteration:
        raise KeyError(f"no fault {fault_id!r}") from None


def cases(faults: Iterable[Fault] = FAULTS) -> list[Case]:
    """Every row on every surface and transport where it can occur."""
    return [
        Case(row, surface, transport)
        for row in faults
        for surface in row.surfaces
        for transport in row.transports
    ]

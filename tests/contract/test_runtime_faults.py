"""The runtime over the whole fault table: every fault, on every API, plain and streamed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from fakes.fault_row import SUCCESS, Case, Fault
from fakes.faults import FAULTS, cases
from fakes.provider_server import ProviderServer
from fakes.runtimes import (
    CANARY,
    PATIENT,
    PROVIDER_OF,
    SHORT,
    Outcome,
    call_to,
    carried_out,
    runtime_for,
    settings_for,
)
from fakes.steps import SURFACES, Recorded

from kata_lsp.providers.runtime import Runtime
from kata_lsp.settings.model import DeadlineSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MARGIN = 1.0
"""Seconds that a call may outlast its total deadline."""
_LATE = f"lasted more than {_MARGIN:g} s beyond its total deadline"
_GROUP = 5
_EARLY = 0.02
"""Seconds by which clocks of client and server may differ over a wait."""


class World:
    """One misbehaving server, and one runtime whose deadlines fit the fault at hand.

    All cases share both, as the calls of one session do; a case knows its requests by a mark.
    """

    def __init__(self, server: ProviderServer) -> None:
        self.server = server
        self.runtime: Runtime = runtime_for(server, max_output_bytes=512 * 1024)

    def configure(self, deadlines: DeadlineSettings) -> None:
        """Use these deadlines from the next call on."""
        self.runtime.configure(
            settings_for(self.server, deadlines=deadlines, max_output_bytes=512 * 1024)
        )

    def requests(self, mark: str) -> list[Recorded]:
        """The requests that carried a mark."""
        return [request for request in self.server.requests if mark in request.prompt]


def _together() -> list[Any]:
    """Rows in which nearly all the time is waiting, several at a time."""
    waiting = [
        [row for row in FAULTS if row.deadline],
        [row for row in FAULTS if row.waits],
    ]
    groups = [rows[at : at + _GROUP] for rows in waiting for at in range(0, len(rows), _GROUP)]
    return [pytest.param(rows, id=",".join(row.id for row in rows)) for rows in groups]


def _alone() -> list[Any]:
    rows = [row for row in FAULTS if not (row.deadline or row.waits)]
    return [pytest.param([row], id=row.id) for row in rows]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    """The server and the runtime, its SDKs loaded before any short deadline runs."""
    async with ProviderServer() as server:
        world = World(server)
        try:
            for surface in SURFACES:
                await world.runtime.list_models(PROVIDER_OF[surface])
            yield world
        finally:
            await world.runtime.aclose()


@pytest.mark.parametrize("faults", [*_together(), *_alone()])
async def test_every_fault_ends_in_its_code_in_time_with_its_requests_counted(
    faults: Sequence[Fault], world: World, caplog: pytest.LogCaptureFixture
):
    """A fault ends as the table says on all APIs, never hangs, asks too often or leaks a key."""
    caplog.set_level(logging.DEBUG)
    deadlines = SHORT if faults[0].deadline else PATIENT
    world.configure(deadlines)
    asked = cases(faults)
    problems = await asyncio.gather(*(_problems(case, world, deadlines) for case in asked))
    late = [case for case, found in zip(asked, problems, strict=True) if _is_late(found)]
    # A busy machine can be late once; a call that hangs is late again when it is alone.
    again = [await _problems(case, world, deadlines) for case in late]
    found = [found for found in problems if not _is_late(found)] + again
    assert not [problem for each in found for problem in each]
    assert CANARY not in caplog.text


async def _problems(case: Case, world: World, deadlines: DeadlineSettings) -> list[str]:
    mark = f"{case.id}-{len(world.server.requests)}."
    *first, last = case.fault.behaviours
    for behaviour in first:
        world.server.when(mark, behaviour, times=1)
    world.server.when(mark, last)
    outcome = await carried_out(world.runtime, call_to(case.surface, mark), case.transport)
    found = [*_of_outcome(case, outcome), *_of_requests(case, world.requests(mark), outcome)]
    if outcome.seconds > deadlines.total + _MARGIN:
        found.append(_LATE)
    return [f"{case.surface} {case.transport}: {problem}" for problem in found]


def _is_late(problems: list[str]) -> bool:
    return len(problems) == 1 and problems[0].endswith(_LATE)


def _of_outcome(case: Case, outcome: Outcome) -> list[str]:
    fault, error = case.fault, outcome.error
    if CANARY in repr(outcome):
        return ["the key shows"]
    if error is None:
        wrong = fault.text is not None and outcome.text != fault.text
        fine = fault.codes == SUCCESS or fault.succeeds_too
        return [f"succeeded with {outcome.text!r}"] if wrong or not fine else []
    found: list[str] = []
    if error.code not in fault.codes:
        found.append(f"ended in {error.code}: {error.message}")
    if (error.provider_id, error.runtime_mode) != (PROVIDER_OF[case.surface], "native"):
        found.append(f"names {error.provider_id!r} in {error.runtime_mode!r}")
    if any(CANARY in text or "Traceback" in text for text in (str(error), str(error.to_dict()))):
        found.append("the error tells too much")
    lost = outcome.text != fault.partial or not error.partial
    if fault.partial is not None and case.transport == "stream" and lost:
        found.append(f"kept {outcome.text!r}")
    return found


def _of_requests(case: Case, sent: list[Recorded], outcome: Outcome) -> list[str]:
    least, most = case.fault.requests
    found: list[str] = []
    if not least <= len(sent) <= most:
        found.append(f"{len(sent)} requests")
    if outcome.error is not None:
        told = outcome.error.attempts
        # At a short deadline a request may be given up before all of it has left this machine.
        if told != len(sent) and not (case.fault.deadline and len(sent) <= told <= most):
            found.append(f"{told} attempts told, {len(sent)} made")
    for wait, earlier, later in zip(case.fault.waits, sent, sent[1:], strict=False):
        waited = later.started_at - earlier.started_at
        if waited < wait - _EARLY:
            found.append(f"waited {waited:.3f} s instead of {wait:g} s")
    return found

"""The runtime over the whole fault table: every fault, on every API, plain and streamed."""

from __future__ import annotations

import asyncio
import importlib
import logging

import pytest
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
)

_MARGIN = 1.0
"""Seconds that a call may outlast its total deadline."""
_LATE = f"lasted more than {_MARGIN:g} s beyond its total deadline"
_EARLY = 0.02
"""Seconds by which clocks of client and server may differ over a wait."""


@pytest.fixture(scope="module", autouse=True)
def sdks() -> None:
    """Load the SDKs before any short deadline runs: their first import takes seconds."""
    for name in ("anthropic", "openai"):
        importlib.import_module(name)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
async def test_every_fault_ends_in_its_code_in_time_with_its_requests_counted(
    fault: Fault, caplog: pytest.LogCaptureFixture
):
    """A fault ends as the table says on all APIs, never hangs, asks too often or leaks a key."""
    caplog.set_level(logging.DEBUG)
    problems = await asyncio.gather(*(_problems(case) for case in cases([fault])))
    late = [case for case, found in zip(cases([fault]), problems, strict=True) if _is_late(found)]
    # A busy machine can be late once; a call that hangs is late again when it is alone.
    again = [await _problems(case) for case in late]
    found = [found for found in problems if not _is_late(found)] + again
    assert not [problem for each in found for problem in each]
    assert CANARY not in caplog.text


async def _problems(case: Case) -> list[str]:
    deadlines = SHORT if case.fault.deadline else PATIENT
    async with ProviderServer() as server:
        server.serve(*case.fault.behaviours)
        runtime = runtime_for(server, deadlines=deadlines, max_output_bytes=512 * 1024)
        try:
            outcome = await carried_out(runtime, call_to(case.surface), case.transport)
        finally:
            await runtime.aclose()
        found = [*_of_outcome(case, outcome), *_of_requests(case, server, outcome)]
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


def _of_requests(case: Case, server: ProviderServer, outcome: Outcome) -> list[str]:
    sent = [request for request in server.requests if request.operation != "models"]
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

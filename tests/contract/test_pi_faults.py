"""The fault table through the real pi engine: the same codes, requests and texts as `native`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from fakes import faults_http
from fakes.fault_row import SUCCESS, Case
from fakes.faults import cases
from fakes.pi_engine import needs_engine, pi_mode
from fakes.provider_server import ProviderServer
from fakes.runtimes import (
    CANARY,
    PATIENT,
    PROVIDER_OF,
    Outcome,
    call_to,
    carried_out,
    runtime_for,
)

from kata_lsp.providers.pi.source import PiMode
from kata_lsp.settings.model import DeadlineSettings

pytestmark = [needs_engine, pytest.mark.timeout(180)]

_UNHURRIED = DeadlineSettings(connect=10, first_token=6, idle=2, total=14)
"""For faults that only a deadline ends: long enough for the engine to start on a busy machine."""
_MARGIN = 3.0
_STRICTER = {
    "stop_event_early": "bad_response",
    "usage_missing": "bad_response",
}
"""Answers that break their API's rules, which `native` forgives and the engine cannot: it drops
text of a block that was closed, and expects usage from Anthropic. Refused, never with holes."""


@pytest.fixture
async def pi() -> AsyncIterator[PiMode]:
    """Runtime mode `pi`."""
    async with pi_mode() as mode:
        yield mode


def streamed() -> list[Case]:
    """Every row, streamed as the engine always does.

    Faults before an answer, and silences that only our deadlines end, take one way through the
    engine whatever the API, so one API stands for all: each case starts one to three processes.
    """
    before_answer = {row.id for row in faults_http.ROWS}
    return [
        case
        for case in cases()
        if case.transport == "stream"
        and (
            case.surface == "anthropic"
            or not (case.fault.deadline or case.fault.id in before_answer)
        )
    ]


@pytest.mark.parametrize("case", streamed(), ids=lambda case: case.id)
async def test_the_engine_ends_every_fault_in_the_same_code(
    case: Case, pi: PiMode, caplog: pytest.LogCaptureFixture
):
    """A fault ends in the code of the table, never hangs, never asks too often, leaks nothing."""
    caplog.set_level(logging.DEBUG)
    deadlines = _UNHURRIED if case.fault.deadline else PATIENT
    async with ProviderServer() as server:
        server.serve(*case.fault.behaviours)
        runtime = runtime_for(
            server,
            deadlines=deadlines,
            max_output_bytes=512 * 1024,
            sources={"pi": pi.connect},
        )
        try:
            call = call_to(case.surface, runtime_mode="pi")
            outcome = await carried_out(runtime, call, case.transport)
        finally:
            await runtime.aclose()
    _check_outcome(case, outcome)
    least, most = case.fault.requests
    sent = [request for request in server.requests if request.operation != "models"]
    assert least <= len(sent) <= most
    if case.fault.deadline:
        assert outcome.seconds < deadlines.total + _MARGIN
    elif outcome.error is not None:
        assert outcome.error.attempts == len(sent)
    shown = [repr(outcome), caplog.text]
    shown += [repr(outcome.error.to_dict())] if outcome.error else []
    assert not any(CANARY in text for text in shown)


def _check_outcome(case: Case, outcome: Outcome) -> None:
    fault, error = case.fault, outcome.error
    if error is None:
        assert fault.codes == SUCCESS or fault.succeeds_too, outcome.text
        if fault.text is not None:
            assert outcome.text == fault.text
        return
    stricter = {_STRICTER[fault.id]} if fault.id in _STRICTER else set[str]()
    assert error.code in fault.codes | stricter, error.message
    assert (error.provider_id, error.runtime_mode) == (PROVIDER_OF[case.surface], "pi")
    assert error.remediation
    if fault.partial is not None:
        assert outcome.text == fault.partial
        assert error.partial

"""Every adapter over the whole fault table: one request, the right code, nothing given away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from fakes.adapters import CANARY, KIND_OF, Result, ask, connected
from fakes.fault_row import Case, Fault
from fakes.faults import FAULTS, cases
from fakes.provider_server import ProviderServer
from fakes.steps import Surface

from kata_lsp.providers.base import Adapter

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PATIENCE = 30.0
_SOON = 0.2
"""Seconds after which a fault that only a deadline ends is given up here."""

ROWS = [row for row in FAULTS if len(row.behaviours) == 1 and row.id != "text_without_end"]
"""Left out: what a second request mends, and output without end; both are the runtime's."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[ProviderServer]:
    """A provider that misbehaves, one way after the other."""
    async with ProviderServer() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def adapters(server: ProviderServer) -> AsyncIterator[Mapping[Surface, Adapter]]:
    """One adapter per API for all faults, which must not spoil each other."""
    async with AsyncExitStack() as stack:
        yield {
            surface: await stack.enter_async_context(connected(kind, server))
            for surface, kind in KIND_OF.items()
        }


@pytest.mark.parametrize("fault", ROWS, ids=lambda fault: fault.id)
async def test_every_fault_is_one_request_and_the_right_error(
    fault: Fault,
    server: ProviderServer,
    adapters: Mapping[Surface, Adapter],
    caplog: pytest.LogCaptureFixture,
):
    """An adapter never asks twice, keeps what arrived, and repeats no word of the server's."""
    caplog.set_level(logging.DEBUG)
    problems = [
        f"{case.surface} {case.transport}: {problem}"
        for case in cases([fault])
        for problem in await _problems(case, server, adapters[case.surface])
    ]
    assert not problems
    assert CANARY not in caplog.text


async def _problems(case: Case, server: ProviderServer, adapter: Adapter) -> list[str]:
    server.reset()
    server.serve(*case.fault.behaviours)
    found: list[str] = []
    try:
        async with asyncio.timeout(_SOON if case.fault.deadline else _PATIENCE):
            found += _of_result(case, await ask(adapter, case.transport))
    except TimeoutError:
        if not case.fault.deadline:
            found.append("hangs")
    if server.count() != 1 and not case.fault.deadline:
        found.append(f"{server.count()} requests")
    return found


def _of_result(case: Case, result: Result) -> list[str]:
    fault, error = case.fault, result.error
    if result.code is None:
        wrong = fault.text is not None and result.text != fault.text
        fine = not fault.codes or fault.succeeds_too
        return [f"succeeded with {result.text!r}"] if wrong or not fine else []
    found: list[str] = []
    if result.code not in fault.codes:
        found.append(f"ended in {result.code}: {error}")
    if fault.partial is not None and case.transport == "stream" and result.text != fault.partial:
        found.append(f"kept {result.text!r}")
    if error is None:
        return found
    if error.partial != bool(result.text):
        found.append(f"partial is {error.partial} after {result.text!r}")
    if error.provider_id != f"my-{KIND_OF[case.surface]}":
        found.append(f"names {error.provider_id!r}")
    # What we found out by ourselves has no cause; everything else must keep its own.
    if error.__cause__ is None and result.code not in {"stream_interrupted", "bad_response"}:
        found.append(f"{result.code} has no cause")
    if any(word in str(error.to_dict()) for word in (CANARY, "Traceback", "token_expired", "<")):
        found.append(f"tells too much: {error}")
    return found

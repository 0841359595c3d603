"""The fault table at the socket: what every row sends, how it ends, what it claims to demand."""

from __future__ import annotations

import asyncio

import pytest
from fakes.fault_row import Case, Fault
from fakes.faults import FAULTS, cases, fault
from fakes.provider_server import ProviderServer
from fakes.raw_client import RawAnswer, exchange, generation, streamed_text
from fakes.steps import CANARY

CODES = frozenset(
    {
        "bad_endpoint",
        "bad_response",
        "cancelled",
        "content_refused",
        "context_too_large",
        "empty_output",
        "invalid_auth",
        "invalid_request",
        "missing_auth",
        "model_not_found",
        "permission_denied",
        "provider_unavailable",
        "quota_exhausted",
        "rate_limited",
        "session_expired",
        "stream_interrupted",
        "timeout",
        "truncated_output",
        "unexpected_error",
    }
)
# Bytes after which we hang up on a server that never falls silent.
LIMITS = {
    "headers_dribble": 3,
    "text_without_end": 20_000,
    "body_without_end": 20_000,
    "pings_after_text": 5_000,
    "pings_before_text": 5_000,
    "empty_deltas_after_text": 5_000,
}


async def ask(server: ProviderServer, case: Case) -> RawAnswer:
    """One request of the case; hangs up when the answer is endless or silent."""
    body = generation(case.surface, stream=case.transport == "stream")
    quiet = 0.1 if case.fault.deadline or case.fault.endless else 20.0
    limit = LIMITS.get(case.fault.id, 2_000_000)
    return await exchange(server.url, case.surface, body, quiet=quiet, limit=limit)


async def check(case: Case) -> None:
    """Serve the case and hold what comes against its row."""
    row, streamed = case.fault, case.transport == "stream"
    async with ProviderServer() as server:
        server.serve(*row.behaviours)
        answers = [await ask(server, case) for _ in row.behaviours]
        last = answers[-1]
        held = row.deadline or row.endless
        assert (last.ending == "open") == held, (case.id, last)
        if row.text is not None and streamed:
            assert last.ending == "complete", case.id
            assert streamed_text(case.surface, last.body) == row.text, case.id
        if row.partial is not None and streamed:
            assert streamed_text(case.surface, last.body).startswith(row.partial), case.id
        assert server.count() == len(answers), case.id
        if held:
            await server.wait_for_hangup(len(answers) - 1)


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.id)
async def test_every_row_sends_what_it_says(row: Fault):
    """A row ends as promised, shows the promised text and counts its requests, on every surface."""
    await asyncio.gather(*(check(case) for case in cases([row])))


def test_rows_are_consistent():
    """Ids are unique, codes exist, counts and waits agree, and every surface occurs."""
    ids = [row.id for row in FAULTS]
    assert len(ids) == len(set(ids))
    for row in FAULTS:
        least, most = row.requests
        assert row.codes <= CODES, row.id
        assert 1 <= least <= most <= 3, row.id
        assert len(row.waits) in {0, most - 1}, row.id
        assert row.codes or row.text is not None, row.id
        assert row.surfaces, row.id
        assert row.transports, row.id


@pytest.mark.parametrize(
    ("fault_id", "transport", "ending"),
    [
        ("closed_before_headers", "plain", "closed"),
        ("reset_before_headers", "plain", "reset"),
        ("closed_inside_head", "stream", "closed"),
        ("content_length_too_long_then_close", "plain", "closed"),
        ("reset_after_text", "stream", "reset"),
        ("cut_after_text", "stream", "closed"),
        ("clean_end_after_text", "stream", "complete"),
        ("body_reset", "plain", "reset"),
        ("body_cut", "plain", "closed"),
        ("empty_body", "stream", "complete"),
    ],
)
async def test_endings_are_exact(fault_id: str, transport: str, ending: str):
    """A reset is a reset on the wire, a close a close, and a clean end has its last chunk."""
    row = fault(fault_id)
    for surface in row.surfaces:
        async with ProviderServer() as server:
            server.serve(*row.behaviours)
            body = generation(surface, stream=transport == "stream")
            answer = await exchange(server.url, surface, body)
            assert answer.ending == ending, (surface, answer)


@pytest.mark.parametrize(
    ("fault_id", "statuses", "header"),
    [
        ("invalid_request", {400}, None),
        ("request_too_large", {413}, None),
        ("credit_balance", {400, 429}, None),
        ("status_529", {529}, None),
        ("teapot", {418}, None),
        ("rate_limited_1s", {429}, ("retry-after", "1")),
        ("rate_limited_150ms", {429}, ("retry-after-ms", "150")),
        ("rate_limited_no_retry", {429}, ("x-should-retry", "false")),
        ("login_page", {200}, ("content-type", "text/html")),
        ("redirect_308_same_origin", {308}, None),
    ],
)
async def test_statuses_and_headers(
    fault_id: str, statuses: set[int], header: tuple[str, str] | None
):
    """A row's status and its telling header are on the wire."""
    row = fault(fault_id)
    for surface in row.surfaces:
        async with ProviderServer() as server:
            server.serve(*row.behaviours)
            answer = await exchange(server.url, surface, generation(surface))
            assert answer.status in statuses
            if header:
                assert answer.headers[header[0]] == header[1]


async def test_redirects_name_the_same_server_by_another_name():
    """Following a redirect would come back to this server and be recorded, whatever its origin."""
    for other, host in ((False, "127.0.0.1"), (True, "localhost")):
        row = fault(f"redirect_307_{'other' if other else 'same'}_origin")
        async with ProviderServer() as server:
            server.serve(*row.behaviours)
            answer = await exchange(server.url, "chat", generation("chat"))
            port = server.url.rpartition(":")[2]
            assert answer.headers["location"] == (
                f"http://{host}:{port}/elsewhere/v1/chat/completions"
            )


async def test_an_invalid_key_is_echoed():
    """The server repeats the key, so that a client that shows a server's words is caught."""
    for surface in fault("invalid_key").surfaces:
        async with ProviderServer() as server:
            server.serve(*fault("invalid_key").behaviours)
            answer = await exchange(server.url, surface, generation(surface))
            assert answer.status == 401
            assert CANARY.encode() in answer.body


def test_an_unknown_row_is_named():
    """Asking for a row that does not exist names it."""
    with pytest.raises(KeyError, match="no fault 'nope'"):
        fault("nope")

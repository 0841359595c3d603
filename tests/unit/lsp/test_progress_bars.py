"""Tests of progress bars: exactly one begin and one end, whatever the client does."""

from __future__ import annotations

import pytest
from clients.peer import Peer, settle
from clients.records import NOW, drafted, record

from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.progress import Progress
from kata_lsp.orchestrator.events import RunChanged, RunStreamed
from kata_lsp.runs.record import RunStatus, TokenUsage

CREATE = "window/workDoneProgress/create"
CAN = {"window": {"workDoneProgress": True}}


def bars(capabilities=None, **answers):
    """Return a peer that can show bars, and what follows its runs."""
    peer = Peer(CAN if capabilities is None else capabilities)
    peer.answers = {CREATE: None, **answers}
    return peer, Progress(peer)


def kinds(peer: Peer) -> list[str]:
    return [params["value"]["kind"] for params in peer.of("$/progress")]


async def test_a_run_begins_reports_and_ends():
    """Under the token that was created, which names the run."""
    peer, progress = bars()
    progress(RunChanged(record(phase="context")))
    await settle()
    progress(RunChanged(record(phase="provider", provider="p", model="m")))
    progress(RunChanged(drafted()))
    assert kinds(peer) == ["begin", "report", "end"]
    assert {params["token"] for params in peer.of("$/progress")} == {"kata/run/r1"}
    assert [params["value"].get("message") for params in peer.of("$/progress")] == [
        "reading the workspace",
        "asking p m",
        "The draft is ready",
    ]
    assert progress.run_of("kata/run/r1") is None


async def test_a_run_that_ends_before_its_bar_exists_still_begins_and_ends():
    """The client made a bar, so it is told both."""
    peer, progress = bars()
    progress(RunChanged(record()))
    progress(RunChanged(drafted()))
    assert kinds(peer) == []
    await settle()
    assert kinds(peer) == ["begin", "end"]


@pytest.mark.parametrize("failure", [RpcError(-32601, "no"), TimeoutError()])
async def test_a_bar_that_is_not_created_is_never_used(failure):
    """No begin, no end, and later changes ask no more."""
    peer, progress = bars(**{CREATE: failure})
    progress(RunChanged(record()))
    await settle()
    progress(RunChanged(drafted()))
    assert kinds(peer) == []
    assert len(peer.asked) == 1


async def test_closing_ends_what_began_and_forgets_what_did_not():
    """A client that never answers is not waited for."""
    peer, progress = bars()
    progress(RunChanged(record("r1")))
    await settle()
    del peer.answers[CREATE]
    progress(RunChanged(record("r2")))
    await settle()
    await progress.aclose()
    assert kinds(peer) == ["begin", "end"]


@pytest.mark.parametrize(
    "capabilities",
    [
        {},
        {"window": {"workDoneProgress": False}},
        CAN | {"experimental": {"kata": {"progress": False}}},
    ],
)
async def test_a_client_without_bars_is_not_asked(capabilities):
    """Nor one that shows runs in its own way."""
    peer, progress = bars(capabilities)
    progress(RunChanged(record()))
    await settle()
    assert peer.asked == []


async def test_a_run_known_only_by_its_end_has_no_bar():
    """Applying the draft of an old run changes a record that is terminal already."""
    peer, progress = bars()
    progress(RunChanged(drafted()))
    await settle()
    assert peer.asked == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"waiting_until": NOW + 13, "updated_at": NOW + 1, "provider": "p"},
            "waiting 12 s before asking p again",
        ),
        (
            {"waiting_until": NOW, "updated_at": NOW + 9},
            "waiting 0 s before asking the provider again",
        ),
        ({"phase": "validate"}, "checking the draft"),
        (
            {"phase": "repair", "usage": TokenUsage(1, 2000)},
            "asking for the missing sections · 2,000 tokens",
        ),
        ({}, "starting"),
    ],
)
async def test_a_report_says_what_the_run_is_doing(changes, expected):
    """Phase, tokens and waits in words."""
    peer, progress = bars()
    progress(RunChanged(record()))
    await settle()
    progress(RunChanged(record(**changes)))
    assert peer.of("$/progress")[-1]["value"]["message"] == expected


async def test_received_text_is_reported():
    """By characters, at most once a second."""
    peer, progress = bars()
    progress(RunChanged(record(phase="provider")))
    await settle()
    progress(RunStreamed("r1", "text", "abc", 1000))
    progress(RunStreamed("r1", "text", "abc", 1003))
    progress(RunStreamed("r1", "thinking", "abc", 0))
    messages = [params["value"]["message"] for params in peer.of("$/progress")]
    assert messages == ["asking the provider", "asking the provider · 1,003 characters"]


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (RunStatus.FAILED, {"code": "timeout", "message": "too slow"}, "Failed: too slow"),
        (RunStatus.CANCELLED, None, "Cancelled"),
        (RunStatus.INTERRUPTED, None, "Interrupted"),
    ],
)
async def test_an_end_says_how_it_ended(status, error, expected):
    """In words for the user."""
    peer, progress = bars()
    progress(RunChanged(record()))
    await settle()
    progress(RunChanged(record(status=status, error=error)))
    assert peer.of("$/progress")[-1]["value"] == {"kind": "end", "message": expected}

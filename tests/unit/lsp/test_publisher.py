"""Tests of the publisher: order, coalescing, and what a reset of the timer loses (nothing)."""

from __future__ import annotations

from clients.peer import Peer
from clients.records import record

from kata_lsp.lsp.publisher import Publisher, joined
from kata_lsp.orchestrator.events import RunChanged, RunStreamed, StatusChanged
from kata_lsp.runs.record import RunStatus
from kata_lsp.runs.store import OutputKind


def publisher(**capabilities):
    """Return a peer and its publisher; the status payload counts how often it is asked for."""
    peer = Peer(capabilities)
    calls: list[None] = []

    def status() -> dict[str, int]:
        calls.append(None)
        return {"asked": len(calls)}

    return peer, Publisher(peer, status)


def stream(text: str, offset: int, run_id: str = "r1", kind: OutputKind = "text") -> RunStreamed:
    return RunStreamed(run_id, kind, text, offset)


async def test_every_change_is_sent_at_once_and_in_order():
    """No change is ever coalesced."""
    peer, publish = publisher()
    for seq in (1, 2, 2, 3):
        publish(RunChanged(record(seq=seq)))
    assert [run.seq for run in peer.of("kata/run/didChange")] == [1, 2, 2, 3]


async def test_deltas_within_a_tick_become_one_that_begins_where_the_first_did():
    """The first goes at once; what follows waits for the tick or for the end of the run."""
    peer, publish = publisher()
    publish(stream("a", 0))
    for offset, text in ((1, "b"), (2, "cd")):
        publish(stream(text, offset))
    assert [each["delta"] for each in peer.of("kata/run/didStream")] == ["a"]
    publish(RunChanged(record(status=RunStatus.COMPLETED)))
    assert [name for name, _ in peer.sent] == [
        "kata/run/didStream",
        "kata/run/didStream",
        "kata/run/didChange",
    ]
    assert peer.sent[1][1] == {
        "runId": "r1",
        "seq": 2,
        "kind": "text",
        "delta": "bcd",
        "offset": 1,
    }


async def test_kinds_and_runs_do_not_mix():
    """Thinking and text, two runs: each joins only its own."""
    peer, publish = publisher()
    publish(stream("a", 0))
    publish(stream("x", 0, run_id="r2"))
    publish(stream("b", 1))
    publish(stream("t", 0, kind="thinking"))
    publish(stream("y", 1, run_id="r2"))
    publish.close()
    sent = [(each["runId"], each["kind"], each["delta"]) for each in peer.of("kata/run/didStream")]
    assert sent == [
        ("r1", "text", "a"),
        ("r2", "text", "x"),
        ("r1", "text", "b"),
        ("r1", "thinking", "t"),
        ("r2", "text", "y"),
    ]


async def test_a_change_that_is_not_the_end_leaves_the_stream_waiting():
    """Only a terminal record must come after all output."""
    peer, publish = publisher()
    publish(stream("a", 0))
    publish(stream("b", 1))
    publish(RunChanged(record()))
    assert [name for name, _ in peer.sent] == ["kata/run/didStream", "kata/run/didChange"]
    publish.close()


async def test_status_changes_of_one_turn_are_one():
    """The status is asked for when it is sent."""
    peer, publish = publisher()
    publish(StatusChanged())
    publish(StatusChanged())
    assert peer.sent == []
    publish.close()
    assert peer.of("kata/status/didChange") == [{"asked": 1}]


async def test_a_client_that_opted_out_is_told_nothing():
    """`experimental.kata.notifications: false`."""
    peer, publish = publisher(experimental={"kata": {"notifications": False}})
    publish(stream("a", 0))
    publish(RunChanged(record(status=RunStatus.COMPLETED)))
    publish(StatusChanged())
    publish.close()
    assert peer.sent == []


def test_waiting_notifications_are_joined_only_when_one_follows_the_other():
    """After a gap the newer one stands alone: its offset tells the reader what is missing."""
    waiting = {"runId": "r", "seq": 1, "kind": "text", "delta": "ab", "offset": 3}
    new = {"runId": "r", "seq": 2, "kind": "text", "delta": "c", "offset": 5}
    assert joined([waiting, new]) == new | {"delta": "abc", "offset": 3}
    assert joined([waiting, new | {"offset": 9}]) == new | {"offset": 9}

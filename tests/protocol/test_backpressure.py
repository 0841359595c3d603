"""A client that does not read: nothing blocks, nothing grows without end, states arrive."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fixtures.lsp.wire import Server, command, frame, note

from kata_lsp.lsp.transport.outbox import (
    MAX_DROPPABLE,
    MAX_WAITING,
    BacklogError,
    Merge,
    Outbox,
)


def flood(count: int, size: int, **options: Any) -> dict[str, Any]:
    return command("flood", "probe.flood", {"count": count, "size": size} | options)


def texts(server: Server, method: str) -> list[str]:
    return [m["params"]["text"] for m in server.seen if m.get("method") == method]


def stuffed(server: Server) -> None:
    """Bring the server to where it has more to say than the pipe takes."""
    server.initialize()
    server.ping()
    server.send(flood(20_000, 100))
    server.wait_until_stuffed()


def test_a_client_that_does_not_read_blocks_nothing() -> None:
    """With a full pipe the server still reads and works; what it said arrives later, in order."""
    with Server() as server:
        stuffed(server)
        server.send(command("slow", "probe.slow"), note("$/cancelRequest", {"id": "slow"}))
        assert server.answer("flood")["result"] == {"sent": 20_000}
        assert server.answer("slow")["error"]["code"] == -32800
        numbers = [int(text[:8]) for text in texts(server, "probe/didFlood")]
        assert numbers == list(range(20_000))


def test_deltas_are_merged_while_the_client_does_not_read() -> None:
    """Text of one stream arrives complete in fewer messages."""
    with Server() as server:
        stuffed(server)
        options = {"key": "stream", "merge": True, "method": "probe/didMerge"}
        server.send(command("m", "probe.flood", {"count": 4000, "size": 8} | options))
        server.answer("m")
        server.answer("flood")
        server.ping()
        streamed = texts(server, "probe/didMerge")
        assert "".join(streamed) == "".join(f"{n:08d}" for n in range(4000))
        assert len(streamed) < 2000


def test_a_replaced_state_is_the_newest() -> None:
    """Of states with one key, a slow client gets the last, and never an older one after it."""
    with Server() as server:
        stuffed(server)
        options = {"key": "run", "method": "probe/didChange"}
        server.send(command("s", "probe.flood", {"count": 4000, "size": 8} | options))
        server.answer("s")
        server.answer("flood")
        server.ping()
        numbers = [int(text) for text in texts(server, "probe/didChange")]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 3999
        assert len(numbers) < 2000


@pytest.mark.parametrize("merge", [True, False])
def test_memory_stays_bounded_when_nobody_ever_reads(merge: bool) -> None:
    """Streamed text is dropped and the session goes on; states end it, with a reason."""
    with Server() as server:
        server.initialize()
        server.ping()
        options = {"key": "s", "merge": True} if merge else {}
        server.write(frame(flood(2000, 20_000, **options)))
        if merge:
            assert server.answer("flood")["result"] == {"sent": 2000}
            assert "streamed text is dropped" in server.stderr
            server.ping()
        else:
            assert server.process.wait(20) == 1
            assert "has not read" in server.stderr


def test_a_log_that_nobody_reads_blocks_nothing(tmp_path: Path) -> None:
    """A full stderr pipe loses lines instead of stopping the server."""
    with Server(stderr_pipe=True) as server:
        server.initialize()
        bad = frame(note("textDocument/didOpen", {"textDocument": {"uri": 5}}))
        for _ in range(20):
            server.write(bad * 100)
        server.ping()


# The outbox alone


def box() -> Outbox:
    return Outbox(lambda message: json.dumps(message).encode())


def drain(outbox: Outbox) -> list[Any]:
    bodies = iter(outbox.take, None)
    return [json.loads(body) for body in bodies]


def put(outbox: Outbox, key: str, value: Any, merge: Merge | None = None) -> None:
    outbox.put_keyed(key, {"params": value}, merge)


def test_order_is_kept_and_a_keyed_message_moves_to_the_end() -> None:
    """A newer state stands behind everything that was sent before it."""
    outbox = box()
    put(outbox, "a", 1)
    outbox.put(b'"fixed"')
    put(outbox, "b", 1)
    put(outbox, "a", 2)
    assert drain(outbox) == ["fixed", {"params": 1}, {"params": 2}]
    assert outbox.size == 0


def test_a_taken_message_is_not_merged_into() -> None:
    """What is on its way cannot change any more."""
    outbox = box()
    put(outbox, "s", "a", "".join)
    assert drain(outbox) == [{"params": "a"}]
    put(outbox, "s", "b", "".join)
    put(outbox, "s", "c", "".join)
    assert drain(outbox) == [{"params": "bc"}]


def test_streams_are_dropped_before_anything_else() -> None:
    """Beyond their share the deltas go; states stay."""
    outbox = box()
    put(outbox, "state", "kept")
    text = "x" * 100_000
    for _ in range(MAX_DROPPABLE // len(text) + 1):
        put(outbox, "stream", text, "".join)
    assert drain(outbox) == [{"params": "kept"}]


def test_a_full_outbox_refuses_instead_of_growing() -> None:
    """The bound is bytes that wait, not messages."""
    outbox = box()
    body = b"x" * 1_000_000
    while outbox.size <= MAX_WAITING:
        outbox.put(body)
    with pytest.raises(BacklogError, match="has not read"):
        outbox.put(body)
    assert outbox.size <= MAX_WAITING + len(body)


def test_waiting_deltas_are_merged_once() -> None:
    """However many wait, each is touched once: when the client reads again."""
    merged: list[int] = []

    def merge(parts: Sequence[str]) -> str:
        merged.append(len(parts))
        return "".join(parts)

    outbox = box()
    for number in range(1000):
        put(outbox, "s", str(number), merge)
    assert merged == []
    assert drain(outbox) == [{"params": "".join(map(str, range(1000)))}]
    assert merged == [1000]


@pytest.mark.parametrize("merge", [lambda _parts: object(), lambda _parts: 1 / 0])
def test_a_merge_that_fails_loses_only_itself(merge: Merge) -> None:
    """A defect in one merge does not take the messages behind it along."""
    outbox = box()
    put(outbox, "s", "a", merge)
    put(outbox, "s", "b", merge)
    put(outbox, "t", "kept")
    assert drain(outbox) == [{"params": "kept"}]

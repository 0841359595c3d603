"""`$/cancelRequest`: the work stops and the request is answered, once."""

from collections.abc import Iterator

import pytest
from fixtures.lsp.bad_input import Probes, serving
from fixtures.lsp.wire import command, note

CANCELLED = -32800


@pytest.fixture(scope="module")
def probes() -> Iterator[Probes]:
    yield from serving()


@pytest.mark.parametrize("msg_id", [7, "seven", 7.5, -1, ""])
def test_a_cancelled_command_stops_and_is_answered(probes: Probes, msg_id: object) -> None:
    """The coroutine itself is cancelled, its `finally` runs, and the answer is -32800."""
    server = probes.live()
    server.send(command(msg_id, "probe.slow"))
    server.notification("probe/didStart")
    server.send(note("$/cancelRequest", {"id": msg_id}))
    assert server.notification("probe/didStop")
    assert server.answer(msg_id)["error"]["code"] == CANCELLED


def test_cancelling_before_the_work_began_is_answered_too(probes: Probes) -> None:
    """Request and cancellation may come in one write."""
    server = probes.live()
    server.send(command("early", "probe.slow"), note("$/cancelRequest", {"id": "early"}))
    assert server.answer("early")["error"]["code"] == CANCELLED
    server.ping()


def test_cancelling_what_is_finished_changes_nothing(probes: Probes) -> None:
    """A late cancellation is ignored; the answer was sent."""
    server = probes.live()
    server.send(command("late", "probe.ping"))
    assert "result" in server.answer("late")
    before = len(server.seen)
    server.send(note("$/cancelRequest", {"id": "late"}))
    server.ping()
    assert [m for m in server.seen[before:] if m.get("id") == "late"] == []


def test_only_the_named_request_is_cancelled(probes: Probes) -> None:
    """The number 1 and the text 1 are different ids."""
    server = probes.live()
    server.send(command(1, "probe.slow"), command("1", "probe.slow"))
    server.notification("probe/didStart")
    server.notification("probe/didStart")
    server.send(note("$/cancelRequest", {"id": "1"}))
    assert server.answer("1")["error"]["code"] == CANCELLED
    server.ping()
    assert not [m for m in server.unread if m.get("id") == 1]
    server.send(note("$/cancelRequest", {"id": 1}))
    assert server.answer(1)["error"]["code"] == CANCELLED


def test_our_own_question_is_taken_back_when_its_time_is_over(probes: Probes) -> None:
    """A client that never answers is told that nobody waits any more; a late answer is ignored."""
    server = probes.live()
    server.send(command("ask", "probe.ask"))
    question = server.notification("probe/question")
    assert server.answer("ask")["result"] == {"answer": "timeout"}
    assert server.notification("$/cancelRequest")["params"] == {"id": question["id"]}
    server.send({"jsonrpc": "2.0", "id": question["id"], "result": "late"})
    server.ping()


@pytest.mark.parametrize(
    ("member", "answer"),
    [({"result": {"title": "Yes"}}, {"title": "Yes"}), ({"result": None}, None)],
)
def test_our_own_question_is_answered(probes: Probes, member: dict, answer: object) -> None:
    """The client's answer reaches the handler that asked, as it was."""
    server = probes.live()
    server.send(command("ask", "probe.ask"))
    question = server.notification("probe/question")
    server.send({"jsonrpc": "2.0", "id": question["id"]} | member)
    assert server.answer("ask")["result"] == {"answer": answer}


def test_a_refused_question_is_an_error_of_the_command(probes: Probes) -> None:
    """Helix answers MethodNotFound to what it does not know."""
    server = probes.live()
    server.send(command("ask", "probe.ask"))
    question = server.notification("probe/question")
    error = {"code": -32601, "message": "method not found"}
    server.send({"jsonrpc": "2.0", "id": question["id"], "error": error})
    assert "method not found" in server.answer("ask")["error"]["message"]


def test_shutdown_does_not_wait_for_an_open_question() -> None:
    """A dialog that nobody closes must not keep the server."""
    probes = Probes()
    server = probes.live()
    server.send(command("ask", "probe.ask"))
    server.notification("probe/question")
    assert server.ask("shutdown")["result"] is None
    assert "error" in server.answer("ask")
    server.send(note("exit"))
    assert server.wait() == 0
    probes.close()

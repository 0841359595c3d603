"""Tests of offering a draft: once, only where wanted, and waiting for nobody."""

from __future__ import annotations

from typing import Any

import pytest
from clients.peer import Peer, settle
from clients.records import drafted, record, request

from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.offers import Choices, Offers
from kata_lsp.orchestrator.events import RunChanged, StatusChanged
from kata_lsp.runs.record import Diagnostic, Draft, DraftState, RunStatus

ASK = "window/showMessageRequest"
CAN = {"window": {"showMessage": {}}}


def offers(capabilities: dict[str, Any] | None = None, answer: Any = None):
    """Return a peer, the offers to it, and what was chosen."""
    peer = Peer(CAN if capabilities is None else capabilities)
    if answer is not None:
        peer.answers = {ASK: answer}
    chosen: list[str] = []

    def choice(name: str):
        async def choose(run: Any) -> str:
            chosen.append(f"{name} {run.id}")
            return f"{name}: done"

        return choose

    return peer, Offers(peer, Choices(choice("apply"), choice("show"))), chosen


@pytest.mark.parametrize(("title", "did"), [("Apply", "apply"), ("Show", "show")])
async def test_an_answer_is_followed_and_told(title, did):
    """What the choice returns is shown."""
    peer, offer, chosen = offers(answer={"title": title})
    offer(RunChanged(drafted()))
    await settle()
    assert chosen == [f"{did} r1"]
    assert peer.of("window/showMessage") == [{"type": 3, "message": f"{did}: done"}]


async def test_a_choice_that_fails_is_told_too():
    """The run may be gone by the time the user answers."""
    peer = Peer(CAN)
    peer.answers = {ASK: {"title": "Apply"}}

    async def gone(run: Any) -> str:
        raise InvalidInputError("runId", f"there is no run {run.id!r}")

    Offers(peer, Choices(gone, gone))(RunChanged(drafted()))
    await settle()
    assert "there is no run 'r1'" in peer.of("window/showMessage")[0]["message"]


@pytest.mark.parametrize(
    "answer",
    [{"title": "Later"}, {"title": 5}, {}, "Apply", RpcError(-32601, "no"), TimeoutError()],
)
async def test_any_other_answer_does_nothing(answer):
    """The draft waits."""
    peer, offer, chosen = offers(answer=answer)
    offer(RunChanged(drafted()))
    await settle()
    assert chosen == []
    assert peer.sent == []


async def test_a_draft_is_offered_once():
    """Its record changes again when it is applied or shown."""
    peer, offer, _ = offers(answer={"title": "Later"})
    offer(RunChanged(drafted()))
    offer(RunChanged(drafted()))
    offer(RunChanged(drafted("r2")))
    await settle()
    assert len(peer.asked) == 2


@pytest.mark.parametrize(
    "run",
    [
        record(),
        record(status=RunStatus.FAILED),
        record(status=RunStatus.COMPLETED),
        drafted(request=request(apply="auto")),
        drafted(request=request(apply="never")),
        drafted(draft=Draft("x", "", DraftState.APPLIED, complete=True)),
        drafted(draft=Draft("x", "", DraftState.NONE, complete=False)),
    ],
)
async def test_only_a_waiting_draft_of_ask_is_offered(run):
    """Nothing else asks a question."""
    peer, offer, _ = offers()
    offer(RunChanged(run))
    offer(StatusChanged())
    await settle()
    assert (peer.asked, peer.sent) == ([], [])


async def test_a_client_that_cannot_ask_is_told_the_command():
    """One message."""
    peer, offer, _ = offers({})
    offer(RunChanged(drafted()))
    ((method, params),) = peer.sent
    assert method == "window/showMessage"
    assert "kata.draft.apply" in params["message"]


async def test_a_client_with_its_own_way_is_left_alone():
    """`experimental.kata.offers: false`."""
    peer, offer, _ = offers(CAN | {"experimental": {"kata": {"offers": False}}})
    offer(RunChanged(drafted()))
    await settle()
    assert (peer.asked, peer.sent) == ([], [])


async def test_missing_sections_are_named_in_the_question():
    """So that nobody applies half a spec unknowingly."""
    peer, offer, _ = offers()
    draft = Draft("x", "", DraftState.WAITING, complete=True, missing_sections=("Goal", "Tasks"))
    offer(RunChanged(drafted(draft=draft)))
    await settle()
    assert "It lacks: Goal, Tasks." in peer.asked[0][1]["message"]
    await offer.aclose()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"diagnostics": (Diagnostic("apply", "stale", "It changed."),)}, "applied: It changed."),
        ({"draft": Draft("x", "", DraftState.WAITING, True, ("Goal",))}, "It lacks: Goal."),
    ],
)
async def test_a_draft_that_could_not_apply_itself_is_offered(changes, words):
    """With the reason."""
    peer, offer, _ = offers()
    offer(RunChanged(drafted(request=request(apply="auto"), **changes)))
    await settle()
    assert words in peer.asked[0][1]["message"]
    await offer.aclose()


async def test_closing_withdraws_open_questions():
    """A client that never answers is not waited for."""
    peer, offer, chosen = offers()
    offer(RunChanged(drafted()))
    await settle()
    assert len(peer.asked) == 1
    await offer.aclose()
    assert chosen == []

"""Tests of the client's configuration: whose values count, and what is asked of the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clients.peer import Peer

from kata_lsp.lsp.configuration import Configuration
from kata_lsp.lsp.jsonrpc import RpcError

PULL = "workspace/configuration"
CAN_PULL = {"workspace": {"configuration": True}}
TRUSTED = {"experimental": {"kata": {"userConfiguration": True}}}


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no settings of the person who runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def configuration(
    capabilities: dict[str, Any] | None = None, options: Any = None, answer: Any = None
) -> tuple[Peer, Configuration]:
    """Return a client and what is made of its settings, without a workspace."""
    peer = Peer(capabilities, initializationOptions=options)
    peer.answers = {PULL: answer, "client/registerCapability": None}
    return peer, Configuration(peer, lambda: None)


async def test_nothing_is_read_before_it_is_needed():
    """The defaults hold, and nothing is refused."""
    _, found = configuration()
    assert found.settings.provider is None
    assert found.problems == ()


async def test_pulled_values_of_the_users_scope_replace_the_options():
    """All of them, so that a value the user took away is gone; the workspace's own are separate."""
    options = {"kata": {"provider": "a", "model": "x"}, "workspaceSettings": {"context": {}}}
    answer = [
        {"provider": "b", "context": {"limit": 9}},
        {"provider": "c", "context": {"limit": 4}},
    ]
    peer, found = configuration(CAN_PULL | TRUSTED, options, answer)
    await found.subscribe()
    settings = found.resolve()
    assert (settings.provider, settings.model, settings.context.limit) == ("b", None, 4)
    assert len(found.problems) == 1
    (_, params) = peer.asked[0]
    assert [item["section"] for item in params["items"]] == ["kata", "kata.workspaceSettings"]


async def test_pulled_values_of_unknown_scope_only_narrow():
    """A limit may go down, not up; a provider is not theirs to choose."""
    _, found = configuration(CAN_PULL, {}, [{"provider": "b", "context": {"limit": 4}}])
    await found.subscribe()
    settings = found.resolve()
    assert (settings.provider, settings.context.limit) == (None, 4)
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    "answer",
    [None, [], [None], ["x"], {}, "x", RpcError(-32601, "no"), TimeoutError()],
)
async def test_a_useless_answer_leaves_the_options(answer):
    """And fails nothing."""
    _, found = configuration(CAN_PULL | TRUSTED, {"kata": {"provider": "a"}}, answer)
    await found.subscribe()
    assert found.resolve().provider == "a"


async def test_an_answer_that_fails_later_keeps_what_was_pulled():
    """The earlier configuration stays in force."""
    peer, found = configuration(CAN_PULL | TRUSTED, {}, [{"provider": "a"}])
    await found.update(None)
    peer.answers[PULL] = TimeoutError()
    await found.update(None)
    assert found.resolve().provider == "a"


@pytest.mark.parametrize("pushed", [None, 5, [], {"kata": None}, {"other": {"provider": "x"}}])
async def test_an_odd_push_means_nothing_is_set(pushed):
    """As many clients send with an empty configuration."""
    _, found = configuration(TRUSTED)
    await found.update({"kata": {"provider": "a"}})
    await found.update(pushed)
    assert found.resolve().provider in ("a", None)
    assert found.problems == ()


async def test_the_mode_that_was_set_wins_for_the_session():
    """Over every layer, until it is set again."""
    _, found = configuration(TRUSTED, {"kata": {"runtimeMode": "native"}})
    found.set_runtime_mode("pi")
    assert found.resolve().runtime_mode == "pi"
    found.set_runtime_mode("native")
    assert found.resolve().runtime_mode == "native"


async def test_changes_are_subscribed_to_only_where_that_is_dynamic():
    """A client that cannot register is not asked to."""
    peer, found = configuration()
    await found.subscribe()
    assert peer.asked == []
    dynamic = {"workspace": {"didChangeConfiguration": {"dynamicRegistration": True}}}
    peer, found = configuration(dynamic)
    await found.subscribe()
    assert [method for method, _ in peer.asked] == ["client/registerCapability"]

"""Runs against a real provider over HTTP: waits, fallbacks, caps and costs, as a client sees it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from clients.editor import Editor, Preset, editing
from clients.workspace import make_workspace
from fakes.provider_process import ProviderProcess
from fakes.served import custom, key_variable
from fakes.steps import CANARY

PRICED = """
as_of = "2026-01-01"
source = "the test"
[[price]]
provider = "mine"
model = "test-1"
input = 1000
output = 1000
"""
WAIT = {"name": "refuse", "error": "rate_limited", "retry_after": {"seconds": 1}}
DOWN = {"name": "refuse", "error": "unavailable", "headers": {"x-should-retry": "false"}}


def session(
    folder: Path, settings: dict[str, Any], *, preset: Preset = "visual-studio-code"
) -> AbstractAsyncContextManager[Editor]:
    """A session of an editor whose user has these settings."""
    workspace = make_workspace(folder)
    return editing(workspace, preset, options={"kata": settings}, env=key_variable())


async def drafted(editor: Editor, **options: Any) -> dict[str, Any]:
    """Run a draft to its end and return the record."""
    return await editor.ended(await editor.start("Count tokens", provider=None, **options))


def codes(run: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The provider and code of every request."""
    return [(each["provider"], each.get("code")) for each in run["attempts"]]


async def test_a_wait_is_an_event_of_the_run_and_shown_by_its_bar(
    tmp_path: Path, provider: ProviderProcess
):
    """The record says until when and why; the bar says for how long; the retry is recorded."""
    provider.enqueue(WAIT)
    async with session(tmp_path, custom(provider)) as editor:
        run = await drafted(editor)
        waits = [each for each in editor.changes(run["runId"]) if each.get("waitingUntil")]
        assert waits
        assert codes(waits[0]) == [("mine", "rate_limited")]
        assert waits[0]["waitingUntil"] > waits[0]["updatedAt"]
        shown = [params.value.get("message", "") for params in editor.sent("$/progress")]
        assert any("waiting 1 s before asking mine again" in message for message in shown), shown
    assert (run["status"], codes(run)) == ("completed", [("mine", "rate_limited"), ("mine", None)])
    assert run.get("waitingUntil") is None
    assert run["attempts"][1]["waitedSeconds"] >= 1
    first, second = provider.requests(2)
    assert second["startedAt"] - first["startedAt"] >= 1


async def test_a_fallback_is_in_the_record_with_its_reason(
    tmp_path: Path, provider: ProviderProcess
):
    """Both requests, each under its provider; the reason is a diagnostic of the run."""
    provider.enqueue(DOWN)
    settings = custom(provider, fallback=["second"])
    other = {"kind": "anthropic-compatible", "baseUrl": provider.url, "model": "test-2"}
    settings["providers"]["second"] = {**other, "needsKey": False}
    settings["providers"]["third"] = other
    async with session(tmp_path, settings) as editor:
        run = await drafted(editor)
    assert run["status"] == "completed", run
    assert codes(run) == [("mine", "provider_unavailable"), ("second", None)]
    assert (run["provider"], run["model"]) == ("second", "test-2")
    (reason,) = [each for each in run["diagnostics"] if each["source"] == "provider"]
    assert reason["code"] == "provider_unavailable"
    assert {each["runtimeMode"] for each in run["attempts"]} == {"native"}
    assert all(each["seconds"] > 0 for each in run["attempts"])
    assert run["attempts"][1]["usage"]["outputTokens"] > 0
    assert [each["surface"] for each in provider.requests(2)] == ["chat", "anthropic"]


async def test_an_unknown_price_is_no_number_and_comes_with_a_note(
    tmp_path: Path, provider: ProviderProcess
):
    """In the run, its request, the session's status and the estimate before it."""
    async with session(tmp_path, custom(provider)) as editor:
        before = await editor.command("kata.provider.estimate", {"prompt": "Count tokens"})
        assert before.get("maxCostUsd") is None
        assert "test-1" in before["note"]
        assert provider.requests() == []
        run = await drafted(editor)
        spending = (await editor.command("kata.run.list"))["spending"]
    assert run.get("costUsd") is None
    assert "test-1" in run["costNote"]
    assert run["attempts"][0].get("costUsd") is None
    assert run["usage"]["inputTokens"] > 0
    assert spending["unknownCostRequests"] == 1


async def test_a_users_own_prices_count(tmp_path: Path, provider: ProviderProcess):
    """Cost per request, run and workspace, from the tokens that the provider reports."""
    (tmp_path / "prices.toml").write_text(PRICED)
    settings = custom(provider, pricesFile=str(tmp_path / "prices.toml"))
    async with session(tmp_path, settings) as editor:
        before = await editor.command("kata.provider.estimate", {"prompt": "Count tokens"})
        run = await drafted(editor)
        spending = (await editor.command("kata.run.list"))["spending"]
    used = run["usage"]
    cost = (used["inputTokens"] + used["outputTokens"]) / 1000
    assert run["costUsd"] == pytest.approx(cost)
    assert run["attempts"][0]["costUsd"] == pytest.approx(cost)
    assert before["maxCostUsd"] > cost
    assert spending["costUsd"] == pytest.approx(cost)
    assert spending["unknownCostRequests"] == 0


CAPS = {
    "requests of a run": ({"maxRequestsPerRun": 0}, {}, "maxRequestsPerRun"),
    "cost of a run": ({"maxCostUsdPerRun": 0.5}, {}, "maxCostUsdPerRun"),
    "requests of a day": ({"maxRequestsPerDay": 0}, {}, "maxRequestsPerDay"),
    "cost of a day": ({"maxCostUsdPerDay": 0.5}, {}, "maxCostUsdPerDay"),
    "a run's own cost": ({}, {"maxCostUsd": 0.5}, "maxCostUsd"),
}


@pytest.mark.parametrize("cap", CAPS)
async def test_a_cap_stops_a_request_before_it_is_sent(
    tmp_path: Path, provider: ProviderProcess, cap: str
):
    """The run fails by the user's own limit, which the message names; nothing is sent."""
    (tmp_path / "prices.toml").write_text(PRICED)
    budget, options, named = CAPS[cap]
    settings = custom(provider, pricesFile=str(tmp_path / "prices.toml"), budget=budget)
    async with session(tmp_path, settings) as editor:
        run = await drafted(editor, **options)
    assert (run["status"], run["error"]["code"]) == ("failed", "quota_exhausted")
    assert named in run["error"]["message"]
    assert provider.requests() == []


async def test_the_cap_of_a_day_counts_other_runs_and_direct_questions(
    tmp_path: Path, provider: ProviderProcess
):
    """Two requests a day: one of a run, one of `kata.provider.execute`, and no third."""
    settings = custom(provider, budget={"maxRequestsPerDay": 2})
    async with session(tmp_path, settings) as editor:
        assert (await drafted(editor))["status"] == "completed"
        await editor.command("kata.provider.execute", {"prompt": "Hello"})
        assert (await drafted(editor))["error"]["code"] == "quota_exhausted"
    assert len(provider.requests(2)) == 2


@pytest.mark.parametrize(
    ("budget", "options"), [({"maxRequestsPerRun": 1}, {}), ({}, {"maxRequests": 1})]
)
async def test_a_retry_counts_as_a_request_of_its_run(
    tmp_path: Path, provider: ProviderProcess, budget: dict[str, int], options: dict[str, int]
):
    """The cap holds inside a call, too: the first request is sent, its retry is not."""
    provider.enqueue(WAIT, WAIT)
    async with session(tmp_path, custom(provider, budget=budget)) as editor:
        run = await drafted(editor, **options)
    assert run["error"]["code"] == "quota_exhausted"
    assert codes(run) == [("mine", "rate_limited")]
    assert len(provider.requests(1)) == 1


async def test_the_key_is_nowhere_but_at_the_provider(
    tmp_path: Path, provider: ProviderProcess, capfd: pytest.CaptureFixture[str]
):
    """Good runs and bad ones at debug level: no file, message, log line or draft has the key."""
    log = tmp_path / "kata.log"
    settings = custom(provider, logFile=str(log))
    provider.enqueue(
        {"name": "refuse", "error": "invalid_key"},
        {"name": "refuse", "error": "invalid_request"},
        {"name": "body", "data": f"<html>{CANARY}</html>", "content_type": "text/html"},
        {"name": "reset"},
        {"name": "reset"},
        {"name": "reset"},
        {"name": "reply", "text": f"# Half\n\nYour key is {CANARY[:9]}", "stop": "max_tokens"},
    )
    async with session(tmp_path, settings) as editor:
        runs = [await drafted(editor) for _ in range(5)]
        for prompt in ("Hello", "Again"):
            await editor.command("kata.provider.execute", {"prompt": prompt})
        whole = await drafted(editor, apply="auto")
        await editor.command("kata.provider.resolveAuth", "mine")
        await editor.command("kata.doctor")
        said = repr(editor.received) + repr(editor.edits)
    assert [run["status"] for run in runs] == ["failed"] * 5
    assert whole["status"] == "completed"
    assert all(CANARY in str(request["headers"]) for request in provider.requests(9))
    shown = capfd.readouterr()
    assert "DEBUG" in log.read_text()
    for place in (said, shown.err, shown.out):
        assert CANARY not in place
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {log, tmp_path / "home/state/kata-lsp/runs.sqlite3"} <= set(files)
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []

"""Tests of what goes on the wire: payloads, errors, and the status line."""

from __future__ import annotations

import pytest
from clients.records import NOW, drafted, record, request

from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.lsp import payloads
from kata_lsp.lsp.errors import to_rpc
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.tally import Tally
from kata_lsp.orchestrator.events import RunChanged
from kata_lsp.runs.record import Attempt, ContextRef, Diagnostic, RunStatus, TokenUsage
from kata_lsp.settings.model import Settings


def plain(payload):
    """Return a payload as it is sent."""
    return payload.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_a_run_on_the_wire_has_no_draft_text_and_no_absent_values():
    """Every known field is there in camelCase."""
    run = record(
        status=RunStatus.FAILED,
        provider="p",
        model="m",
        attempts=(Attempt("p", "m", "native", NOW, 1.5, code="timeout", cost_usd=0.5),),
        usage=TokenUsage(1, None, 3),
        context=(ContextRef("a.py", 1, 2, 0.5, "why"),),
        diagnostics=(Diagnostic("context", "slow", "took long"),),
        error=KataError(ErrorCode.TIMEOUT, "too slow", provider_id="p", attempts=1).to_dict(),
    )
    sent = plain(payloads.run(run))
    assert sent["usage"] == {"inputTokens": 1, "cacheReadTokens": 3}
    assert sent["attempts"][0]["code"] == "timeout"
    assert sent["attempts"][0]["waitedSeconds"] == 0
    assert sent["context"] == [
        {"path": "a.py", "startLine": 1, "endLine": 2, "score": 0.5, "reason": "why"}
    ]
    assert sent["error"]["code"] == "timeout"
    assert [entry["status"] for entry in sent["timeline"]] == ["queued", "running", "failed"]
    assert "origin" not in sent


def test_the_draft_of_a_run_is_summed_up():
    """Its text is fetched by command."""
    sent = plain(payloads.run(drafted()))
    assert sent["draft"] == {"state": "waiting", "complete": True, "missingSections": []}
    assert "# Draft" not in str(sent)


def test_before_a_provider_is_asked_the_wanted_one_is_named():
    """The record's own wins once it is known."""
    run = record(request=request(provider="wanted", model="x"))
    assert (payloads.run(run).provider, payloads.run(run).model) == ("wanted", "x")


def test_wrong_input_is_invalid_params_with_its_field():
    """In the form that the payload models' own refusals have."""
    error = to_rpc(InvalidInputError("runId", "there is no run"))
    assert error is not None
    assert error.to_dict() == {
        "code": -32602,
        "message": "runId: there is no run",
        "data": {
            "code": "invalid_params",
            "fields": [{"field": "runId", "problem": "there is no run"}],
        },
    }


@pytest.mark.parametrize("code", ErrorCode)
def test_every_failure_is_request_failed_with_its_payload(code):
    """But a cancelled one, which is what JSON-RPC calls it."""
    failure = KataError(code, "It failed", provider_id="p")
    error = to_rpc(failure)
    assert error is not None
    assert error.code == (-32800 if code is ErrorCode.CANCELLED else -32803)
    assert error.data == failure.to_dict()
    assert error.message.startswith("It failed")
    assert "It failed " not in error.message


def test_a_defect_is_not_explained_to_the_client():
    """The caller answers an opaque -32603; an error of the protocol passes through."""
    assert to_rpc(ValueError("secret")) is None
    error = RpcError(-32601, "no")
    assert to_rpc(error) is error


@pytest.mark.parametrize(
    ("runs", "ready", "problems", "kind", "message"),
    [
        ([], True, 0, "normal", "ready"),
        ([], False, 3, "inactive", "no folder is open"),
        ([], True, 1, "warning", "1 setting refused; run `kata.doctor`"),
        ([record("a"), record("b", RunStatus.QUEUED)], True, 1, "busy", "2 runs in flight"),
        ([drafted()], True, 0, "normal", "1 draft waiting"),
        (
            [record(status=RunStatus.FAILED, error={"message": "No key"})],
            True,
            0,
            "error",
            "No key",
        ),
        (
            [record("a", RunStatus.FAILED), drafted("b", updated_at=NOW + 9)],
            True,
            0,
            "normal",
            "1 draft waiting",
        ),
        ([record(), record(status=RunStatus.CANCELLED)], True, 0, "normal", "ready"),
    ],
)
def test_the_status_line_says_what_matters_most(runs, ready, problems, kind, message):
    """A run in flight, else the last failure, else what to do."""
    tally = Tally()
    for run in runs:
        tally(RunChanged(run))
    totals = tally.totals(ready=ready, problems=problems)
    assert (totals.kind, totals.message) == (kind, message)


def test_the_status_line_adds_up_what_is_known():
    """Each run counts once, as it stands; no price at all is no sum."""
    tally = Tally()
    tally(RunChanged(record("a", usage=TokenUsage(1, 1), provider="p", model="m")))
    tally(RunChanged(drafted("a", usage=TokenUsage(10, 5), cost_usd=0.25)))
    tally(RunChanged(drafted("b", usage=TokenUsage(None, 2))))
    sent = plain(payloads.status(tally.totals(ready=True), Settings(provider="set")))
    assert (sent["tokens"], sent["costUsd"]) == (17, 0.25)
    assert sent["waitingDrafts"] == ["a", "b"]
    assert sent["provider"] == "set"
    assert "costUsd" not in plain(payloads.status(Tally().totals(ready=True), Settings()))

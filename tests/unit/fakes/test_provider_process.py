"""The provider server as a program: start, control routes, end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.provider_process import PROGRAM, ProviderProcess
from fakes.raw_client import exchange, generation, streamed_text
from fakes.steps import CANARY


@pytest.fixture(scope="module")
def process() -> Iterator[ProviderProcess]:
    """One process for the module; every test starts from a reset."""
    with ProviderProcess() as running:
        yield running


async def text_of(process: ProviderProcess) -> str:
    """The text of one streamed answer."""
    body = generation("anthropic", stream=True)
    return streamed_text("anthropic", (await exchange(process.url, "anthropic", body)).body)


async def test_behaviours_come_as_json(process: ProviderProcess):
    """Replies, errors, faults and rules can be armed from outside; requests can be read."""
    process.reset()
    process.load(
        default={"name": "reply", "text": "default", "usage": {"input_tokens": 3}},
        queue=[{"name": "reply", "text": "queued"}, {"name": "refuse", "error": "overloaded"}],
        rules=[{"contains": "T001", "behaviour": {"name": "draft"}}],
    )
    assert await text_of(process) == "queued"
    body = generation("anthropic")
    assert (await exchange(process.url, "anthropic", body)).status == 529
    assert await text_of(process) == "default"
    process.fault("closed_before_headers")
    assert (await exchange(process.url, "anthropic", body)).ending == "closed"
    requests = process.requests(4)
    assert [request["surface"] for request in requests] == ["anthropic"] * 4
    assert requests[0]["headers"]["x-api-key"] == CANARY
    assert requests[0]["body"]["model"] == "model-x"


async def test_gates_and_hang_ups_from_outside(process: ProviderProcess):
    """A held stream is seen, connections are counted, and a hang-up is reported."""
    process.reset()
    process.enqueue({"name": "reply", "text": "a b c", "gates": {"1": "hold"}})
    body = generation("anthropic", stream=True)
    answer = await exchange(process.url, "anthropic", body, quiet=0.1)
    assert answer.ending == "open"
    process.wait_for_arrivals("hold")
    assert process.hangup(0) > process.requests(1)[0]["startedAt"]
    assert process.open_connections() == 0
    process.release("hold")


def test_wrong_orders_are_refused(process: ProviderProcess):
    """An unknown name, field or route says what was wrong."""
    process.reset()
    for spec, word in (({"name": "nope"}, "nope"), ({"name": "draft", "colour": 1}, "colour")):
        with pytest.raises(RuntimeError, match=word):
            process.enqueue(spec)
    with pytest.raises(RuntimeError, match="no fault 'nope'"):
        process.fault("nope")
    with pytest.raises(RuntimeError, match="unknown"):
        process.load(colour=1)


async def test_a_script_arms_the_server_at_the_start(tmp_path: Path):
    """`--script` is loaded before the first request can come."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"default": {"name": "reply", "text": "scripted"}}))
    with ProviderProcess(script) as running:
        assert await text_of(running) == "scripted"


@pytest.mark.parametrize("stdin", [subprocess.PIPE, subprocess.DEVNULL])
def test_sigterm_ends_it(stdin: int):
    """SIGTERM ends the program cleanly, with and without a stdin."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdin=stdin, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["url"].startswith("http://127.0.0.1:")
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 0

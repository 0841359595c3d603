"""The scripted provider: deterministic, chosen only by name, drivable from another process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted import (
    FILE_VARIABLE,
    MODEL,
    PROVIDER,
    Fail,
    Gate,
    Script,
    ScriptedAdapter,
    ScriptedAnswer,
    WaitForFile,
    parse_script,
)
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.messages import (
    AdapterEvent,
    CompletionRequest,
    Message,
    StopReason,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)


def ask(prompt: str = "hello") -> CompletionRequest:
    """A request with that prompt."""
    return CompletionRequest((Message.user(prompt),), MODEL)


async def play(script: Script, prompt: str = "hello") -> list[AdapterEvent]:
    """Everything the script answers."""
    async with ScriptedAdapter(script).stream(ask(prompt)) as events:
        return [event async for event in events]


async def texts(script: Script, prompt: str = "hello") -> str:
    """The text the script answers."""
    return "".join(e.text for e in await play(script, prompt) if isinstance(e, TextDelta))


async def test_answers_are_used_in_order_by_what_they_match_and_then_the_default():
    """An answer serves once unless it repeats."""
    script = Script(
        [
            ScriptedAnswer.text("about cats", match="cat"),
            ScriptedAnswer.text("first"),
            ScriptedAnswer.text("dogs again", match="dog", repeat=True),
        ],
        default=ScriptedAnswer.text("default", repeat=True),
    )
    asked = ["hi", "a dog", "a cat", "a dog", "a cat", "hi"]
    told = ["first", "dogs again", "about cats", "dogs again", "default", "default"]
    assert [await texts(script, prompt) for prompt in asked] == told
    assert [request.messages for request in script.requests] == [
        (Message.user(prompt),) for prompt in asked
    ]
    assert (script.finished, script.left_early) == (6, 0)


async def test_an_answer_without_an_end_ends_well():
    """Start and end need not be written down; a stop that is written ends the answer."""
    assert await play(Script([ScriptedAnswer.text("x")])) == [
        StreamStart(MODEL, "req_scripted"),
        TextDelta("x"),
        StreamStop(StopReason.END_TURN),
    ]
    cut = ScriptedAnswer((StreamStop(StopReason.MAX_TOKENS), TextDelta("never")))
    assert (await play(Script([cut])))[1:] == [StreamStop(StopReason.MAX_TOKENS)]


async def test_a_scripted_failure_is_a_fresh_error_each_time():
    """The runtime fills errors in, which must not show in the next run."""
    script = Script(default=ScriptedAnswer((Fail(ErrorCode.RATE_LIMITED, "wait", 1.5),)))
    caught: list[KataError] = []
    for _ in range(2):
        with pytest.raises(KataError) as error:
            await play(script)
        caught.append(error.value)
    assert caught[0] is not caught[1]
    assert (caught[0].code, caught[0].retry_after_seconds) == (ErrorCode.RATE_LIMITED, 1.5)


async def test_a_gate_holds_an_answer_until_it_is_released():
    """Tests act while an answer is under way, without sleeping."""
    gate = Gate()
    script = Script([ScriptedAnswer((TextDelta("a"), gate, TextDelta("b")))])
    playing = asyncio.create_task(texts(script))
    async with asyncio.timeout(10):
        await gate.reached.wait()
        assert not playing.done()
        gate.release.set()
        assert await playing == "ab"


async def test_leaving_a_stream_is_noticed():
    """A cancelled run has closed its stream, also when it leaves without an error."""
    gate = Gate()
    script = Script([ScriptedAnswer((TextDelta("a"), gate)), ScriptedAnswer.text("b")])
    playing = asyncio.create_task(play(script))
    async with asyncio.timeout(10):
        await gate.reached.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert (script.finished, script.left_early) == (0, 1)
    async with ScriptedAdapter(script).stream(ask()) as events:
        await anext(aiter(events))
    assert (script.finished, script.left_early) == (0, 2)


async def test_a_file_gate_opens_when_the_file_appears(tmp_path: Path):
    """The gate for a server in a process of its own."""
    file = tmp_path / "go"
    script = Script([ScriptedAnswer((WaitForFile(file), TextDelta("gone")))])
    playing = asyncio.create_task(texts(script))
    await asyncio.sleep(0)
    assert not playing.done()
    file.touch()
    async with asyncio.timeout(10):
        assert await playing == "gone"


async def test_the_json_form_has_every_step(tmp_path: Path):
    """What is written in the file is what is streamed."""
    go = tmp_path / "go"
    go.touch()
    script = parse_script(
        {
            "answers": [
                {
                    "match": "hel+o",
                    "steps": [
                        {"text": "a"},
                        {"thinking": "b"},
                        {"tool_call_progress": 3},
                        {"tool_call": {"id": "1", "name": "read", "arguments": {"path": "x"}}},
                        {"usage": {"input_tokens": 10, "output_tokens": 5}},
                        {"wait_for_file": str(go)},
                        {"stop": "tool_use"},
                    ],
                }
            ],
            "default": {"steps": [{"error": {"code": "timeout", "retryable": False}}]},
            "record": str(tmp_path / "record.jsonl"),
        }
    )
    assert (await play(script))[1:] == [
        TextDelta("a"),
        ThinkingDelta("b"),
        ToolCallProgress(3),
        ToolCall("1", "read", {"path": "x"}),
        UsageUpdate(Usage(10, 5)),
        StreamStop(StopReason.TOOL_USE),
    ]
    with pytest.raises(KataError) as caught:
        await play(script)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.TIMEOUT, False)
    lines = (tmp_path / "record.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["request", "closed"] * 2
    assert json.loads(lines[0])["prompt"] == "hello"


@pytest.mark.parametrize(
    "data",
    [
        {"answers": [{}]},
        {"answers": [{"steps": [{"sing": "x"}]}]},
        {"answers": [{"steps": [{"error": {"code": "sad"}}]}]},
        {"answers": [{"steps": [{"text": "a", "stop": "end_turn"}]}]},
        {"answers": [{"steps": [{"stop": "tired"}]}]},
        {"answers": [{"steps": ["text"]}]},
    ],
)
def test_a_wrong_script_is_refused(data):
    """A test that drives nothing must not pass."""
    with pytest.raises(KataError, match="script is wrong"):
        parse_script(data)


async def test_the_file_is_read_when_the_provider_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Not before: the registry reads nothing, and without the variable there is a default."""
    file = tmp_path / "script.json"
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    with pytest.raises(KataError, match="cannot be read"):
        await PROVIDER.connect(Endpoint("scripted"), None)
    file.write_text('{"default": {"steps": [{"text": "from a file"}]}}')
    adapter = await PROVIDER.connect(Endpoint("scripted"), None)
    async with adapter.stream(ask()) as events:
        assert TextDelta("from a file") in [event async for event in events]
    assert [model.id for model in await adapter.list_models()] == [MODEL]
    monkeypatch.delenv(FILE_VARIABLE)
    plain = await PROVIDER.connect(Endpoint("scripted"), None)
    async with plain.stream(ask()) as events:
        assert TextDelta("a scripted ") in [event async for event in events]
    await plain.aclose()

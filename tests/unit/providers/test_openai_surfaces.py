"""OpenAI's two APIs in both directions: bodies from requests, canonical events from theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kata_lsp.providers.adapters.openai import chat, responses, words
from kata_lsp.providers.adapters.openai.chat_events import ChunkReader
from kata_lsp.providers.adapters.openai.response_events import ResponseReader
from kata_lsp.providers.faults import ReportedFailureError
from kata_lsp.providers.messages import (
    AdapterEvent,
    CompletionRequest,
    Message,
    StopReason,
    StreamStart,
    StreamStop,
    Text,
    TextDelta,
    ThinkingDelta,
    Tool,
    ToolCall,
    ToolCallProgress,
    ToolResult,
    Usage,
    UsageUpdate,
)
from kata_lsp.providers.wire import UnreadableReplyError

TOOL = Tool("look", "Looks", {"type": "object"})
TALK = (
    Message.user("Hi"),
    Message("assistant", (Text("I look."), ToolCall("c1", "look", {"a": 1}))),
    Message("user", (ToolResult("c1", "seen"), Text("Go on."))),
    Message("user", (Text(""),)),
)
REQUEST = CompletionRequest(TALK, "m", system="Be brief.", tools=(TOOL,), max_output_tokens=9)


def read_chat(*chunks: Mapping[str, Any], end: bool = True) -> list[AdapterEvent]:
    """Everything that a fresh reader makes of these chunks and of the end."""
    reader = ChunkReader("asked", "req_1")
    found = [event for chunk in chunks for event in reader.read(dict(chunk))]
    return [*found, *reader.end()] if end else found


def read_responses(*events: Mapping[str, Any]) -> list[AdapterEvent]:
    """Everything that a fresh reader makes of these events."""
    reader = ResponseReader("asked", "req_1")
    return [found for event in events for found in reader.read(dict(event))]


def chunk(finish: str | None = None, /, **delta: Any) -> dict[str, Any]:
    """One chunk with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"model": "answered", "choices": [choice], "usage": None}


def calling(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    """A chunk with a piece of a tool call."""
    function = {"arguments": arguments, **{k: v for k, v in more.items() if k == "name"}}
    call = {"index": index, "function": function, **({"id": more["id"]} if "id" in more else {})}
    return chunk(tool_calls=[call])


def done(status: str = "completed", **fields: Any) -> dict[str, Any]:
    """The last event of a response."""
    response = {"status": status, "model": "answered", "output": [], **fields}
    return {"type": f"response.{status}", "response": response}


def test_a_responses_body_keeps_calls_and_results_in_order():
    """One item per part, nothing stored at the provider, a stable cache key."""
    sent = responses.body(REQUEST, stream=True)
    assert sent["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "I look."}],
        },
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "seen"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]},
    ]
    assert sent["tools"][0]["parameters"] == {"type": "object"}
    assert (sent["instructions"], sent["max_output_tokens"]) == ("Be brief.", 9)
    assert (sent["store"], sent["stream"]) == (False, True)
    again = responses.body(CompletionRequest(TALK[:1], "m", system="Be brief."), stream=False)
    assert sent["prompt_cache_key"] != again["prompt_cache_key"]
    assert responses.body(REQUEST, stream=False)["prompt_cache_key"] == sent["prompt_cache_key"]


def test_a_chat_body_makes_each_result_a_message():
    """The API's turns are flatter than ours; usage is asked for in streams."""
    sent = chat.body(REQUEST, stream=True)
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "I look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
        {"role": "user", "content": "Go on."},
    ]
    assert sent["tools"][0]["function"]["name"] == "look"
    assert sent["stream_options"] == {"include_usage": True}
    assert "stream_options" not in chat.body(REQUEST, stream=False)


@pytest.mark.parametrize("build", [chat.body, responses.body])
def test_nothing_is_sent_that_was_not_asked_for(build: Any):
    """No empty system prompt, no empty tools."""
    sent = build(CompletionRequest((Message.user("Hi"),), "m"), stream=False)
    assert not {"tools", "instructions", "prompt_cache_key"} & set(sent)
    assert "system" not in str(sent)


def test_chunks_become_canonical_events():
    """Start, thinking, text, signs of life, usage, then calls and stop at the end."""
    counts = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 2},
    }
    assert read_chat(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="Hm"),
        chunk(reasoning="mm"),
        chunk(content="Hi"),
        calling(0, "", id="c1", name="look"),
        calling(0, '{"a":'),
        calling(0, "1}"),
        calling(1, "", id="c2", name="list"),
        chunk("tool_calls"),
        {"model": "answered", "choices": [], "usage": counts},
    ) == [
        StreamStart("answered", "req_1"),
        ThinkingDelta("Hm"),
        ThinkingDelta("mm"),
        TextDelta("Hi"),
        ToolCallProgress(5),
        ToolCallProgress(2),
        UsageUpdate(Usage(9, 4, 2, None)),
        ToolCall("c1", "look", {"a": 1}),
        ToolCall("c2", "list", {}),
        StreamStop(StopReason.TOOL_USE),
    ]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([chunk("stop", content="Hi")], StopReason.END_TURN),
        ([chunk("length", content="Hi")], StopReason.MAX_TOKENS),
        ([chunk("content_filter")], StopReason.CONTENT_FILTER),
        ([chunk(refusal="No."), chunk("stop")], StopReason.REFUSAL),
        ([calling(0, "{}", id="c", name="f"), chunk("stop")], StopReason.TOOL_USE),
        ([calling(0, "{", id="c", name="f"), chunk("length")], StopReason.MAX_TOKENS),
        ([chunk("function_call")], StopReason.TOOL_USE),
    ],
)
def test_finish_reasons_of_chat(chunks: list[dict[str, Any]], expected: StopReason):
    """Refusals and calls are told from plain stops, however the server names its reason."""
    assert read_chat(*chunks)[-1] == StreamStop(expected)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk("glitter", content="Hi")],
        [calling(0, "{", id="c", name="f"), chunk("tool_calls")],
        [calling(0, "{}"), chunk("tool_calls")],
        [chunk(content=["a"])],
    ],
)
def test_chat_that_makes_no_sense_is_an_error(chunks: list[dict[str, Any]]):
    """Unknown reasons, broken or nameless calls and text that is none."""
    with pytest.raises(UnreadableReplyError):
        read_chat(*chunks)


@pytest.mark.parametrize(
    "odd", [{}, {"object": "glitter"}, {"choices": []}, {"choices": [{"index": 1, "delta": {}}]}]
)
def test_odd_chunks_do_no_harm(odd: dict[str, Any]):
    """Chunks without choices, or with one that nobody asked for, mean nothing."""
    found = read_chat(odd, chunk("stop", content="Hi"))
    assert [event for event in found if not isinstance(event, StreamStart)] == [
        TextDelta("Hi"),
        StreamStop(StopReason.END_TURN),
    ]


def test_chat_without_a_finish_reason_is_not_ended():
    """The end of the body does not stand in for a reason."""
    reader = ChunkReader("m", None)
    reader.read(chunk(content="Hi"))
    assert list(reader.end()) == []
    assert not reader.ended


@pytest.mark.parametrize("read", [read_chat, read_responses])
def test_an_error_inside_a_stream_is_reported_with_its_words(read: Any):
    """The words decide the code elsewhere; readers only carry them."""
    event = {"type": "error", "code": "server_error", "message": "m"}
    given = {"error": event} if read is read_chat else event
    with pytest.raises(ReportedFailureError) as caught:
        read(given)
    assert caught.value.failure.code == "server_error"


def test_response_events_become_canonical_events():
    """Start, thinking, text, signs of life, calls, usage, stop."""
    item = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a":1}'}
    counts = {
        "input_tokens": 9,
        "output_tokens": 4,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
    }
    assert read_responses(
        {"type": "response.created", "response": {"model": "answered"}},
        {"type": "response.in_progress"},
        {"type": "response.reasoning_summary_text.delta", "delta": "Hm"},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.output_text.delta", "delta": ""},
        {"type": "response.function_call_arguments.delta", "delta": ""},
        {"type": "response.function_call_arguments.delta", "delta": '{"a":1}'},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.output_item.done", "item": {"type": "message"}},
        done(usage=counts, output=[item]),
    ) == [
        StreamStart("answered", "req_1"),
        ThinkingDelta("Hm"),
        TextDelta("Hi"),
        ToolCallProgress(7),
        ToolCall("c1", "look", {"a": 1}),
        UsageUpdate(Usage(9, 4, 2, 1)),
        StreamStop(StopReason.TOOL_USE),
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([done()], StopReason.END_TURN),
        ([{"type": "response.refusal.delta", "delta": "No"}, done()], StopReason.REFUSAL),
        (
            [done("incomplete", incomplete_details={"reason": "max_output_tokens"})],
            StopReason.MAX_TOKENS,
        ),
        (
            [done("incomplete", incomplete_details={"reason": "content_filter"})],
            StopReason.CONTENT_FILTER,
        ),
    ],
)
def test_how_responses_end(events: list[dict[str, Any]], expected: StopReason):
    """The status and its details say why; a start comes before even where none was sent."""
    assert read_responses(*events) == [StreamStart("asked", "req_1"), StreamStop(expected)]


def test_a_response_call_cut_off_at_the_limit_is_dropped():
    """The status explains it, so it is no broken answer."""
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a'}
    broken = {"type": "response.output_item.done", "item": item}
    end = done("incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert read_responses(broken, end)[-1] == StreamStop(StopReason.MAX_TOKENS)
    with pytest.raises(UnreadableReplyError, match="not a JSON object"):
        read_responses(broken, done())


@pytest.mark.parametrize(
    "event",
    [
        done("incomplete", incomplete_details={"reason": "steered"}),
        done("incomplete", incomplete_details=None),
        done("in_progress") | {"type": "response.completed"},
        {"type": "response.completed", "response": None},
    ],
)
def test_an_unknown_end_is_no_finished_answer(event: dict[str, Any]):
    """To take it for one could apply half an answer."""
    with pytest.raises(UnreadableReplyError):
        read_responses(event)


def test_a_failed_response_is_reported_with_its_code():
    """Also when it says nothing about why."""
    for error, code in (({"code": "server_error"}, "server_error"), (None, "")):
        with pytest.raises(ReportedFailureError) as caught:
            read_responses(done("failed", error=error))
        assert caught.value.failure.code == code


def test_a_plain_response_is_read_whole():
    """Items of unknown types are left out."""
    output = [
        {"type": "reasoning", "summary": [{"text": "Hm"}]},
        {"type": "glitter"},
        {"type": "message", "content": [{"type": "output_text", "text": "Hi"}, {"type": "x"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    found = responses.completion({"status": "completed", "output": output}, "asked", "r")
    assert (found.text, found.thinking, found.model) == ("Hi", "Hm", "asked")
    assert found.tool_calls == (ToolCall("c", "f", {}),)
    refused = [{"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}]
    found = responses.completion({"status": "completed", "output": refused}, "asked", "r")
    assert (found.text, found.stop_reason) == ("", StopReason.REFUSAL)


def test_a_plain_chat_answer_is_read_whole():
    """Calls of an answer that was cut off are left out."""
    call = {"id": "c", "function": {"name": "f", "arguments": '{"a'}}
    message = {"content": "Hi", "reasoning": "Hm", "tool_calls": [call]}
    body = {"choices": [{"message": message, "finish_reason": "length"}]}
    found = chat.completion(body, "asked", "r")
    assert (found.text, found.thinking, found.tool_calls) == ("Hi", "Hm", ())
    assert found.stop_reason is StopReason.MAX_TOKENS


async def test_models_that_cannot_converse_are_left_out_and_the_newest_come_first():
    """The API's list has no order of its own; other servers tell the window's size."""

    async def get(_path: str, _query: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "data": [
                {"id": "gpt-5", "created": 1},
                {"id": "text-embedding-3-small", "created": 9},
                {"id": "gpt-6", "created": 2},
                {"id": "qwen", "max_model_len": 32768},
            ]
        }

    models = await words.models(get)
    assert [model.id for model in models] == ["gpt-6", "gpt-5", "qwen"]
    assert models[2].context_tokens == 32768

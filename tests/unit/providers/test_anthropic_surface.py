"""The Messages API in both directions: bodies from requests, canonical events from theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kata_lsp.providers.adapters.anthropic.events import MessageReader, stop_reason, usage_of
from kata_lsp.providers.adapters.anthropic.requests import body
from kata_lsp.providers.adapters.anthropic.surface import completion
from kata_lsp.providers.adapters.anthropic.surface import models as list_models
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
from kata_lsp.providers.readers import MAX_ARGUMENT_CHARS
from kata_lsp.providers.wire import UnreadableReplyError

LONG = "x" * 9000
TOOL = Tool("look", "Looks", {"type": "object"})
ASK = (Message.user("Hi"),)
CACHED = {"type": "ephemeral"}


def read(*events: Mapping[str, Any]) -> list[AdapterEvent]:
    """Everything that a fresh reader makes of these events."""
    reader = MessageReader("asked", "req_1")
    return [found for event in events for found in reader.read(dict(event))]


def start(**usage: int) -> dict[str, Any]:
    """The first event."""
    return {"type": "message_start", "message": {"model": "answered", "usage": usage}}


def delta(index: int = 0, **fields: Any) -> dict[str, Any]:
    """A piece of a block."""
    return {"type": "content_block_delta", "index": index, "delta": fields}


def stop(reason: str | None) -> list[dict[str, Any]]:
    """The last two events."""
    return [
        {"type": "message_delta", "delta": {"stop_reason": reason}},
        {"type": "message_stop"},
    ]


def call(index: int, *pieces: str) -> list[dict[str, Any]]:
    """A whole tool call."""
    block = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *(delta(index, type="input_json_delta", partial_json=piece) for piece in pieces),
        {"type": "content_block_stop", "index": index},
    ]


def test_a_simple_request_is_a_simple_body():
    """Nothing that was not asked for is sent."""
    assert body(CompletionRequest(ASK, "m"), stream=True) == {
        "model": "m",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "stream": True,
    }


def test_results_come_first_and_blank_text_is_left_out():
    """The API refuses empty text, and results anywhere but at the beginning of a turn."""
    parts = (Text("Go on."), Text(" "), ToolResult("t1", "no such file", is_error=True))
    messages = (
        Message("assistant", (Text(""), ToolCall("t1", "look", {"a": 1}))),
        Message("user", parts),
        Message("user", (Text(""),)),
    )
    sent = body(CompletionRequest(messages, "m", tools=(TOOL,)), stream=False)
    assert sent["tools"] == [
        {"name": "look", "description": "Looks", "input_schema": {"type": "object"}}
    ]
    assert sent["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": "no such file",
                    "is_error": True,
                },
                {"type": "text", "text": "Go on."},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("request_", "system", "last"),
    [
        (CompletionRequest(ASK, "m", system="short"), False, False),
        (CompletionRequest(ASK, "m", system=LONG), True, False),
        (CompletionRequest((Message.user(LONG),), "m", system="short"), False, False),
        (CompletionRequest((Message.user(LONG),), "m", system="s", tools=(TOOL,)), False, True),
        (CompletionRequest(ASK, "m", system=LONG, tools=(TOOL,)), True, True),
        (
            CompletionRequest((Message.user(LONG), Message.assistant("a"), *ASK), "m", system="s"),
            False,
            True,
        ),
    ],
)
def test_prompts_are_cached_only_where_it_pays(
    request_: CompletionRequest, system: bool, last: bool
):
    """Long fixed prefixes always; a conversation only when it will be sent again."""
    sent = body(request_, stream=True)
    assert (sent["system"][-1].get("cache_control") == CACHED) is system
    assert (sent["messages"][-1]["content"][-1].get("cache_control") == CACHED) is last


def test_long_tools_are_cached_without_a_system_prompt():
    """The last tool carries the mark when there is no system prompt behind it."""
    sent = body(CompletionRequest(ASK, "m", tools=(Tool("look", LONG, {}),)), stream=True)
    assert sent["tools"][-1]["cache_control"] == CACHED


def test_a_stream_becomes_canonical_events():
    """Start, thinking, text, tool call with signs of life, usage, stop."""
    assert read(
        start(input_tokens=5, cache_read_input_tokens=7, output_tokens=1),
        delta(type="thinking_delta", thinking="Hm"),
        delta(type="signature_delta", signature="s"),
        delta(1, type="text_delta", text="Hi"),
        delta(1, type="text_delta", text=""),
        *call(2, '{"a"', "", ": 1}"),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 9, "input_tokens": None},
        },
        {"type": "message_stop"},
    ) == [
        StreamStart("answered", "req_1"),
        UsageUpdate(Usage(12, 1, 7, None)),
        ThinkingDelta("Hm"),
        TextDelta("Hi"),
        ToolCallProgress(4),
        ToolCallProgress(4),
        ToolCall("t1", "look", {"a": 1}),
        UsageUpdate(Usage(12, 9, 7, None)),
        StreamStop(StopReason.TOOL_USE),
    ]


def test_text_before_the_start_brings_the_start_forward():
    """Out of order, the canonical order still holds, and there is one start only."""
    found = read(delta(type="text_delta", text="Hi"), start(), *stop("end_turn"))
    assert found == [
        StreamStart("asked", "req_1"),
        TextDelta("Hi"),
        StreamStop(StopReason.END_TURN),
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ping"},
        {"type": "glitter", "more": 1},
        {"type": None},
        {},
        delta(9, type="input_json_delta", partial_json="{"),
        delta(9, type="glitter_delta"),
        {"type": "content_block_stop", "index": 9},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "server_tool_use"},
        },
    ],
)
def test_what_nobody_asked_for_is_skipped(event: dict[str, Any]):
    """Unknown events, deltas and blocks mean nothing and do no harm."""
    assert read(start(), event) == [StreamStart("answered", "req_1")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("end_turn", StopReason.END_TURN),
        ("stop_sequence", StopReason.END_TURN),
        ("tool_use", StopReason.TOOL_USE),
        ("max_tokens", StopReason.MAX_TOKENS),
        ("model_context_window_exceeded", StopReason.MAX_TOKENS),
        ("refusal", StopReason.REFUSAL),
    ],
)
def test_stop_reasons(given: str, expected: StopReason):
    """Only the first three are finished answers."""
    assert stop_reason(given) is expected


@pytest.mark.parametrize("given", [None, "pause_turn", "glitter", 3])
def test_an_unknown_stop_reason_is_no_finished_answer(given: object):
    """To take it for one could apply half an answer."""
    with pytest.raises(UnreadableReplyError):
        stop_reason(given)


def test_a_call_cut_off_at_the_token_limit_is_dropped():
    """The stop reason explains it, so it is no broken answer."""
    assert read(start(), *call(0, '{"a'), *stop("max_tokens"))[-1] == StreamStop(
        StopReason.MAX_TOKENS
    )


def test_a_broken_call_in_a_finished_answer_is_an_error():
    """An answer that claims to be whole must have whole calls."""
    with pytest.raises(UnreadableReplyError, match="not a JSON object"):
        read(start(), *call(0, '{"a'), *stop("tool_use"))


@pytest.mark.parametrize("text", [1, ["a"], {"a": 1}])
def test_text_must_be_text(text: object):
    """Whatever else a server puts there never leaves the reader."""
    with pytest.raises(UnreadableReplyError):
        read(start(), delta(type="text_delta", text=text))
    with pytest.raises(UnreadableReplyError):
        read(start(), delta(type="thinking_delta", thinking=text))


def test_arguments_have_a_bound():
    """A tool call cannot fill our memory."""
    pieces = ["x" * (MAX_ARGUMENT_CHARS // 2)] * 3
    with pytest.raises(UnreadableReplyError, match="too large"):
        read(*call(0, *pieces))


def test_an_error_event_is_reported_with_its_words():
    """The words decide the code elsewhere; the reader only carries them."""
    error = {"type": "overloaded_error", "message": "Overloaded"}
    with pytest.raises(ReportedFailureError) as caught:
        read(start(), {"type": "error", "error": error})
    assert caught.value.failure.type == "overloaded_error"
    assert caught.value.failure.status is None


def test_a_stream_without_its_last_event_is_not_ended():
    """A stop reason alone does not make an answer whole."""
    reader = MessageReader("m", None)
    reader.read(stop("end_turn")[0])
    assert list(reader.end()) == []
    assert not reader.ended


def test_nonsense_counts_are_unknown():
    """Numbers of tokens are numbers, or nothing."""
    assert usage_of({"input_tokens": "many", "output_tokens": -1}) == Usage()


def test_a_plain_answer_is_read_whole():
    """Blocks of unknown types are left out, the model is the one that answered."""
    blocks = [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "glitter"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}},
    ]
    found = completion(
        {"content": blocks, "stop_reason": "tool_use", "model": "answered"}, "asked", "r"
    )
    assert (found.text, found.thinking, found.model) == ("ab", "Hm", "answered")
    assert found.tool_calls == (ToolCall("t1", "look", {"a": 1}),)
    assert (found.usage, found.request_id) == (Usage(), "r")


async def test_all_pages_of_models_are_read_but_not_for_ever():
    """Retired models are left out; a server that always has more is left after a while."""
    asked: list[Mapping[str, Any]] = []

    async def get(path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        assert path == "/v1/models"
        asked.append(dict(query))
        number = len(asked)
        items = [
            {"id": f"m{number}", "max_input_tokens": 5},
            {"id": "old", "lifecycle": "retired"},
        ]
        return {"data": items, "has_more": True, "last_id": f"m{number}"}

    models = await list_models(get)
    assert [model.id for model in models[:3]] == ["m1", "m2", "m3"]
    assert len(models) == len(asked) == 20
    assert asked[1]["after_id"] == "m1"


async def test_a_page_that_repeats_itself_ends_the_list():
    """A server that ignores the cursor is not asked again and again."""

    async def get(_path: str, _query: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": [{"id": "m"}], "has_more": True, "last_id": "m"}

    assert len(await list_models(get)) == 2

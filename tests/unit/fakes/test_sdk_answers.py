"""Correct answers as the vendors' own SDKs read them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from fakes.provider_server import ProviderServer
from fakes.reply import DEFAULT_TEXT, Reply, Stop, ToolCall, Usage

USAGE = Usage(input_tokens=10, output_tokens=7, cache_read=100, cache_write=20, reasoning=3)
CALLS = (
    ToolCall("read_file", '{"path": "a/b.py", "lines": [1, 2]}', "call_1"),
    ToolCall("list_files", "{}", "call_2"),
)
RICH = Reply(text="Höchste Zeit 🦊", thinking="Let me think.", tool_calls=CALLS, usage=USAGE)
TURNS: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A fresh server."""
    async with ProviderServer() as running:
        yield running


@pytest.fixture
async def claude(server: ProviderServer) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """The Anthropic SDK, pointed at the server."""
    async with anthropic.AsyncAnthropic(
        api_key="sk-test", base_url=server.url, max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def gpt(server: ProviderServer) -> AsyncIterator[openai.AsyncOpenAI]:
    """The OpenAI SDK, pointed at the server."""
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=server.openai_url, max_retries=0
    ) as client:
        yield client


async def messages(claude: anthropic.AsyncAnthropic, *, stream: bool) -> Any:
    """The final message, plain or accumulated by the SDK from its stream."""
    if not stream:
        return await claude.messages.create(model="claude-x", max_tokens=99, messages=TURNS)
    async with claude.messages.stream(model="claude-x", max_tokens=99, messages=TURNS) as events:
        return await events.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
async def test_anthropic_shows_every_kind_of_content(server, claude, stream: bool):
    """Thinking, text, tool calls and usage with cache fields arrive, plain and streamed."""
    server.default = RICH
    message = await messages(claude, stream=stream)
    thinking, text, *calls = message.content
    assert (thinking.type, thinking.thinking) == ("thinking", "Let me think.")
    assert (text.type, text.text) == ("text", RICH.text)
    assert [call.name for call in calls] == ["read_file", "list_files"]
    assert [call.input for call in calls] == [json.loads(call.arguments) for call in CALLS]
    assert message.model == "claude-x"
    assert message.stop_reason == "tool_use"
    usage = message.usage
    assert (usage.input_tokens, usage.output_tokens) == (10, 7)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (100, 20)


async def test_anthropic_streams_every_event_type(server, claude):
    """The raw events, in the API's order, are all known to the SDK."""
    server.default = Reply(text="a b", thinking="t", tool_calls=CALLS[:1])
    stream = await claude.messages.create(
        model="claude-x", max_tokens=99, messages=TURNS, stream=True
    )
    kinds = [event.type async for event in stream]
    block = ["content_block_start", "content_block_delta", "content_block_delta"]
    assert kinds == [
        "message_start",
        *block,
        "content_block_stop",
        *block,
        "content_block_stop",
        *block,
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("end", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("context_window", "model_context_window_exceeded"),
        ("pause", "pause_turn"),
        ("refusal", "refusal"),
        ("content_filter", "refusal"),
        ("none", None),
    ],
)
async def test_anthropic_stop_reasons(
    server, claude, stream: bool, stop: Stop, expected: str | None
):
    """Each way of stopping has its Anthropic name."""
    server.default = Reply(stop=stop)
    assert (await messages(claude, stream=stream)).stop_reason == expected


async def test_anthropic_models_are_paged_and_tokens_counted(server, claude):
    """The SDK follows the pages; token counts parse."""
    names = [model.id async for model in claude.models.list()]
    assert names[:2] == ["claude-opus-5-5", "claude-sonnet-5-5"]
    assert len(names) == 5
    assert server.count("models") == 3
    count = await claude.messages.count_tokens(model="claude-x", messages=TURNS)
    assert count.input_tokens >= 1


async def chat(gpt: openai.AsyncOpenAI, *, stream: bool) -> Any:
    """The final completion, plain or accumulated by the SDK from its stream."""
    if not stream:
        return await gpt.chat.completions.create(model="gpt-x", messages=TURNS)
    async with gpt.chat.completions.stream(
        model="gpt-x", messages=TURNS, stream_options={"include_usage": True}
    ) as events:
        async for _ in events:
            pass
        return await events.get_final_completion()


@pytest.mark.parametrize("stream", [False, True])
async def test_chat_shows_every_kind_of_content(server, gpt, stream: bool):
    """Text, tool calls and usage with cached tokens arrive, plain and streamed."""
    server.default = RICH
    completion = await chat(gpt, stream=stream)
    choice = completion.choices[0]
    assert choice.message.content == RICH.text
    calls = choice.message.tool_calls
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        (call.id, call.name, call.arguments) for call in CALLS
    ]
    assert choice.finish_reason == "tool_calls"
    assert completion.usage.prompt_tokens == 130
    assert completion.usage.completion_tokens == 7
    assert completion.usage.prompt_tokens_details.cached_tokens == 100


async def test_chat_sends_usage_only_when_asked(server, gpt):
    """Without `stream_options` no chunk carries usage."""
    server.default = Reply()
    stream = await gpt.chat.completions.create(model="gpt-x", messages=TURNS, stream=True)
    chunks = [chunk async for chunk in stream]
    assert all(chunk.usage is None for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == DEFAULT_TEXT


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("end", "stop"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("refusal", "stop"),
        ("none", None),
    ],
)
async def test_chat_stop_reasons(server, gpt, stop: Stop, expected: str | None):
    """Each way of stopping has its Chat Completions name; a refusal has a field of its own."""
    server.default = Reply(stop=stop)
    completion = await gpt.chat.completions.create(model="gpt-x", messages=TURNS)
    assert completion.choices[0].finish_reason == expected
    message = completion.choices[0].message
    refused = stop == "refusal"
    assert (message.refusal if refused else message.content) == DEFAULT_TEXT
    stream = await gpt.chat.completions.create(model="gpt-x", messages=TURNS, stream=True)
    choices = [chunk.choices[0] async for chunk in stream]
    assert choices[-1].finish_reason == expected
    texts = [(c.delta.refusal if refused else c.delta.content) or "" for c in choices]
    assert "".join(texts) == DEFAULT_TEXT


async def respond(gpt: openai.AsyncOpenAI, *, stream: bool) -> Any:
    """The final response, plain or as the SDK's stream ends with it."""
    if not stream:
        return await gpt.responses.create(model="gpt-x", input="Hi")
    async with gpt.responses.stream(model="gpt-x", input="Hi") as events:
        async for _ in events:
            pass
        return await events.get_final_response()


@pytest.mark.parametrize("stream", [False, True])
async def test_responses_show_every_kind_of_content(server, gpt, stream: bool):
    """Reasoning summary, text, function calls and usage arrive, plain and streamed."""
    server.default = RICH
    response = await respond(gpt, stream=stream)
    assert response.status == "completed"
    assert response.output_text == RICH.text
    reasoning, _, *calls = response.output
    assert reasoning.summary[0].text == "Let me think."
    assert [(call.call_id, call.name, call.arguments) for call in calls] == [
        (call.id, call.name, call.arguments) for call in CALLS
    ]
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (130, 7, 137)
    assert usage.input_tokens_details.cached_tokens == 100
    assert usage.output_tokens_details.reasoning_tokens == 3


async def test_responses_stream_typed_numbered_events(server, gpt):
    """Deltas add up to the text, every event is typed and numbered in order."""
    server.default = RICH
    stream = await gpt.responses.create(model="gpt-x", input="Hi", stream=True)
    events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = [e.delta for e in events if e.type == "response.output_text.delta"]
    thought = [e.delta for e in events if e.type == "response.reasoning_summary_text.delta"]
    assert "".join(text) == RICH.text
    assert "".join(thought) == RICH.thinking
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        ("end", "completed", None),
        ("max_tokens", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
async def test_responses_statuses(server, gpt, stop: Stop, status: str, reason: str | None):
    """Each way of stopping has its status and, when incomplete, its reason, also streamed."""
    server.default = Reply(stop=stop)
    plain = await gpt.responses.create(model="gpt-x", input="Hi")
    events = await gpt.responses.create(model="gpt-x", input="Hi", stream=True)
    streamed = [event async for event in events][-1].response
    for response in (plain, streamed):
        assert response.status == status
        assert (response.incomplete_details and response.incomplete_details.reason) == reason


async def test_responses_refusals_have_a_part_of_their_own(server, gpt):
    """A refusal is a content part of the message, streamed as refusal deltas."""
    server.default = Reply(stop="refusal")
    response = await gpt.responses.create(model="gpt-x", input="Hi")
    assert response.output[0].content[0].refusal == DEFAULT_TEXT
    stream = await gpt.responses.create(model="gpt-x", input="Hi", stream=True)
    deltas = [e.delta async for e in stream if e.type == "response.refusal.delta"]
    assert "".join(deltas) == DEFAULT_TEXT


async def test_openai_models_are_listed(gpt):
    """The model list parses."""
    names = [model.id async for model in gpt.models.list()]
    assert names[0] == "gpt-5.6-sol"

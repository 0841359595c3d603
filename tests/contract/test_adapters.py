"""What every adapter promises when all goes well, through the real SDK against a real server."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest
from fakes.adapters import CANARY, KINDS, REQUEST, ask, connected, spec_of
from fakes.provider_server import ProviderServer
from fakes.reply import Reply, Usage
from fakes.reply import ToolCall as FakeCall

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers import messages
from kata_lsp.providers.base import Credential, Endpoint, Secret
from kata_lsp.providers.messages import (
    CompletionRequest,
    Message,
    StopReason,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    Tool,
    ToolCall,
    ToolCallProgress,
    ToolResult,
    UsageUpdate,
)

FULL = Reply(
    "Hello, wide world.",
    thinking="Let me see",
    tool_calls=(
        FakeCall("read_file", '{"path": "src/app.py"}', "call_1"),
        FakeCall("list_files", "{}", "call_2"),
    ),
    usage=Usage(input_tokens=30, output_tokens=17, cache_read=100, cache_write=0),
)
CALLS = (
    ToolCall("call_1", "read_file", {"path": "src/app.py"}),
    ToolCall("call_2", "list_files", {}),
)
TOOLS = (Tool("read_file", "Reads a file", {"type": "object", "properties": {}}),)


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A provider on loopback."""
    async with ProviderServer() as server:
        yield server


@pytest.mark.parametrize("kind", KINDS)
async def test_events_come_in_canonical_order(kind: str, server: ProviderServer):
    """Start, thinking, text, tool calls, usage, stop: the same order from every API."""
    server.serve(FULL)
    async with connected(kind, server) as adapter:
        result = await ask(adapter, "stream")
    assert result.error is None
    events = result.shown
    assert events[0] == StreamStart("test-model", "req_fake_0000")
    assert [event for event in events if isinstance(event, ThinkingDelta)] == [
        ThinkingDelta("Let"),
        ThinkingDelta(" me"),
        ThinkingDelta(" see"),
    ]
    assert [event for event in events if isinstance(event, TextDelta)] == [
        TextDelta("Hello,"),
        TextDelta(" wide"),
        TextDelta(" world."),
    ]
    assert tuple(event for event in events if isinstance(event, ToolCall)) == CALLS
    assert events[-1] == StreamStop(StopReason.TOOL_USE)
    kinds = [type(event) for event in events if not isinstance(event, UsageUpdate)]
    assert kinds == sorted(kinds, key=_PLACE.index)


_PLACE = [StreamStart, ThinkingDelta, TextDelta, ToolCall, StreamStop]


@pytest.mark.parametrize("kind", KINDS)
async def test_tool_calls_show_signs_of_life_while_their_arguments_arrive(
    kind: str, server: ProviderServer
):
    """Every piece of arguments is reported, so that the idle deadline does not end the stream."""
    server.serve(FULL)
    async with connected(kind, server) as adapter:
        result = await ask(adapter, "stream")
    sizes = [event.size for event in result.events if isinstance(event, ToolCallProgress)]
    assert sum(sizes) == len('{"path": "src/app.py"}') + len("{}")
    assert 0 not in sizes


@pytest.mark.parametrize("kind", KINDS)
async def test_a_plain_answer_says_what_the_stream_says(kind: str, server: ProviderServer):
    """Text, thinking, tool calls, usage, model and request id agree between both transports."""
    server.serve(FULL)
    async with connected(kind, server) as adapter:
        streamed = await ask(adapter, "stream")
        plain = await ask(adapter, "plain")
    answer = plain.completion
    assert answer is not None
    assert (answer.text, answer.thinking) == ("Hello, wide world.", "Let me see")
    assert answer.tool_calls == CALLS
    assert answer.stop_reason is StopReason.TOOL_USE
    assert (answer.model, answer.request_id) == ("test-model", "req_fake_0001")
    usage = messages.Usage()
    for event in streamed.events:
        if isinstance(event, UsageUpdate):
            usage = usage.updated(event.usage)
    assert answer.usage == usage


@pytest.mark.parametrize("kind", KINDS)
async def test_usage_counts_all_input_and_what_of_it_was_cached(kind: str, server: ProviderServer):
    """Input includes cached tokens on every API, though the APIs count differently."""
    server.serve(FULL)
    async with connected(kind, server) as adapter:
        result = await ask(adapter, "plain")
    assert result.completion is not None
    usage = result.completion.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (130, 17, 100)


@pytest.mark.parametrize("kind", KINDS)
async def test_missing_usage_is_unknown_not_zero(kind: str, server: ProviderServer):
    """A provider that counts nothing leaves every count unknown."""
    server.serve(Reply(usage=None))
    async with connected(kind, server) as adapter:
        streamed = await ask(adapter, "stream")
        plain = await ask(adapter, "plain")
    assert not [event for event in streamed.events if isinstance(event, UsageUpdate)]
    assert plain.completion is not None
    assert plain.completion.usage == messages.Usage()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_tool_conversation_reaches_the_server_whole(kind: str, server: ProviderServer):
    """Calls, their results and tools are all in the request, in the API's own words."""
    server.serve(Reply("Done."))
    request = CompletionRequest(
        (
            Message.user("What is in it?"),
            Message("assistant", (messages.Text("I look."), CALLS[0])),
            Message("user", (ToolResult("call_1", "print('hi')"), messages.Text("Go on."))),
        ),
        "test-model",
        system="Be brief.",
        tools=TOOLS,
        max_output_tokens=77,
    )
    async with connected(kind, server) as adapter:
        result = await ask(adapter, "stream", request)
    assert result.text == "Done."
    sent = server.requests[0]
    shown = json.dumps(sent.body)
    for piece in (
        "What is in it?",
        "I look.",
        "call_1",
        "read_file",
        "print('hi')",
        "Go on.",
        "77",
    ):
        assert piece in shown
    assert sent.model == "test-model"
    assert "Be brief." in sent.prompt


@pytest.mark.parametrize("kind", KINDS)
async def test_the_model_list_is_whole_and_speaks_our_words(kind: str, server: ProviderServer):
    """All pages are read, and models that cannot converse are left out."""
    async with connected(kind, server) as adapter:
        models = await adapter.list_models()
    names = [model.id for model in models]
    if KINDS[kind] == "anthropic":
        assert names[0] == "claude-opus-5-5"
        assert len(names) == 5
        assert models[0].context_tokens == 200_000
    else:
        assert "gpt-5.6-sol" in names
        assert "text-embedding-3-small" not in names


@pytest.mark.parametrize("kind", KINDS)
async def test_one_connection_serves_request_after_request(kind: str, server: ProviderServer):
    """A finished stream gives its connection back instead of closing it."""
    server.serve(Reply("Hello."))
    async with connected(kind, server) as adapter:
        for _ in range(3):
            assert (await ask(adapter, "stream")).error is None
        assert server.open_connections == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_no_credential_sends_no_credential_of_the_environment(
    kind: str, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
):
    """A server without a key must not be sent the vendor's key, address or account."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"account-{CANARY}")
    for name in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/elsewhere")
    server.serve(Reply("Hello."))
    async with connected(kind, server, key=None) as adapter:
        assert (await ask(adapter, "stream")).text == "Hello."
    assert CANARY not in json.dumps(dict(server.requests[0].headers))


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_a_token_session_is_presented_as_a_bearer_token(kind: str, server: ProviderServer):
    """Session tokens go into the Authorization header, and nowhere else."""
    server.serve(Reply("Hello."))
    async with connected(kind, server, mode="token_session", key="session-token-1") as adapter:
        assert (await ask(adapter, "stream")).text == "Hello."
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer session-token-1"
    assert "x-api-key" not in headers


@pytest.mark.parametrize("key", ["", "   ", "sk-1\n2", "sk-\x7f", "sk-é"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_that_no_header_can_carry_never_reaches_the_network(
    kind: str, key: str, server: ProviderServer
):
    """Blank keys and keys with control characters end as missing_auth before any request."""
    with pytest.raises(KataError) as caught:
        async with connected(kind, server, key=key):
            pass
    assert caught.value.code is ErrorCode.MISSING_AUTH
    assert server.requests == []
    assert not key.strip() or key not in str(caught.value.to_dict())


@pytest.mark.parametrize("base", ["http://127.0.0.1:port/v1", "ftp://127.0.0.1/v1", "127.0.0.1"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_that_is_none_is_named_as_the_problem(kind: str, base: str):
    """A base URL that cannot be parsed, or is not HTTP, ends as bad_endpoint."""
    credential = Credential("api_key", Secret(CANARY), "the test")

    async def use() -> None:
        adapter = await spec_of(kind).connect(Endpoint("mine", base), credential)
        async with adapter.stream(REQUEST):
            pass

    with pytest.raises(KataError) as caught:
        await use()
    assert caught.value.code is ErrorCode.BAD_ENDPOINT
    assert caught.value.provider_id == "mine"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_is_not_running_is_unavailable(kind: str, server: ProviderServer):
    """A refused connection is worth another try, and the message says that nothing listens."""
    async with connected(kind, server) as adapter:
        await server.stop()
        result = await ask(adapter, "stream")
        await server.start()
    assert result.error is not None
    assert result.error.code is ErrorCode.PROVIDER_UNAVAILABLE
    assert result.error.retryable
    assert "nothing listens" in result.error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_text_that_is_no_unicode_is_refused_before_it_is_sent(
    kind: str, server: ProviderServer
):
    """A lone surrogate cannot be sent; the request ends as invalid_request without the network."""
    request = CompletionRequest((Message.user("half a \ud83d"),), "test-model")
    async with connected(kind, server) as adapter:
        result = await ask(adapter, "stream", request)
    assert result.code is ErrorCode.INVALID_REQUEST
    assert server.requests == []


@pytest.mark.parametrize("kind", KINDS)
async def test_neither_key_nor_prompt_nor_answer_is_logged(
    kind: str,
    server: ProviderServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """Nothing of a conversation is logged, not even when the SDKs' own switches ask for it."""
    for name in ("ANTHROPIC_LOG", "OPENAI_LOG"):
        monkeypatch.setenv(name, "debug")
    caplog.set_level(logging.DEBUG)
    server.serve(Reply("A secret answer."))
    async with connected(kind, server) as adapter:
        await ask(adapter, "stream", CompletionRequest((Message.user("A secret prompt."),), "m"))
        await ask(adapter, "plain")
    for secret in (CANARY, "secret prompt", "secret answer"):
        assert secret not in caplog.text


def test_no_provider_asks_for_a_model_by_one_name_only():
    """Preferred models are patterns, so that a retired model is followed by its successor."""
    for kind in KINDS:
        patterns = spec_of(kind).preferred_models
        assert len(patterns) > 1
        assert all("*" in pattern or "[" in pattern for pattern in patterns), kind

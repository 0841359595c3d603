"""The adapters' own contract suite through the real pi engine, and what only the engine does."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fakes.adapters import CANARY, CONNECT, KINDS, REQUEST, ask, connected, endpoint_of, spec_of
from fakes.pi_engine import needs_engine, pi_mode
from fakes.provider_server import ProviderServer
from fakes.reply import Reply, Usage
from fakes.runtimes import call_to, runtime_for
from fakes.steps import SURFACES, Gate

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Credential, Endpoint, Secret
from kata_lsp.providers.messages import CompletionRequest, Message
from kata_lsp.providers.pi.source import PiMode

pytestmark = [needs_engine, pytest.mark.timeout(120)]

suite = importlib.import_module("contract.test_adapters")
Promise = Callable[[str, ProviderServer], Awaitable[None]]
PROMISES: tuple[Promise, ...] = (
    suite.test_events_come_in_canonical_order,
    suite.test_tool_calls_show_signs_of_life_while_their_arguments_arrive,
    suite.test_a_tool_conversation_reaches_the_server_whole,
    suite.test_the_model_list_is_whole_and_speaks_our_words,
    suite.test_text_that_is_no_unicode_is_refused_before_it_is_sent,
)
"""Promises of every adapter; plain replies and kept connections are not the engine's."""


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A provider on loopback."""
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def pi() -> AsyncIterator[PiMode]:
    """Runtime mode `pi`, through which the suite's adapters come."""
    async with pi_mode() as mode:
        token = CONNECT.set(mode.connect)
        yield mode
        CONNECT.reset(token)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__[5:])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_engine_keeps_the_promises_of_every_adapter(
    promise: Promise, kind: str, server: ProviderServer, pi: PiMode
):
    """The suite's own tests, unchanged."""
    CONNECT.set(pi.connect)
    await promise(kind, server)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_credential_sends_no_credential_of_the_environment(
    kind: str, server: ProviderServer, pi: PiMode, monkeypatch: pytest.MonkeyPatch
):
    """The suite's own test: neither a vendor's key nor its address comes from the environment."""
    CONNECT.set(pi.connect)
    await suite.test_no_credential_sends_no_credential_of_the_environment(kind, server, monkeypatch)


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_a_token_session_is_presented_as_a_bearer_token(
    kind: str, server: ProviderServer, pi: PiMode
):
    """The suite's own test: session tokens go into the Authorization header, and nowhere else."""
    CONNECT.set(pi.connect)
    await suite.test_a_token_session_is_presented_as_a_bearer_token(kind, server)


@pytest.mark.parametrize("key", ["", "   ", "sk-1\n2", "sk-é"])
async def test_a_key_that_no_header_can_carry_starts_nothing(
    key: str, server: ProviderServer, pi: PiMode
):
    """Blank keys and keys with control characters end as missing_auth before any process."""
    CONNECT.set(pi.connect)
    await suite.test_a_key_that_no_header_can_carry_never_reaches_the_network(
        "anthropic", key, server
    )


@pytest.mark.parametrize("surface", SURFACES)
async def test_usage_and_request_id_are_those_of_the_provider(
    surface, server: ProviderServer, pi: PiMode
):
    """Input counts cached tokens too; both modes report the same numbers for the same answer."""
    server.serve(Reply("Hello.", usage=Usage(30, 17, cache_read=100)))
    runtime = runtime_for(server, sources={"pi": pi.connect})
    try:
        answer = await runtime.execute(call_to(surface, runtime_mode="pi"))
    finally:
        await runtime.aclose()
    usage, (report,) = answer.completion.usage, answer.attempts
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (130, 17, 100)
    assert (report.request_id, report.runtime_mode) == ("req_fake_0000", "pi")


async def test_what_is_sent_is_what_was_asked(server: ProviderServer, pi: PiMode):
    """Nothing of the engine's own is added, and slashes of a prompt are not its commands."""
    server.serve(Reply("Done."))
    request = CompletionRequest(
        (Message.user("/quit $HOME @file"),), "test-model", system="Be brief.", max_output_tokens=9
    )
    CONNECT.set(pi.connect)
    async with connected("anthropic", server) as adapter:
        assert (await ask(adapter, "stream", request)).text == "Done."
    sent = server.requests[0]
    assert sent.body["max_tokens"] == 9
    assert [block["text"] for block in sent.body["system"]] == ["Be brief."]
    (message,) = sent.body["messages"]
    assert [block["text"] for block in message["content"]] == ["/quit $HOME @file"]
    assert "tools" not in sent.body
    assert sent.headers["x-api-key"] == CANARY


async def test_a_model_that_the_engine_does_not_know_is_not_asked_for(pi: PiMode):
    """At the vendor's own address the catalogue decides before anything is started."""
    credential = Credential("api_key", Secret(CANARY), "the test")
    adapter = await pi.connect(spec_of("anthropic"), Endpoint("anthropic"), credential)
    known = await adapter.list_models()
    assert any(model.id.startswith("claude-") and model.context_tokens for model in known)
    with pytest.raises(KataError) as caught:
        async with adapter.stream(CompletionRequest((Message.user("Hi"),), "claude-nonsense-1")):
            pass
    assert caught.value.code is ErrorCode.MODEL_NOT_FOUND


async def test_a_wrong_address_is_named(pi: PiMode):
    """A base URL that cannot be one ends as bad_endpoint."""
    for base in ("http://[broken", "ftp://127.0.0.1/v1"):
        with pytest.raises(KataError) as caught:
            await pi.connect(spec_of("openai"), Endpoint("mine", base), None)
        assert caught.value.code is ErrorCode.BAD_ENDPOINT


async def test_a_credential_leaves_only_for_its_endpoint(server: ProviderServer, pi: PiMode):
    """A redirect to another origin is an error, and nothing reaches that origin."""
    async with ProviderServer() as other:
        from fakes.misbehaviours import Redirect  # noqa: PLC0415 - only here

        server.serve(Redirect(307, other_origin=True))
        CONNECT.set(pi.connect)
        async with connected("openai", server) as adapter:
            result = await ask(adapter, "stream", REQUEST)
        assert result.code is ErrorCode.BAD_ENDPOINT
        assert other.requests == []


async def test_twenty_runs_in_parallel_all_finish(server: ProviderServer, pi: PiMode):
    """Each has a process of its own, and none gets another's answer."""
    server.serve(Reply("Hello."))
    for number in range(20):
        server.when(f"number {number}!", Reply(f"answer {number}"))
    runtime = runtime_for(server, sources={"pi": pi.connect})
    calls = [
        runtime.execute(call_to("anthropic", f"number {number}!", runtime_mode="pi"))
        for number in range(20)
    ]
    try:
        answers = await asyncio.gather(*calls)
    finally:
        await runtime.aclose()
    assert [each.completion.text for each in answers] == [f"answer {n}" for n in range(20)]


async def test_switching_back_touches_no_run_in_flight(server: ProviderServer, pi: PiMode):
    """A run that began in mode `pi` ends in it while `native` answers beside it."""
    gate = Gate()
    server.when("slow", Reply("one two", gates={1: gate}))
    server.serve(Reply("quick"))
    from kata_lsp.providers.connections import native  # noqa: PLC0415 - only here

    runtime = runtime_for(server, sources={"native": native, "pi": pi.connect})
    try:
        slow = asyncio.create_task(runtime.execute(call_to("anthropic", "slow", runtime_mode="pi")))
        await gate.wait_for_arrivals()
        quick = await runtime.execute(call_to("anthropic", "now", runtime_mode="native"))
        assert (quick.completion.text, quick.target.runtime_mode) == ("quick", "native")
        gate.release()
        done = await slow
    finally:
        await runtime.aclose()
    assert (done.completion.text, done.target.runtime_mode) == ("one two", "pi")


def test_the_endpoint_of_a_test_is_no_vendor():
    """The suite cannot reach a vendor by mistake."""
    assert "127.0.0.1" in json.dumps(endpoint_of("openai", ProviderServer()).base_url)

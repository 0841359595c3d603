"""Giving a call up: the server sees the hang-up, in every phase and for many calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fakes.behaviours import Refuse, RetryAfter
from fakes.misbehaviours import HANG
from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.runtimes import PROVIDER_OF, call_to, runtime_for, without_jitter
from fakes.steps import SURFACES, TRANSPORTS, Gate, Surface, Transport

from kata_lsp.providers.calls import AttemptStarted, CallEvent, Waiting
from kata_lsp.providers.messages import TextDelta
from kata_lsp.providers.runtime import Runtime

_PATIENCE = 30.0
_STREAMS = 200


@asynccontextmanager
async def world(surface: Surface) -> AsyncGenerator[tuple[ProviderServer, Runtime]]:
    """A server and a runtime that has used its provider once, so that its SDK is loaded."""
    async with ProviderServer() as server:
        runtime = runtime_for(server, clock=without_jitter())
        try:
            await runtime.list_models(PROVIDER_OF[surface])
            server.requests.clear()
            yield server, runtime
        finally:
            await runtime.aclose()


async def given_up(
    runtime: Runtime,
    surface: Surface,
    transport: Transport,
    when: Callable[[], Awaitable[object]],
) -> None:
    """Start a call and cancel it once `when` has returned."""

    async def call() -> None:
        if transport == "plain":
            await runtime.execute(call_to(surface))
            return
        async with runtime.stream(call_to(surface)) as events:
            async for _ in events:
                pass

    calling = asyncio.create_task(call())
    async with asyncio.timeout(_PATIENCE):
        await when()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("surface", SURFACES)
async def test_giving_up_while_headers_are_awaited_hangs_up(surface, transport):
    """The connection is closed by the time the call has ended."""
    async with world(surface) as (server, runtime):
        server.default = HANG
        await given_up(runtime, surface, transport, lambda: server.wait_for_requests(1))
        await server.wait_for_hangup(0)
        assert server.count() == 1


@pytest.mark.parametrize("surface", SURFACES)
async def test_giving_up_in_the_middle_of_a_stream_hangs_up(surface):
    """Text has come, more would come; nothing is asked again."""
    gate = Gate()
    async with world(surface) as (server, runtime):
        server.default = Reply(gates={2: gate})
        await given_up(runtime, surface, "stream", gate.wait_for_arrivals)
        await server.wait_for_hangup(0)
        assert server.count() == 1


@pytest.mark.parametrize("surface", SURFACES)
async def test_giving_up_in_a_back_off_sends_nothing_more(surface):
    """It ends at once, although the provider asked for 20 s."""
    async with world(surface) as (server, runtime):
        server.default = Refuse("rate_limited", retry_after=RetryAfter(20))
        waiting = asyncio.Event()
        seen: list[CallEvent] = []

        async def call() -> None:
            async with runtime.stream(call_to(surface)) as events:
                async for event in events:
                    seen.append(event)
                    if isinstance(event, Waiting):
                        waiting.set()

        calling = asyncio.create_task(call())
        async with asyncio.timeout(_PATIENCE):
            await waiting.wait()
            begun = asyncio.get_running_loop().time()
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling
            assert asyncio.get_running_loop().time() - begun < 10
        assert sum(isinstance(event, AttemptStarted) for event in seen) == server.count() == 1


@pytest.mark.parametrize("surface", SURFACES)
async def test_two_hundred_streams_given_up_at_once_all_hang_up(surface):
    """No socket is left, and the runtime serves the next call."""
    gate = Gate()
    async with world(surface) as (server, runtime):
        server.default = Reply(gates={1: gate})
        texts = 0
        all_read = asyncio.Event()

        async def call() -> None:
            nonlocal texts
            async with runtime.stream(call_to(surface)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        texts += 1
                        if texts >= _STREAMS:
                            all_read.set()

        calls = [asyncio.create_task(call()) for _ in range(_STREAMS)]
        async with asyncio.timeout(_PATIENCE):
            await all_read.wait()
            for calling in calls:
                calling.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended)
            for number in range(_STREAMS):
                await server.wait_for_hangup(number)
        # The one connection that fetched the model list may be kept for the next call.
        assert server.open_connections <= 1
        server.default = Reply("still here")
        assert (await runtime.execute(call_to(surface))).completion.text == "still here"


async def test_closing_the_runtime_leaves_no_socket():
    """Idle connections are closed with it; closing twice does no harm."""
    async with ProviderServer() as server:
        runtime = runtime_for(server)
        for surface in SURFACES:
            server.default = Reply("hello")
            await runtime.execute(call_to(surface))
        await runtime.aclose()
        await runtime.aclose()
        for number in range(len(SURFACES)):
            await server.wait_for_hangup(number)
        assert server.open_connections == 0

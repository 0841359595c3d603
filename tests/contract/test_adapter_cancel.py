"""Cancelling or leaving a stream closes its connection at once, as the server sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import pytest
from fakes.adapters import CANARY, KIND_OF, REQUEST, ask, connected, spec_of
from fakes.misbehaviours import HANG
from fakes.provider_process import ProviderProcess
from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.steps import SURFACES, TRANSPORTS, Gate, Surface, Transport

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Credential, Deadlines, Droppable, Endpoint, Secret
from kata_lsp.providers.messages import TextDelta

_STREAMS = 200


class _Stop(Exception):  # noqa: N818 - a test's own way out
    """Raised by the code that reads a stream."""


async def _follow(adapter: Adapter, begun: asyncio.Semaphore) -> None:
    async with adapter.stream(REQUEST) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                begun.release()


async def _read_and_stop(adapter: Adapter) -> None:
    async with adapter.stream(REQUEST) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                raise _Stop


@asynccontextmanager
async def _held(surface: Surface, after: int) -> AsyncGenerator[tuple[ProviderServer, Adapter]]:
    """A server that holds its answer after so many deltas, and an adapter to it."""
    async with (
        ProviderServer(Reply(gates={after: Gate()})) as server,
        connected(KIND_OF[surface], server) as adapter,
    ):
        yield server, adapter


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_cancelled_stream_hangs_up(surface: Surface):
    """Cancellation passes through untouched, and the server sees the connection close."""
    async with _held(surface, 1) as (server, adapter):
        begun = asyncio.Semaphore(0)
        task = asyncio.create_task(_follow(adapter, begun))
        await begun.acquire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.wait_for_hangup(0)
        assert server.open_connections == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_cancel_before_the_answer_hangs_up(surface: Surface, transport: Transport):
    """Waiting for the head of an answer can be cancelled like everything else."""
    async with ProviderServer(HANG) as server, connected(KIND_OF[surface], server) as adapter:
        task = asyncio.create_task(ask(adapter, transport))
        await server.wait_for_requests(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.wait_for_hangup(0)


@pytest.mark.parametrize("surface", SURFACES)
async def test_leaving_a_stream_early_hangs_up(surface: Surface):
    """Breaking out of the loop drops the connection: it is neither read out nor used again."""
    async with _held(surface, 3) as (server, adapter):
        async with adapter.stream(REQUEST) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        await server.wait_for_hangup(0)
        assert server.open_connections == 0


@pytest.mark.parametrize("surface", SURFACES)
async def test_an_error_of_the_reader_hangs_up(surface: Surface):
    """An exception in the code that reads the stream passes through and closes the connection."""
    async with _held(surface, 3) as (server, adapter):
        with pytest.raises(_Stop):
            await _read_and_stop(adapter)
        await server.wait_for_hangup(0)


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_dropped_stream_hangs_up_before_it_is_left(surface: Surface):
    """The server sees it although nothing was unwound; the reader sees the stream broken."""
    async with _held(surface, 1) as (server, adapter), adapter.stream(REQUEST) as events:
        assert isinstance(events, Droppable)
        async for event in events:
            if isinstance(event, TextDelta):
                break
        events.drop()
        await server.wait_for_hangup(0)
        with pytest.raises(KataError) as caught:
            await anext(events)
        assert caught.value.code is ErrorCode.STREAM_INTERRUPTED


@pytest.mark.parametrize("surface", SURFACES)
async def test_dropping_a_stream_that_has_ended_harms_nobody(surface: Surface):
    """Its connection may already carry another answer."""
    gate = Gate()
    async with ProviderServer() as server, connected(KIND_OF[surface], server) as adapter:
        server.serve(Reply("one"), Reply("two of them", gates={1: gate}))
        async with adapter.stream(REQUEST) as ended:
            assert isinstance(ended, Droppable)
            async for _ in ended:
                pass
            other = asyncio.create_task(ask(adapter, "stream"))
            await gate.wait_for_arrivals()
            assert server.open_connections == 1
            ended.drop()
            gate.release()
            assert (await other).text == "two of them"


@pytest.mark.parametrize("surface", SURFACES)
async def test_closing_the_adapter_ends_its_streams(surface: Surface):
    """`aclose` closes connections in use, too, and may be called twice."""
    async with _held(surface, 1) as (server, adapter):
        begun = asyncio.Semaphore(0)
        task = asyncio.create_task(_follow(adapter, begun))
        await begun.acquire()
        await adapter.aclose()
        await server.wait_for_hangup(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await adapter.aclose()


@pytest.fixture(scope="module")
def process() -> Iterator[ProviderProcess]:
    """A server that shares no event loop with its clients."""
    with ProviderProcess() as process:
        yield process


@pytest.mark.parametrize("surface", SURFACES)
async def test_two_hundred_streams_are_cancelled_at_once(
    surface: Surface, process: ProviderProcess
):
    """Every one of 200 streams is seen to hang up; `bench_cancel.py` prints how soon."""
    process.reset()
    process.load(default={"name": "reply", "gates": {"1": f"all-{surface}"}})
    base = process.url if surface == "anthropic" else process.openai_url
    adapter = await _connect(surface, base)
    try:
        begun = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(_follow(adapter, begun)) for _ in range(_STREAMS)]
        async with asyncio.timeout(40):
            for _ in tasks:
                await begun.acquire()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        for number in range(_STREAMS):
            await asyncio.to_thread(process.hangup, number)
    finally:
        await adapter.aclose()


async def _connect(surface: Surface, base: str) -> Adapter:
    endpoint = Endpoint("many", base, Deadlines(connect=30))
    return await spec_of(KIND_OF[surface]).connect(
        endpoint, Credential("api_key", Secret(CANARY), "the test")
    )

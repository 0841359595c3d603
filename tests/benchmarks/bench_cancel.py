"""Prints how soon the server sees the hang-up when many streams are cancelled at once.

Run: `python tests/benchmarks/bench_cancel.py [STREAMS] [ROUNDS]`.

The server is another process and notes the time of each hang-up on the machine's monotonic clock.
The streams are silent when they are cancelled, so that the server's own work is not measured.
"bare" are tasks that read sockets and close them when cancelled, the least that can be done; it,
the adapter and the runtime take turns, so that noise of the machine meets all of them. The
median round is shown, and the best.
"""

from __future__ import annotations

import asyncio
import importlib
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.adapters import KIND_OF, REQUEST, spec_of
from fakes.provider_process import ProviderProcess
from fakes.raw_client import generation, request_bytes
from fakes.runtimes import call_to, runtime_for
from fakes.steps import CANARY, SURFACES, Surface

from kata_lsp.providers.base import Adapter, Credential, Deadlines, Endpoint, Secret
from kata_lsp.providers.messages import TextDelta
from kata_lsp.providers.runtime import Runtime

Follow = Callable[[], Awaitable[None]]
"""Reads one stream until it is cancelled."""


def bare(process: ProviderProcess, surface: Surface) -> Follow:
    """A stream over a socket of its own."""
    host = urlsplit(process.url)
    asked = request_bytes(surface, generation(surface, stream=True), host=host.netloc)

    async def follow() -> None:
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        try:
            writer.write(asked)
            while await reader.read(65536):
                pass
        finally:
            writer.close()

    return follow


def through_adapter(adapter: Adapter) -> Follow:
    """A stream of an adapter."""

    async def follow() -> None:
        async with adapter.stream(REQUEST) as events:
            async for _ in events:
                pass

    return follow


def through_runtime(runtime: Runtime, surface: Surface) -> Follow:
    """A stream of the runtime."""

    async def follow() -> None:
        async with runtime.stream(call_to(surface)) as events:
            async for event in events:
                assert not isinstance(event, TextDelta) or event.text

    return follow


async def measure(process: ProviderProcess, follow: Follow, streams: int) -> tuple[float, float]:
    """Open the streams, cancel them together; return p50 and p99 of the hang-ups, in ms."""
    process.reset()
    process.load(default={"name": "reply", "gates": {"3": "all"}})
    tasks = [asyncio.ensure_future(follow()) for _ in range(streams)]
    await asyncio.to_thread(process.wait_for_arrivals, "all", streams, within=60)
    await asyncio.sleep(0.3)  # until the client, too, has read what was sent
    cancelled = time.monotonic()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    seen = sorted(
        [1000 * (await asyncio.to_thread(process.hangup, at) - cancelled) for at in range(streams)]
    )
    return seen[len(seen) // 2], seen[int(len(seen) * 0.99) - 1]


async def compare(process: ProviderProcess, surface: Surface, streams: int, rounds: int) -> None:
    """Measure the three ways over one API, and print them."""
    importlib.import_module("anthropic" if surface == "anthropic" else "openai")
    base = process.url if surface == "anthropic" else process.openai_url
    adapter = await spec_of(KIND_OF[surface]).connect(
        Endpoint("bench", base, Deadlines(connect=60)),
        Credential("api_key", Secret(CANARY), "the benchmark"),
    )
    runtime = runtime_for(process)
    await runtime.list_models(call_to(surface).provider)
    ways = {
        "bare": bare(process, surface),
        "adapter": through_adapter(adapter),
        "runtime": through_runtime(runtime, surface),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, follow in ways.items():
            found[name].append(await measure(process, follow, streams))
    await adapter.aclose()
    await runtime.aclose()
    floor = statistics.median(p99 for _, p99 in found["bare"])
    for name, each in found.items():
        p50, p99 = (statistics.median(figures) for figures in zip(*each, strict=True))
        best = min(p99 for _, p99 in each)
        print(
            f"{surface:10} {name:8} {streams} of {streams} hung up: p50 {p50:5.0f} ms  "
            f"p99 {p99:5.0f} ms ({p99 / floor:.1f}x bare), best p99 {best:.0f} ms",
            flush=True,
        )


async def main() -> None:
    """Measure every API."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with ProviderProcess() as process:
        for surface in SURFACES:
            await compare(process, surface, streams, rounds)


if __name__ == "__main__":
    asyncio.run(main())

"""Prints how soon the server sees the hang-up when many streams are cancelled at once.

Usage: python tests/benchmarks/bench_cancel.py [STREAMS]

The server is another process and notes the time of each hang-up on the machine's monotonic clock.
The streams are silent when they are cancelled, so that the server's own work is not measured.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.provider_process import ProviderProcess

from kata_lsp.providers.base import Adapter, Credential, Endpoint, Secret
from kata_lsp.providers.messages import CompletionRequest, Message, TextDelta

REQUEST = CompletionRequest((Message.user("Say something."),), "bench-model")
HELD_AFTER = 3
SPECS = (("anthropic", 0), ("openai", 0), ("openai", 1))


async def follow(adapter: Adapter, begun: asyncio.Semaphore) -> None:
    """Read one stream that is held after three deltas, telling when the third came."""
    seen = 0
    async with adapter.stream(REQUEST) as events:
        async for event in events:
            seen += isinstance(event, TextDelta)
            if seen == HELD_AFTER:
                begun.release()


async def measure(process: ProviderProcess, package: str, place: int, streams: int) -> None:
    """Open the streams, cancel them together, and print when the server saw it."""
    process.reset()
    process.load(default={"name": "reply", "gates": {str(HELD_AFTER): f"{package}{place}"}})
    spec = importlib.import_module(f"kata_lsp.providers.adapters.{package}").PROVIDERS[place]
    base = process.url if package == "anthropic" else process.openai_url
    credential = Credential("api_key", Secret("sk-bench-0123456789"), "benchmark")
    adapter = await spec.connect(Endpoint(spec.kind, base), credential)
    begun = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(follow(adapter, begun)) for _ in range(streams)]
    for _ in tasks:
        await begun.acquire()
    cancelled = time.monotonic()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    closed = time.monotonic()
    seen = sorted(1000 * (at - cancelled) for at in await hangups(process, streams))
    await adapter.aclose()
    print(
        f"{spec.kind:18} {len(seen)} of {streams} hung up: median {seen[len(seen) // 2]:.0f} ms, "
        f"p99 {seen[int(len(seen) * 0.99) - 1]:.0f} ms, worst {seen[-1]:.0f} ms; "
        f"client done after {1000 * (closed - cancelled):.0f} ms"
    )


async def hangups(process: ProviderProcess, streams: int) -> list[float]:
    """The times of the hang-ups that the server saw, waiting at most ten seconds for all."""
    times: list[float] = []
    for _ in range(100):
        requests = await asyncio.to_thread(process.requests)
        times = [item["hungUpAt"] for item in requests if item["hungUpAt"]]
        if len(times) == streams:
            break
        await asyncio.sleep(0.1)
    return times


async def main() -> None:
    """Measure every adapter."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with ProviderProcess() as process:
        for package, place in SPECS:
            await measure(process, package, place, streams)


if __name__ == "__main__":
    asyncio.run(main())

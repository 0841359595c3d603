"""100 concurrent streams of 50 tokens/s through one runtime, beside bare sockets and one stream.

Run: `python tests/benchmarks/bench_runtime_load.py [--streams 100] [--tokens 250]`. The server is
a process of its own. A token's delay is how much later it arrives than the server's schedule,
counted from the earliest token of its stream; "steady" leaves out each stream's first second,
in which a hundred requests are being built.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.provider_process import ProviderProcess
from fakes.raw_client import generation, request_bytes
from fakes.runtimes import call_to, runtime_for
from fakes.steps import SURFACES, Surface

from kata_lsp.providers.messages import TextDelta
from kata_lsp.providers.runtime import Runtime

_EVERY = 0.02
_SECOND = 50
"""Tokens."""
_MARK = {
    "anthropic": b'"text_delta"',
    "chat": b'"delta":{"content":"word',
    "responses": b"event: response.output_text.delta",
}
Stream = Callable[[], Awaitable[list[float]]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=250)
    parser.add_argument("--surface", choices=SURFACES, action="append")
    options = parser.parse_args()
    for surface in options.surface or SURFACES:
        with ProviderProcess() as server:
            asyncio.run(_measure(server, surface, options.streams, options.tokens))


async def _measure(server: ProviderProcess, surface: Surface, streams: int, tokens: int) -> None:
    reply = {"name": "reply", "text": "word " * tokens, "chunks": tokens, "delay": _EVERY}
    await asyncio.to_thread(server.load, default=reply)
    runtime = runtime_for(server)
    try:
        await runtime.list_models(call_to(surface).provider)
        through = _through(runtime, surface)
        print(f"{surface}: {tokens} tokens per stream at {1 / _EVERY:g}/s")
        await report("runtime, 1 stream", through, 1, tokens)
        await report(f"bare sockets, {streams} streams", bare(server, surface), streams, tokens)
        await report(f"runtime, {streams} streams", through, streams, tokens)
    finally:
        await runtime.aclose()


def _through(runtime: Runtime, surface: Surface) -> Stream:
    async def stream() -> list[float]:
        async with runtime.stream(call_to(surface)) as events:
            return [time.monotonic() async for event in events if isinstance(event, TextDelta)]

    return stream


def bare(server: ProviderProcess, surface: Surface) -> Stream:
    async def stream() -> list[float]:
        host = urlsplit(server.url)
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        writer.write(request_bytes(surface, generation(surface, stream=True), host=host.netloc))
        arrivals: list[float] = []
        while data := await reader.read(65536):
            arrivals += [time.monotonic()] * data.count(_MARK[surface])
            if data.endswith(b"0\r\n\r\n"):
                break
        writer.close()
        return arrivals

    return stream


async def report(name: str, stream: Stream, streams: int, tokens: int) -> None:
    cpu, wall = time.process_time(), time.monotonic()
    arrivals = await asyncio.gather(*(stream() for _ in range(streams)))
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    per_stream = [_delays(each) for each in arrivals]
    delays = sorted(delay for each in per_stream for delay in each)
    steady = sorted(delay for each in per_stream for delay in each[_SECOND:])
    delivered = sum(len(each) for each in arrivals)
    print(
        f"  {name:28} delivered {delivered}/{streams * tokens}  "
        f"delay p50 {_ms(delays, 0.5)}  p99 {_ms(delays, 0.99)}  max {_ms(delays, 1.0)}  "
        f"steady p99 {_ms(steady, 0.99)}  "
        f"cpu {cpu / wall:4.0%} of a core, {cpu / max(1, delivered) * 1e6:.0f} us/token"
    )


def _delays(arrivals: Sequence[float]) -> list[float]:
    early = [at - number * _EVERY for number, at in enumerate(arrivals)]
    zero = min(early, default=0.0)
    return [at - zero for at in early]


def _ms(ordered: Sequence[float], share: float) -> str:
    if not ordered:
        return "-"
    return f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:6.1f} ms"


if __name__ == "__main__":
    main()

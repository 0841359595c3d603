"""Prints what runtime mode `pi` costs beside `native`: first delta, cancel, memory, in one run.

Usage: python tests/benchmarks/bench_pi.py [RUNS]

Both modes ask the same local provider over the same API. `native` is warm after its first request,
as it is in a server; `pi` starts a process for each. Memory is what each mode adds for one open
stream: the growth of this process, or the resident size of the engine's processes.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.pi_engine import pi_mode
from fakes.pi_process import processes_with
from fakes.provider_server import ProviderServer
from fakes.reply import Reply
from fakes.runtimes import call_to, runtime_for
from fakes.steps import Gate

from kata_lsp.providers.base import RuntimeMode
from kata_lsp.providers.connections import native
from kata_lsp.providers.messages import TextDelta
from kata_lsp.providers.runtime import Runtime

PARALLEL = 6
MODES: tuple[RuntimeMode, ...] = ("native", "pi")


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def engines() -> float:
    """Resident memory of all engine processes of ours, in MB."""
    return sum(resident(pid) for pid in processes_with(f"kata-pi-{os.getpid()}-"))


async def first_delta(runtime: Runtime, mode: RuntimeMode) -> float:
    """Milliseconds from the call to the first text."""
    begun = time.perf_counter()
    async with runtime.stream(call_to("anthropic", runtime_mode=mode)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                return 1000 * (time.perf_counter() - begun)
    raise SystemExit("no text came")


async def hang_up(server: ProviderServer, runtime: Runtime, mode: RuntimeMode) -> float:
    """Milliseconds from cancelling a stream to the server seeing its connection closed."""
    gate = Gate()
    server.enqueue(Reply("one two", gates={1: gate}))
    number = len(server.requests)
    call = asyncio.create_task(runtime.execute(call_to("anthropic", runtime_mode=mode)))
    await gate.wait_for_arrivals()
    begun = time.monotonic()
    call.cancel()
    closed = await server.wait_for_hangup(number)
    await asyncio.gather(call, return_exceptions=True)
    return 1000 * (closed - begun)


async def memory(
    server: ProviderServer, runtime: Runtime, mode: RuntimeMode, streams: int
) -> float:
    """MB that so many open streams take beside this process at rest."""
    gate = Gate()
    server.enqueue(*[Reply("one two", gates={1: gate}) for _ in range(streams)])
    rest = resident(os.getpid())
    calls = [
        asyncio.create_task(runtime.execute(call_to("anthropic", runtime_mode=mode)))
        for _ in range(streams)
    ]
    await gate.wait_for_arrivals(streams, within=60)
    used = resident(os.getpid()) - rest + engines()
    gate.release()
    await asyncio.gather(*calls)
    return used


async def main(runs: int) -> None:
    """Measure both modes and print a table."""
    async with ProviderServer() as server, pi_mode() as pi:
        runtime = runtime_for(server, sources={"native": native, "pi": pi.connect})
        server.serve(Reply("one two three"))
        print((await pi.engine().sandbox()).detail)
        print(f"{'mode':8}{'cold':>9}{'first delta p50':>18}{'p95':>9}{'hang-up p95':>14}"
              f"{'MB for 1':>11}{f'MB for {PARALLEL}':>11}")  # fmt: skip
        for mode in MODES:
            cold = await first_delta(runtime, mode)
            first = sorted([await first_delta(runtime, mode) for _ in range(runs)])
            hang = sorted([await hang_up(server, runtime, mode) for _ in range(runs)])
            one = await memory(server, runtime, mode, 1)
            many = await memory(server, runtime, mode, PARALLEL)
            at = int(0.95 * (runs - 1))
            print(f"{mode:8}{cold:>6.0f} ms{statistics.median(first):>15.0f} ms{first[at]:>6.0f} ms"
                  f"{hang[at]:>11.0f} ms{one:>11.0f}{many:>11.0f}")  # fmt: skip
        await runtime.aclose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))

"""Prints for how long the event loop stood still while a provider was used for the first time.

Usage: python tests/benchmarks/bench_first_call.py

Each adapter runs in a fresh interpreter, because an SDK is imported only once: connect (import,
warm-up), a first and a second stream, a plain answer, the model list. A watchdog on the loop wakes
up every millisecond and notes how late it was.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

KINDS = ("anthropic", "openai", "openai-compatible")
SDKS = ("anthropic", "openai", "httpx2", "anyio")


async def stalls(kind: str) -> dict[str, float]:
    """Use one adapter and return the worst stall of each phase in milliseconds."""
    from fakes.adapters import REQUEST, ask, connected, spec_of  # noqa: PLC0415 - timed
    from fakes.provider_server import ProviderServer  # noqa: PLC0415 - timed

    phase = "begin"
    worst: dict[str, float] = {}

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            late = 1000 * (time.perf_counter() - before)
            worst[phase] = max(worst.get(phase, 0.0), late)

    def enter(name: str) -> None:
        nonlocal phase
        phase = name
        # A phase may be over before the watchdog has looked once.
        worst.setdefault(name, 0.0)

    spec_of(kind)
    if early := [name for name in SDKS if name in sys.modules]:
        raise SystemExit(f"imported before anything was asked: {early}")
    watchdog = asyncio.create_task(watch())
    async with ProviderServer() as server:
        enter("connect")
        async with connected(kind, server) as adapter:
            enter("first stream")
            await ask(adapter, "stream", REQUEST)
            enter("second stream")
            await ask(adapter, "stream", REQUEST)
            enter("plain")
            await ask(adapter, "plain", REQUEST)
            enter("models")
            await adapter.list_models()
            enter("end")
    watchdog.cancel()
    await asyncio.gather(watchdog, return_exceptions=True)
    return {name: round(late, 1) for name, late in worst.items()}


def measure(kind: str) -> dict[str, float]:
    """Measure one adapter in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, __file__, kind], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


def main() -> None:
    """Measure the adapter that is named, or every adapter in turn."""
    if len(sys.argv) > 1:
        importlib.import_module("fakes.adapters")
        print(json.dumps(asyncio.run(stalls(sys.argv[1]))))
        return
    for kind in KINDS:
        shown = ", ".join(f"{phase} {late:.0f} ms" for phase, late in measure(kind).items())
        print(f"{kind:18} {shown}", flush=True)


if __name__ == "__main__":
    main()

"""Prints the CPU that one streamed text delta costs: our adapters and runtime beside raw and SDK.

Usage: python tests/benchmarks/bench_stream.py [DELTAS] [ROUNDS]

The server runs in another process, so only the client's CPU is counted. "raw" is httpx2 with
`aiter_lines` and the standard `json`, which is the least a hand-written client does. "one event
per packet" is how models stream; in bursts the cost of decoding shows most. Every variant runs
once a round, in turn, so that noise of the machine meets all of them; the best round counts.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import anthropic
import httpx2
import openai
from fakes.provider_process import ProviderProcess
from fakes.runtimes import call_to, runtime_for
from fakes.steps import Surface

from kata_lsp.providers.base import Credential, Endpoint, Secret
from kata_lsp.providers.messages import CompletionRequest, Message, TextDelta

KEY = "sk-bench-0123456789"
PROMPT = "Say something."
REQUEST = CompletionRequest((Message.user(PROMPT),), "bench-model")
Variant = Callable[[], Awaitable[int]]
"""Streams one answer and returns the number of characters of its text."""

PATHS: dict[Surface, str] = {
    "anthropic": "/v1/messages",
    "responses": "/v1/responses",
    "chat": "/v1/chat/completions",
}
BODIES: dict[Surface, dict[str, Any]] = {
    "anthropic": {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 64},
    "responses": {"input": PROMPT},
    "chat": {
        "messages": [{"role": "user", "content": PROMPT}],
        "stream_options": {"include_usage": True},
    },
}
SPECS: dict[Surface, tuple[str, int]] = {
    "anthropic": ("anthropic", 0),
    "responses": ("openai", 0),
    "chat": ("openai", 1),
}


def text_of(surface: Surface, event: dict[str, Any]) -> str:
    """The text delta that a decoded event holds, as a hand-written client would take it."""
    if surface == "anthropic":
        delta = event.get("delta") or {}
        return delta.get("text") or ""
    if surface == "responses":
        return event["delta"] if event["type"] == "response.output_text.delta" else ""
    choices = event.get("choices")
    return (choices[0]["delta"].get("content") or "") if choices else ""


def raw(client: httpx2.AsyncClient, surface: Surface, url: str) -> Variant:
    """httpx2 and json."""
    body = {"model": "bench-model", "stream": True, **BODIES[surface]}
    headers = {"authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}

    async def run() -> int:
        size = 0
        async with client.stream(
            "POST", url + PATHS[surface], json=body, headers=headers
        ) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    size += len(text_of(surface, json.loads(line[6:])))
        return size

    return run


def sdk(surface: Surface, url: str) -> tuple[Variant, Any]:
    """The SDK's own stream of typed events."""
    body: dict[str, Any] = {"model": "bench-model", "stream": True, **BODIES[surface]}
    if surface == "anthropic":
        client: Any = anthropic.AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0)
        create = client.messages.create
    else:
        client = openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)
        create = (
            client.responses.create if surface == "responses" else client.chat.completions.create
        )

    async def run() -> int:
        size = 0
        async for event in await create(**body):
            if surface == "chat":
                size += sum(len(choice.delta.content or "") for choice in event.choices)
            elif event.type == "response.output_text.delta":
                size += len(event.delta)
            elif event.type == "content_block_delta":
                size += len(event.delta.text)
        return size

    return run, client


async def ours(surface: Surface, url: str) -> tuple[Variant, Any]:
    """Our adapter."""
    package, place = SPECS[surface]
    spec = importlib.import_module(f"kata_lsp.providers.adapters.{package}").PROVIDERS[place]
    base = url if surface == "anthropic" else f"{url}/v1"
    credential = Credential("api_key", Secret(KEY), "benchmark")
    adapter = await spec.connect(Endpoint(spec.kind, base), credential)

    async def run() -> int:
        size = 0
        async with adapter.stream(REQUEST) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    size += len(event.text)
        return size

    return run, adapter


def through_runtime(runtime: Any, surface: Surface) -> Variant:
    """Our runtime over the adapter: deadlines, limits, usage, attempts."""

    async def run() -> int:
        size = 0
        async with runtime.stream(call_to(surface, PROMPT)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    size += len(event.text)
        return size

    return run


async def measure(process: ProviderProcess, deltas: int, rounds: int, burst: int) -> None:
    """Print one table."""
    text = "word " * deltas
    process.load(default={"name": "reply", "text": text, "chunks": deltas, "burst": burst})
    for surface in PATHS:
        async with httpx2.AsyncClient(timeout=None) as client:
            own, own_client = sdk(surface, process.url)
            adapter, adapter_object = await ours(surface, process.url)
            runtime = runtime_for(cast("Any", process), max_output_bytes=len(text) * 2)
            variants = {
                "raw": raw(client, surface, process.url),
                "sdk": own,
                "adapter": adapter,
                "runtime": through_runtime(runtime, surface),
            }
            best = {name: await spent(run, len(text)) for name, run in variants.items()}
            for _ in range(rounds):
                for name, run in variants.items():
                    best[name] = min(best[name], await spent(run, len(text)))
            await own_client.close()
            await adapter_object.aclose()
            await runtime.aclose()
        shown = "  ".join(f"{name} {1e6 * best[name] / deltas:6.1f} us" for name in variants)
        print(
            f"{surface:10} {burst:3} per packet: {shown}   "
            f"adapter/raw {best['adapter'] / best['raw']:.2f}  "
            f"adapter/sdk {best['adapter'] / best['sdk']:.2f}  "
            f"runtime/raw {best['runtime'] / best['raw']:.2f}  "
            f"runtime/sdk {best['runtime'] / best['sdk']:.2f}",
            flush=True,
        )


async def spent(run: Variant, expected: int) -> float:
    """CPU seconds of one whole answer, which must be complete."""
    begun = time.process_time()
    size = await run()
    seconds = time.process_time() - begun
    if size != expected:
        raise SystemExit(f"only {size} of {expected} characters arrived")
    return seconds


async def main() -> None:
    """Measure one event per packet, then bursts."""
    deltas = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with ProviderProcess() as process:
        for burst in (1, 20):
            await measure(process, deltas, rounds, burst)


if __name__ == "__main__":
    asyncio.run(main())

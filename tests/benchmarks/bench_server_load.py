"""100 runs of 50 tokens/s each through one `kata-lsp serve`, beside the same server when idle.

Run: `python tests/benchmarks/bench_server_load.py [--runs 100] [--tokens 250] [--kind KIND]`.

Provider, server and client are three processes. A token's delay is counted from the moment at
which the provider's schedule sends it to the moment at which the client has read it; up to 50 ms
of it is meant, because the server sends at most 20 messages a second and run. "steady" leaves out
each run's first second, in which all runs read the workspace and build their requests at once. A
ping is a command that does nothing. The client is Python, too, and its own time counts. What the
machine and the provider add by themselves shows in the line of bare sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import bench_runtime_load
from clients.workspace import make_workspace
from fakes.provider_process import ProviderProcess
from fakes.reply import cut
from fakes.served import custom, key_variable
from fixtures.lsp.wire import Server, SilenceError, command

SERVE = [str(Path(sys.executable).with_name("kata-lsp")), "serve"]
EVERY = 0.02
BETWEEN_PINGS = 0.01
SECOND = 50
"""Tokens."""
OVER = {"completed", "failed", "interrupted", "cancelled"}


@dataclass
class Load:
    """What one client saw while its runs were carried out."""

    pieces: dict[str, list[tuple[float, int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """For each run: when a piece came, its offset, its text."""
    ended: dict[str, str] = field(default_factory=dict)
    pings: list[float] = field(default_factory=list)
    lost: int = 0
    cpu: float = 0.0
    """CPU seconds of the server per second."""
    delays: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=250)
    kinds = ("anthropic-compatible", "openai-compatible", "openai")
    parser.add_argument("--kind", choices=kinds, default=kinds[0])
    options = parser.parse_args()
    with ProviderProcess() as provider, tempfile.TemporaryDirectory() as folder:
        provider.load(default={"name": "draft", "chunks": options.tokens, "delay": EVERY})
        workspace = make_workspace(Path(folder))
        settings = custom(provider, logLevel="warning")
        base = provider.openai_url if options.kind.startswith("openai") else provider.url
        settings["providers"]["mine"] |= {"kind": options.kind, "baseUrl": base}
        environment = workspace.environment(**key_variable())
        with Server(SERVE, stderr_pipe=False, **environment) as server:
            folders = [{"uri": workspace.root.as_uri(), "name": "project"}]
            server.initialize(workspaceFolders=folders, initializationOptions={"kata": settings})
            carry_out(server, provider, 1, options.tokens)  # loads what the first call loads
            measured = {"idle, 1 run": 1, f"{options.runs} runs": options.runs}
            for name, runs in measured.items():
                if runs > 1:
                    asyncio.run(floor(provider, runs, options.tokens))
                report(name, carry_out(server, provider, runs, options.tokens), runs, options)


def carry_out(server: Server, provider: ProviderProcess, runs: int, tokens: int) -> Load:
    """Start the runs together, ping until the last one has ended, and judge what came."""
    load = Load()
    cpu, begun = _cpu_seconds(server.process.pid), time.monotonic()
    before = len(provider.requests())
    pings = _pinging(server, load, rounds=200) if runs == 1 else []
    for number in range(runs):
        params = {"prompt": f"Count tokens, {number}.", "apply": "never"}
        server.send(command(f"start-{number}", "kata.run.start", params))
    _follow(server, load, runs)
    load.pings = pings or load.pings
    load.cpu = (_cpu_seconds(server.process.pid) - cpu) / (time.monotonic() - begun)
    asked = provider.requests(before + runs)[before:]
    assert len(asked) == runs, "a draft needed a repair, whose answer is not shown"
    sent = {_mark(request): request["startedAt"] for request in asked}
    for run_id, pieces in load.pieces.items():
        _judge(load, pieces, sent[load.ended[run_id]], tokens)
    return load


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mark(request: dict[str, Any]) -> str:
    """The part of a prompt that names its run."""
    text = str(request["body"])
    at = text.rindex("Count tokens, ")
    return text[at : text.index(".", at)]


def _pinging(server: Server, load: Load, rounds: int = 0) -> list[float]:
    """Ping a server that has nothing else to do."""
    for number in range(rounds):
        started = time.monotonic()
        server.send(command(f"quiet-{number}", "kata.runtime.getMode"))
        server.answer(f"quiet-{number}")
        load.pings.append(time.monotonic() - started)
    return list(load.pings)


def _follow(server: Server, load: Load, runs: int) -> None:
    """Take messages as they come, pinging now and then, until all runs are over."""
    number, asked, answered = 0, 0.0, 0.0
    while len(load.ended) < runs:
        if not asked and time.monotonic() - answered >= BETWEEN_PINGS:
            number, asked = number + 1, time.monotonic()
            server.send(command(f"ping-{number}", "kata.runtime.getMode"))
        try:
            message = server.read()
        except SilenceError as error:
            raise SystemExit(f"{runs - len(load.ended)} runs have not ended: {error}") from error
        server.seen.clear()
        now, params = time.monotonic(), message.get("params", {})
        if message.get("id") == f"ping-{number}":
            load.pings.append(now - asked)
            asked, answered = 0.0, now
        elif "error" in message:
            raise SystemExit(str(message["error"]))
        elif message.get("method") == "kata/run/didStream" and params["kind"] == "text":
            load.pieces[params["runId"]].append((now, params["offset"], params["delta"]))
        elif message.get("method") == "kata/run/didChange" and params["status"] in OVER:
            assert params["status"] == "completed", params
            load.ended[params["runId"]] = params["prompt"].rstrip(".")
    if asked:
        server.answer(f"ping-{number}")


def _judge(
    load: Load, pieces: Sequence[tuple[float, int, str]], started_at: float, tokens: int
) -> None:
    """Add one run's tokens: which came, and how much later than the provider's schedule."""
    whole = "".join(delta for _, _, delta in pieces)
    expected = cut(whole, tokens)
    load.lost += tokens - len(expected)
    arrived = iter(pieces)
    came, reached, offset = 0.0, 0, 0
    for number, token in enumerate(expected):
        offset += len(token)
        while reached < offset:
            came, at, delta = next(arrived)
            load.lost += at != reached
            reached = at + len(delta)
        delay = came - started_at - number * EVERY
        load.delays.append(delay)
        if number >= SECOND:
            load.steady.append(delay)


async def floor(provider: ProviderProcess, streams: int, tokens: int) -> None:
    """Print what the same load costs over sockets that are only read."""
    name = f"bare sockets, {streams} streams"
    await bench_runtime_load.report(
        name, bench_runtime_load.bare(provider, "anthropic"), streams, tokens
    )


def report(name: str, load: Load, runs: int, options: argparse.Namespace) -> None:
    """Print one line."""
    whole = runs * options.tokens
    print(
        f"{name:12} {options.kind}: delivered {len(load.delays) - load.lost}/{whole} tokens  "
        f"delay p50 {_ms(load.delays, 0.5)} p99 {_ms(load.delays, 0.99)}  "
        f"steady p99 {_ms(load.steady, 0.99)}  "
        f"ping p50 {_ms(load.pings, 0.5)} p99 {_ms(load.pings, 0.99)} (n={len(load.pings)})  "
        f"server {load.cpu:.0%} of a core",
        flush=True,
    )


def _ms(values: Sequence[float], share: float) -> str:
    ordered = sorted(values)
    return f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:.1f} ms"


if __name__ == "__main__":
    main()

"""Round trip of a trivial command, idle and under 32 streams of 100 deltas/s, beside bare pygls.

`probe` is our transport alone. `serve` is the whole server: the command is `kata.runtime.getMode`
and the streams are runs of the scripted provider, each stored and published.

Run it with `python tests/benchmarks/bench_roundtrip.py [COUNT]`.
"""

import contextlib
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from clients.workspace import Workspace, make_workspace  # noqa: E402
from fixtures.lsp.wire import PROBE, Server, command  # noqa: E402

SERVE = [str(Path(sys.executable).with_name("kata-lsp")), "serve"]
ROUNDS, LOADED_ROUNDS = 20, 4
STREAMS, DELTAS, SECONDS = 32, 200, 0.01


@dataclass(frozen=True)
class Target:
    """A server, its trivial command, and how it is put under load."""

    server: Server
    trivial: str
    workspace: Workspace | None = None

    def trip(self, msg_id: str) -> float:
        """Return the seconds of one round trip."""
        started = time.perf_counter()
        self.server.send(command(msg_id, self.trivial))
        self.server.answer(msg_id)
        self.server.unread.clear()
        return time.perf_counter() - started

    def trips(self, count: int) -> list[float]:
        """Return the seconds of `count` round trips."""
        return [self.trip(f"trip-{number}") for number in range(count)]

    def under_load(self, number: int) -> list[float]:
        """Return the seconds of the round trips made while the streams run."""
        self.server.seen.clear()
        times: list[float] = []
        with self._streams(number) as flowing:
            while flowing():
                times.append(self.trip(f"load-{len(times)}"))
        return times

    @contextlib.contextmanager
    def _streams(self, number: int) -> Any:
        if self.workspace is None:
            self.server.send(command("load", "probe.stream"))
            self.server.notification("probe/didStream")
            yield lambda: not any(m.get("id") == "load" for m in self.server.seen)
            return
        ticks = self.workspace.home / "ticks"
        ticks.mkdir(exist_ok=True)
        for old in ticks.iterdir():
            old.unlink()
        for stream in range(STREAMS):
            prompt = {"prompt": f"Round {number}", "provider": "scripted", "apply": "never"}
            self.server.send(command(f"run-{stream}", "kata.run.start", prompt))
        for stream in range(STREAMS):
            answer = self.server.answer(f"run-{stream}")
            assert "result" in answer, answer
        ticking = threading.Thread(target=_tick, args=(ticks,))
        ticking.start()
        yield ticking.is_alive
        while sum(_ended(m) for m in self.server.seen) < STREAMS:
            self.server.read()


def _tick(folder: Path) -> None:
    started, clock = time.monotonic(), threading.Event()
    for number in range(DELTAS):
        (folder / str(number)).touch()
        clock.wait(max(0.0, started + SECONDS * (number + 1) - time.monotonic()))


def _ended(message: dict[str, Any]) -> bool:
    status = message["params"]["status"] if message.get("method") == "kata/run/didChange" else ""
    assert status != "failed", message
    return status == "completed"


def script(workspace: Workspace) -> dict[str, Any]:
    """Return an answer that says a few words at each tick of the benchmark's clock."""
    ticks = workspace.home / "ticks"
    steps: list[dict[str, Any]] = []
    for number in range(DELTAS):
        steps += [{"wait_for_file": str(ticks / str(number))}, {"text": "some words "}]
    return {"steps": steps, "repeat": True}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    found: dict[str, dict[str, list[float]]] = {"idle": {}, "loaded": {}}
    with contextlib.ExitStack() as stack:
        workspace = make_workspace(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        workspace.write_script(script(workspace))
        start = lambda argv, **env: stack.enter_context(Server(argv, **env))  # noqa: E731
        targets = {
            "bare": Target(start([sys.executable, str(HERE / "bare_pygls.py")]), "probe.ping"),
            "probe": Target(start(PROBE), "probe.ping"),
            "serve": Target(
                start(SERVE, **workspace.environment()), "kata.runtime.getMode", workspace
            ),
        }
        for target in targets.values():
            target.server.initialize(rootUri=workspace.root.as_uri())
            target.trips(200)
        # In turns, so that whatever else the machine does meets all of them.
        for _ in range(ROUNDS):
            for name, target in targets.items():
                found["idle"].setdefault(name, []).extend(target.trips(count // ROUNDS))
        for number in range(LOADED_ROUNDS):
            for name, target in targets.items():
                found["loaded"].setdefault(name, []).extend(target.under_load(number))
    for situation, times in found.items():
        report(situation, {name: sorted(sample) for name, sample in times.items()})


def report(situation: str, ordered: dict[str, list[float]]) -> None:
    """Print median and 99th percentile of each, and their ratios to bare pygls."""
    for name, sample in ordered.items():
        base = ordered["bare"]
        p50, p99 = (sample[int(len(sample) * part)] * 1e3 for part in (0.5, 0.99))
        ratios = [p / (base[int(len(base) * q)] * 1e3) for p, q in ((p50, 0.5), (p99, 0.99))]
        print(
            f"{situation:>6} {name:>5}: p50 {p50:6.2f} ms ({ratios[0]:.2f}x)  "
            f"p99 {p99:6.2f} ms ({ratios[1]:.2f}x)  n={len(sample)}"
        )


if __name__ == "__main__":
    main()

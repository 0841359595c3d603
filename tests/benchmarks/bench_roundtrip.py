"""Round trip of a trivial command, idle and under 32 streams of 100 deltas/s, beside bare pygls.

Run it with `python tests/benchmarks/bench_roundtrip.py [COUNT]`.
"""

import contextlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fixtures.lsp.wire import PROBE, Server, command  # noqa: E402

TARGETS = {"bare": [sys.executable, str(HERE / "bare_pygls.py")], "kata": PROBE}
ROUNDS, LOADED_ROUNDS = 20, 4


def trips(server: Server, count: int) -> list[float]:
    """Return the seconds of `count` round trips."""
    times = []
    for number in range(count):
        started = time.perf_counter()
        server.send(command(f"trip-{number}", "probe.ping"))
        server.answer(f"trip-{number}")
        times.append(time.perf_counter() - started)
        server.unread.clear()
    return times


def under_load(server: Server) -> list[float]:
    """Return the seconds of the round trips made while the streams run."""
    server.seen.clear()
    server.send(command("load", "probe.stream"))
    server.notification("probe/didStream")
    times, number = [], 0
    while not any(m.get("id") == "load" for m in server.seen):
        started = time.perf_counter()
        server.send(command(f"load-{number}", "probe.ping"))
        server.answer(f"load-{number}")
        times.append(time.perf_counter() - started)
        server.unread.clear()
        number += 1
    return times


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    found: dict[str, dict[str, list[float]]] = {"idle": {}, "loaded": {}}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(Server(argv)) for name, argv in TARGETS.items()}
        for server in servers.values():
            server.initialize()
            trips(server, 200)
        # In turns, so that whatever else the machine does meets both.
        for _ in range(ROUNDS):
            for name, server in servers.items():
                found["idle"].setdefault(name, []).extend(trips(server, count // ROUNDS))
        for _ in range(LOADED_ROUNDS):
            for name, server in servers.items():
                found["loaded"].setdefault(name, []).extend(under_load(server))
    for situation, times in found.items():
        ordered = {name: sorted(sample) for name, sample in times.items()}
        for name, sample in ordered.items():
            p50, p99 = (sample[int(len(sample) * part)] * 1e3 for part in (0.5, 0.99))
            base = ordered["bare"]
            ratios = [p / (base[int(len(base) * q)] * 1e3) for p, q in ((p50, 0.5), (p99, 0.99))]
            print(
                f"{situation:>6} {name}: p50 {p50:6.2f} ms ({ratios[0]:.2f}x)  "
                f"p99 {p99:6.2f} ms ({ratios[1]:.2f}x)  n={len(sample)}"
            )


if __name__ == "__main__":
    main()

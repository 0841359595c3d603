"""Time from spawn to the first code lens, and memory at rest, beside bare pygls.

Run it with `python tests/benchmarks/bench_startup.py [ROUNDS]`; the rounds of both alternate, so
that whatever else the machine does meets both.
"""

import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fixtures.lsp.capabilities import VSCODE  # noqa: E402
from fixtures.lsp.wire import PROBE, Server, note  # noqa: E402

SPEC = "# Goal\n\n" + "".join(f"- [ ] T{n:03d} Do the thing number {n}\n" for n in range(50))
DOCUMENT = {"uri": "file:///spec.md", "languageId": "markdown", "version": 1, "text": SPEC}
TARGETS = {
    "probe": PROBE,
    "bare": [sys.executable, str(HERE / "bare_pygls.py")],
    "kata": [str(Path(sys.executable).with_name("kata-lsp")), "serve"],
}


def round_of(argv: list[str]) -> tuple[float, float, float]:
    """Return seconds to initialize, seconds to the first code lens, and MiB resident."""
    started = time.perf_counter()
    with Server(argv) as server:
        server.initialize(capabilities=VSCODE)
        initialized = time.perf_counter() - started
        server.send(note("textDocument/didOpen", {"textDocument": DOCUMENT}))
        server.ask("textDocument/codeLens", {"textDocument": {"uri": DOCUMENT["uri"]}})
        lens = time.perf_counter() - started
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return initialized, lens, int(resident.split()[1]) / 1024


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    names = sys.argv[2:] or list(TARGETS)
    results = {name: [] for name in names}
    for _ in range(rounds + 1):
        for name in names:
            results[name].append(round_of(TARGETS[name]))
    print(f"medians of {rounds} rounds      initialize    first lens      RSS")
    base = None
    for name in sorted(names, key=lambda n: n != "bare"):
        init, lens, resident = (statistics.median(c) for c in zip(*results[name][1:], strict=True))
        base = base or (init, lens)
        ratios = f"{init / base[0]:.2f}x {lens / base[1]:.2f}x"
        print(
            f"{name:>6}: {init * 1e3:18.0f} ms {lens * 1e3:10.0f} ms {resident:6.0f} MiB   {ratios}"
        )


if __name__ == "__main__":
    main()

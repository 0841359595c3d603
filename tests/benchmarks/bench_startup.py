"""Time from spawn to the first code lens, and memory then and after a command, beside bare pygls.

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
URI = "file:///repo/.kata/spec.md"
DOCUMENT = {"uri": URI, "languageId": "markdown", "version": 1, "text": SPEC}
TARGETS = {
    "probe": (PROBE, "probe.ping"),
    "bare": ([sys.executable, str(HERE / "bare_pygls.py")], "probe.ping"),
    "kata": ([str(Path(sys.executable).with_name("kata-lsp")), "serve"], "kata.runtime.getMode"),
}


def resident(server: Server) -> float:
    """Return the MiB that a server holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def round_of(argv: list[str], command: str) -> tuple[float, float, float, float]:
    """Return seconds to initialize and to the first code lens, MiB then and after a command."""
    started = time.perf_counter()
    with Server(argv) as server:
        server.initialize(capabilities=VSCODE, rootUri="file:///repo")
        initialized = time.perf_counter() - started
        server.send(note("textDocument/didOpen", {"textDocument": DOCUMENT}))
        place = {"textDocument": {"uri": URI}}
        assert server.ask("textDocument/codeLens", place)["result"]
        lens = time.perf_counter() - started
        at_rest = resident(server)
        assert "result" in server.ask("workspace/executeCommand", {"command": command})
        return initialized, lens, at_rest, resident(server)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    names = sys.argv[2:] or list(TARGETS)
    results = {name: [] for name in names}
    for _ in range(rounds + 1):
        for name in names:
            results[name].append(round_of(*TARGETS[name]))
    print(f"medians of {rounds} rounds      initialize    first lens    RSS idle, after a command")
    base = None
    for name in sorted(names, key=lambda n: n != "bare"):
        medians = map(statistics.median, zip(*results[name][1:], strict=True))
        init, lens, idle, used = medians
        base = base or (init, lens)
        ratios = f"{init / base[0]:.2f}x {lens / base[1]:.2f}x"
        print(
            f"{name:>6}: {init * 1e3:18.0f} ms {lens * 1e3:10.0f} ms {idle:6.0f} MiB "
            f"{used:4.0f} MiB   {ratios}"
        )


if __name__ == "__main__":
    main()

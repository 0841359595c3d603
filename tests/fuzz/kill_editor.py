"""Kills the editor again and again while its server works; no server may outlive it.

    python tests/fuzz/kill_editor.py --cycles 100
    python tests/fuzz/kill_editor.py --cycles 100 --real      # kata-lsp serve, with runs in flight

With `--real` a last server must find no run that still claims to be queued or running.
"""

import argparse
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from fixtures.lsp.wire import INITIALIZE, PROBE, Server, command, frame, note, request

REAL = [str(Path(sys.executable).with_name("kata-lsp")), "serve"]
EDITOR = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.pid, flush=True)
child.stdin.write(bytes.fromhex(sys.argv[1]))
child.stdin.flush()
heard = b""
while data := os.read(child.stdout.fileno(), 65536):
    heard += data
    if b"runId" in heard or b"didStart" in heard:
        print("at work", flush=True)
"""


def session(real: bool, home: str) -> bytes:
    """Return what the editor says: a start and work that is still going on when it dies."""
    work = [command("slow", "probe.slow")]
    if real:
        prompt = {"prompt": "Write a spec for a search box", "provider": "local"}
        work = [command(f"run-{n}", "kata.run.start", prompt) for n in range(3)]
    start = INITIALIZE | {"rootUri": Path(home).as_uri()}
    messages = [request(1, "initialize", start), note("initialized", {}), *work]
    return b"".join(frame(message) for message in messages)


def cycle(argv: list[str], data: bytes, rng: random.Random, env: dict[str, str]) -> float:
    """Kill one editor, during the start or the work, and return how long its server lived on."""
    editor = subprocess.Popen(
        [sys.executable, "-c", EDITOR, data.hex(), *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | env,
    )
    assert editor.stdout is not None
    server = os.pidfd_open(int(editor.stdout.readline()))
    try:
        if rng.random() < 0.75:
            select.select([editor.stdout], [], [], 20)
        select.select([server], [], [], rng.uniform(0, 0.3))
        editor.kill()
        started = time.monotonic()
        editor.communicate()
        ended = select.select([server], [], [], 30)[0]
        return time.monotonic() - started if ended else float("inf")
    finally:
        os.close(server)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the editor of a working server.")
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", default="kata")
    parser.add_argument("--real", action="store_true", help="kata-lsp serve instead of the probe")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    argv = REAL if options.real else PROBE
    with tempfile.TemporaryDirectory() as home:
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
        env = dict.fromkeys(map(str, names), home)
        data = session(options.real, home)
        lived = [cycle(argv, data, rng, env) for _ in range(options.cycles)]
        orphans = lived.count(float("inf"))
        slow = [seconds for seconds in lived if seconds > 5]
        print(
            f"{options.cycles} editors killed: {orphans} orphans, {len(slow)} servers beyond 5 s, "
            f"median {statistics.median(lived) * 1e3:.0f} ms, worst {max(lived) * 1e3:.0f} ms"
        )
        statuses: Counter[str] = Counter()
        if options.real:
            with Server(REAL, stderr_pipe=False, **env) as server:
                server.initialize()
                listed = server.ask("workspace/executeCommand", {"command": "kata.run.list"})
                statuses = Counter(run["status"] for run in listed["result"]["runs"])
                print(f"runs by status: {dict(statuses)}")
        return 1 if slow or statuses["running"] or statuses["queued"] else 0


if __name__ == "__main__":
    sys.exit(main())

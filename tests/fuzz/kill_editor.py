"""Kills the editor again and again while its server works; no server may outlive it.

    python tests/fuzz/kill_editor.py --cycles 100
    python tests/fuzz/kill_editor.py --cycles 100 --real      # kata-lsp serve, with runs in flight

With `--real` the runs hang in the scripted provider, and a last server must find every one of them
`interrupted`: none still claims to be at work, none has got lost.
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
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from clients.scripts import hanging
from clients.workspace import Workspace, make_workspace
from fixtures.lsp.wire import INITIALIZE, PROBE, Server, command, frame, note, request

REAL = [str(Path(sys.executable).with_name("kata-lsp")), "serve"]
RUNS = 3
EDITOR = """
import os, re, subprocess, sys
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.pid, flush=True)
child.stdin.write(bytes.fromhex(sys.argv[1]))
child.stdin.flush()
heard = b""
while data := os.read(child.stdout.fileno(), 65536):
    heard += data
    at_work = set(re.findall(rb'"result":{"runId":"([^"]+)"|didStart', heard))
    if at_work:
        print(b" ".join(at_work).decode(), flush=True)
"""


def session(real: bool, workspace: Workspace) -> bytes:
    """Return what the editor says: a start and work that is still going on when it dies."""
    work = [command("slow", "probe.slow")]
    if real:
        prompt = {"prompt": "Write a spec for a search box", "provider": "scripted"}
        work = [command(f"run-{n}", "kata.run.start", prompt) for n in range(RUNS)]
    start = INITIALIZE | {"rootUri": workspace.root.as_uri()}
    messages = [request(1, "initialize", start), note("initialized", {}), *work]
    return b"".join(frame(message) for message in messages)


@dataclass(frozen=True)
class Ended:
    """What is left of one editor: how long its server lived on, and the runs it knew of."""

    seconds: float
    runs: frozenset[str]


def cycle(argv: list[str], data: bytes, rng: random.Random, env: dict[str, str]) -> Ended:
    """Kill one editor, during the start or the work, and wait for its server's end."""
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
        said, _ = editor.communicate()
        over = select.select([server], [], [], 30)[0]
        lived = time.monotonic() - started if over else float("inf")
        return Ended(lived, frozenset(said.decode().split()))
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
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder))
        workspace.write_script(hanging() | {"repeat": True})
        env = workspace.environment()
        data = session(options.real, workspace)
        ended = [cycle(argv, data, rng, env) for _ in range(options.cycles)]
        lived = [each.seconds for each in ended]
        slow = [seconds for seconds in lived if seconds > 5]
        print(
            f"{options.cycles} editors killed: {lived.count(float('inf'))} orphans, "
            f"{len(slow)} servers beyond 5 s, median {statistics.median(lived) * 1e3:.0f} ms, "
            f"worst {max(lived) * 1e3:.0f} ms"
        )
        if not options.real:
            return 1 if slow else 0
        stored = stored_runs(env)
        lost = frozenset[str]().union(*(each.runs for each in ended)) - set(stored)
        statuses = Counter(stored.values())
        print(f"runs by status: {dict(statuses)}; {len(lost)} that an editor knew are lost")
        return 1 if slow or lost or set(statuses) != {"interrupted"} else 0


def stored_runs(env: dict[str, str]) -> dict[str, str]:
    """Return the status of every run by its id, as a new server finds them."""
    found: dict[str, str] = {}
    cursor: dict[str, str] = {}
    with Server(REAL, stderr_pipe=False, **env) as server:
        server.initialize()
        while True:
            page = {"command": "kata.run.list", "arguments": [{"limit": 100, **cursor}]}
            listed = server.ask("workspace/executeCommand", page)["result"]
            found |= {run["runId"]: run["status"] for run in listed["runs"]}
            if "nextCursor" not in listed:
                return found
            cursor = {"cursor": listed["nextCursor"]}


if __name__ == "__main__":
    sys.exit(main())

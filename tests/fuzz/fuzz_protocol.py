"""A seeded fuzzer of a real server process: nothing may kill it, wedge it or go unanswered.

    python tests/fuzz/fuzz_protocol.py --count 100000
    python tests/fuzz/fuzz_protocol.py --seed S --first N --count 1     # a failure again

It stops at the first failure and prints how to see it again.
"""

import argparse
import os
import secrets
import shlex
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parent.parent))

from fixtures.lsp.wire import PROBE, Server, SilenceError, frame, request
from fuzz.mutants import METHODS, Mutant, mutant

BATCH = 50
PATIENCE = 15.0
PROBE_COMMANDS = ["probe.echo", "probe.ping", "probe.nested", "probe.crash", "probe.nan", "no.such"]


class Failure(AssertionError):  # noqa: N818 - it is the finding, not an error of the fuzzer
    """What the server did that it must not do."""


class Fuzzer:
    """One server under fire, started again after each end that is allowed."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.home = tempfile.TemporaryDirectory()
        self.counts: Counter[str] = Counter()
        self.server = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()
        self.home.cleanup()

    def _start(self) -> Server:
        homes = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
        server = Server(self.argv, **dict.fromkeys(homes, self.home.name))
        result = server.initialize(rootUri=Path(self.home.name).as_uri())["result"]
        served = result["capabilities"]["executeCommandProvider"]["commands"]
        slow = {"probe.slow", "probe.stubborn", "probe.block", "probe.flood", "probe.stream"}
        self.commands = [name for name in served if name not in slow] + ["no.such"]
        return server

    def run(self, seed: str, first: int, count: int) -> None:
        """Fire the mutants; raises `Failure` at the first thing that must not happen."""
        batch: list[tuple[int, Mutant]] = []
        for number in range(first, first + count):
            made = mutant(seed, number, self.commands)
            self.counts[made.kind] += 1
            if made.kind == "frame":
                self._fire(batch)
                batch = []
                self._fire_alone(made)
            else:
                batch.append((number, made))
                if len(batch) == BATCH:
                    self._fire(batch)
                    batch = []
        self._fire(batch)

    def _fire(self, batch: list[tuple[int, Mutant]]) -> None:
        self.server.write(b"".join(made.data for _, made in batch))
        self._sentinel()
        owed = Counter(made.owes for _, made in batch if made.owes is not None)
        deadline = time.monotonic() + PATIENCE
        while owed - self._answers(owed) and time.monotonic() < deadline:
            self.server._fill(0.05)
        answers = self._answers(owed)
        if answers != owed:
            raise Failure(f"unanswered {owed - answers}, answered too often {answers - owed}")
        self._judge()

    def _answers(self, owed: Counter[Any]) -> Counter[Any]:
        return Counter(
            m["id"] for m in self.server.seen if "method" not in m and m.get("id") in owed
        )

    def _fire_alone(self, made: Mutant) -> None:
        self.server.write(made.data)
        deadline = time.monotonic() + PATIENCE
        while True:
            # A length too large by n swallows the next n bytes; sending goes on until it is met.
            try:
                self._sentinel(0.03)
                break
            except SilenceError:
                if time.monotonic() > deadline:
                    raise Failure("wedged") from None
                if self._ended_for_a_reason():
                    self.counts["ended"] += 1
                    self.server.__exit__()
                    self.server = self._start()
                    return
        self._judge()

    def _ended_for_a_reason(self) -> bool:
        self.server._fill(0)
        if not self.server.ended:
            return False
        code, log = self.server.process.wait(PATIENCE), self.server.stderr
        if code == 1 and ("bytes was announced" in log or "speaks HTTP" in log):
            return True
        raise Failure(f"dead: {code}")

    def _sentinel(self, patience: float = PATIENCE) -> None:
        self.server.serial += 1
        msg_id = f"sentinel-{self.server.serial}"
        try:
            self.server.write(frame(request(msg_id, "no/such")))
        except BrokenPipeError:
            raise SilenceError("the pipe is broken") from None
        self.server.answer(msg_id, patience)

    def _judge(self) -> None:
        for message in self.server.seen:
            if message.get("method") == "window/showMessage":
                raise Failure(f"a pop-up: {str(message)[:300]}")
            error = message.get("error")
            if error:
                self.counts[str(error.get("code"))] += 1
                if "Traceback" in str(error):
                    raise Failure(f"a traceback on the wire: {str(error)[:300]}")
            elif "method" not in message:
                self.counts["results"] += 1
        self.server.seen.clear()
        self.server.unread.clear()


def fuzz(argv: list[str], seed: str, first: int, count: int) -> Counter[str]:
    """Run and return the counts; a failure names the mutant and how to see it again."""
    with Fuzzer(argv) as fuzzer:
        step = 500
        for start in range(first, first + count, step):
            size = min(step, first + count - start)
            try:
                fuzzer.run(seed, start, size)
            except (Failure, SilenceError) as failure:
                raise _found(
                    argv, seed, start, size, failure=failure, log=fuzzer.server.stderr
                ) from None
        return fuzzer.counts


def _found(
    argv: list[str], seed: str, first: int, count: int, *, failure: AssertionError, log: str
) -> Failure:
    """Look for the single mutant that does it; some failures need their whole range."""
    for number in range(first, first + count):
        try:
            with Fuzzer(argv) as fuzzer:
                fuzzer.run(seed, number, 1)
        except (Failure, SilenceError) as alone:
            first, count, failure = number, 1, alone
            break
    again = f"python tests/fuzz/fuzz_protocol.py --seed {seed} --first {first} --count {count}"
    if argv != PROBE:
        again += f" --server {shlex.quote(shlex.join(argv))}"
    return Failure(f"{failure}\nagain: {again}\nlog: {log[-3000:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz a language server over stdio.")
    parser.add_argument("--seed", default=None, help="any text; random when omitted")
    parser.add_argument("--first", type=int, default=0, help="the first mutant's number")
    parser.add_argument("--count", type=int, default=0, help="how many; 0 runs until a failure")
    parser.add_argument("--server", default="", help="command line; the probe when omitted")
    options = parser.parse_args()
    seed = options.seed or secrets.token_hex(4)
    argv = shlex.split(options.server) or PROBE
    started, first, total = time.monotonic(), options.first, Counter[str]()
    print(f"seed {seed}, {len(METHODS)} methods, server {shlex.join(argv)}", flush=True)
    while options.count == 0 or first < options.first + options.count:
        left = options.first + options.count - first if options.count else 20_000
        size = min(20_000, left)
        try:
            total += fuzz(argv, seed, first, size)
        except Failure as failure:
            print(f"FAILED {failure}")
            return 1
        first += size
        rate = (first - options.first) / (time.monotonic() - started)
        print(f"{first - options.first} mutants, {rate:.0f}/s, {dict(total)}", flush=True)
    print("0 deaths, 0 wedges, 0 unanswered, 0 pop-ups")
    return 0


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main())

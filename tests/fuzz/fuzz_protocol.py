"""A seeded fuzzer of a real server process: nothing may kill it, wedge it or go unanswered.

    python tests/fuzz/fuzz_protocol.py --count 100000                   # the probe server
    python tests/fuzz/fuzz_protocol.py --count 100000 --target real     # `kata-lsp serve`
    python tests/fuzz/fuzz_protocol.py --seed S --first N --count 1     # a failure again

It stops at the first failure and prints how to see it again. The real server gets arguments made
from the contract's schema. There, an internal error is a failure too, as is reaching for the
network or starting a program other than git, which the interpreter's audit hook prevents.
"""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Literal, Self, get_args

sys.path.insert(0, str(Path(__file__).parent.parent))

from clients.scripts import answer
from clients.workspace import Workspace
from fixtures.lsp.wire import PROBE, Server, SilenceError, frame, note, request
from fuzz.arguments import ROOT, RUN, Arguments, anything, by_schema
from fuzz.mutants import METHODS, TEXT, Mutant, mutant

from kata_lsp import protocol

BATCH = 50
PATIENCE = 60.0
SLOW = {"probe.slow", "probe.stubborn", "probe.block", "probe.flood", "probe.stream"}
Target = Literal["probe", "real"]
ARGV: dict[Target, list[str]] = {
    "probe": PROBE,
    "real": [str(Path(sys.executable).with_name("kata-lsp")), "serve"],
}
# Every interpreter imports `sitecustomize`. Whatever reaches for the world is named and stopped.
GUARD = """
import os, pathlib, sys

def watch(event, arguments):
    outside = event == "socket.connect" and not isinstance(arguments[1], str | bytes)
    program = event == "subprocess.Popen" and "git" not in str(arguments[0])
    if outside or program or event == "socket.getaddrinfo":
        with open(os.environ["KATA_FUZZ_REACHED"], "a") as file:
            file.write(f"{event} {str(arguments)[:200]}\\n")
        raise OSError("not while fuzzing")

sys.addaudithook(watch)
"""
ASKED_FOR = "draft"
"""What a pop-up has to be about: only the draft of a user's own run may lead to one."""


class Failure(AssertionError):  # noqa: N818 - it is the finding, not an error of the fuzzer
    """What the server did that it must not do."""


class Fuzzer:
    """One server under fire, started again after each end that is allowed."""

    def __init__(self, target: Target) -> None:
        self.target: Target = target
        self.folder = Path(tempfile.mkdtemp(prefix="kata-fuzz-", dir="/tmp"))
        self.reached = self.folder / "reached"
        self.env = _prepared(self.folder, self.reached)
        self.counts: Counter[str] = Counter()
        self.run_id = RUN
        self.server = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()
        shutil.rmtree(self.folder)

    def _start(self) -> Server:
        server = Server(ARGV[self.target], stderr_pipe=False, **self.env)
        result = server.initialize(rootUri=self.folder.as_uri())["result"]
        served = result["capabilities"]["executeCommandProvider"]["commands"]
        fitting = by_schema(protocol.schema()) if self.target == "real" else {}
        self.commands: dict[str, Arguments] = {
            name: fitting.get(name, anything) for name in (*served, "no.such") if name not in SLOW
        }
        opened = METHODS["textDocument/didOpen"]
        server.write(self._meant(frame(note("textDocument/didOpen", opened))))
        return server

    def _meant(self, data: bytes) -> bytes:
        """Put in what only this run knows; the lengths are the same."""
        root = str(self.folder).encode()
        return data.replace(ROOT.encode(), root).replace(RUN.encode(), self.run_id.encode())

    def run(self, seed: str, first: int, count: int) -> None:
        """Fire the mutants; raises `Failure` at the first thing that must not happen."""
        batch: list[Mutant] = []
        for number in range(first, first + count):
            made = mutant(seed, number, self.commands)
            self.counts[made.kind] += 1
            if made.kind == "frame":
                self._fire(batch)
                batch = []
                self._fire_alone(made)
            else:
                batch.append(made)
        self._fire(batch)

    def _fire(self, batch: list[Mutant]) -> None:
        self.server.write(self._meant(b"".join(made.data for made in batch)))
        self._sentinel()
        owed = Counter(made.owes for made in batch if made.owes is not None)
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
        self.server.write(self._meant(made.data))
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
        if self.reached.exists():
            raise Failure(f"it reached for {self.reached.read_text()}")
        for message in self.server.seen:
            params = message.get("params") or {}
            self.run_id = params.get("runId", self.run_id)
            pops_up = message.get("method") == "window/showMessage"
            if pops_up and ASKED_FOR not in params["message"]:
                raise Failure(f"a pop-up: {str(message)[:300]}")
            error = message.get("error")
            if error:
                self.counts[str(error.get("code"))] += 1
                if self.target == "real" and error.get("code") == -32603:  # the probe has crashes
                    raise Failure(f"an internal error: {error['message']}")
                if "Traceback" in str(error):
                    raise Failure(f"a traceback on the wire: {str(error)[:300]}")
            elif "method" not in message:
                self.counts["results"] += 1
        self.server.seen.clear()
        self.server.unread.clear()


def _prepared(folder: Path, reached: Path) -> dict[str, str]:
    """Make a small project, a home and the guard, and return the server's environment."""
    workspace = Workspace(folder, folder / "home")
    for place in ("src", ".kata", "home/site"):
        (folder / place).mkdir(parents=True)
    workspace.spec.write_bytes(TEXT.encode())
    (folder / "src" / "app.py").write_text("def search_box():\n    return 1\n")
    (workspace.home / "site" / "sitecustomize.py").write_text(GUARD)
    workspace.write_script(answer() | {"repeat": True})
    return workspace.environment(
        PYTHONPATH=str(workspace.home / "site"), KATA_FUZZ_REACHED=str(reached)
    )


def fuzz(target: Target, seed: str, first: int, count: int) -> Counter[str]:
    """Run and return the counts; a failure names the mutant and how to see it again."""
    with Fuzzer(target) as fuzzer:
        for start in range(first, first + count, BATCH):
            size = min(BATCH, first + count - start)
            try:
                fuzzer.run(seed, start, size)
            except (Failure, SilenceError) as failure:
                raise _found(
                    target, seed, start, size, failure=failure, log=fuzzer.server.stderr
                ) from None
        return fuzzer.counts


def _found(
    target: Target, seed: str, first: int, count: int, *, failure: AssertionError, log: str
) -> Failure:
    """Look for the single mutant that does it; some failures need their whole range."""
    for number in range(first, first + count):
        try:
            with Fuzzer(target) as fuzzer:
                fuzzer.run(seed, number, 1)
        except (Failure, SilenceError) as alone:
            first, count, failure = number, 1, alone
            break
    which = f"--target {target} --seed {seed} --first {first} --count {count}"
    again = f"python tests/fuzz/fuzz_protocol.py {which}"
    return Failure(f"{failure}\nagain: {again}\nlog: {log[-3000:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz a language server over stdio.")
    parser.add_argument("--seed", default=None, help="any text; random when omitted")
    parser.add_argument("--first", type=int, default=0, help="the first mutant's number")
    parser.add_argument("--count", type=int, default=0, help="how many; 0 runs until a failure")
    parser.add_argument("--target", choices=get_args(Target), default="probe")
    options = parser.parse_args()
    seed = options.seed or secrets.token_hex(4)
    started, first, total = time.monotonic(), options.first, Counter[str]()
    print(f"seed {seed}, {len(METHODS)} methods, server {options.target}", flush=True)
    while options.count == 0 or first < options.first + options.count:
        left = options.first + options.count - first if options.count else 20_000
        size = min(20_000, left)
        try:
            total += fuzz(options.target, seed, first, size)
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

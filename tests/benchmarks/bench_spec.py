"""Measures what a keystroke in a long spec costs; run `python tests/benchmarks/bench_spec.py`."""

from __future__ import annotations

import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from kata_lsp.spec import Facts, check, parse, plan_waves, reparse
from kata_lsp.spec.outline import hints

LINES = 5_000
PATH = ".kata/spec.md"


def long_spec(lines: int = LINES) -> str:
    """Return a spec whose tasks fill about ``lines`` lines, under few headings: the worst case."""
    head = ["# Long spec", "", "## Goal", "", "Keep typing instant.", "", "## Tasks", ""]
    body: list[str] = []
    number = 0
    while len(head) + len(body) < lines - 20:
        number += 1
        label = " [P]" if number % 3 else ""
        after = f" (after T{number - 1:04d})" if number > 1 and number % 5 == 0 else ""
        body.append(f"- [ ] T{number:04d}{label} Change `src/part_{number}/module.py`{after}")
        if number % 2:
            body += ["  - a detail of it, long enough to be a line of text", ""]
    tail = ["", "## Acceptance Criteria", ""]
    tail += [f"- AC{n}: something observable number {n}" for n in range(1, 7)]
    tail += ["", "## Verification Plan", ""]
    tail += [f"- AC{n}: run `pytest -k part_{n}`" for n in range(1, 7)]
    return "\n".join([*head, *body, *tail]) + "\n"


def keystroke(previous, text):
    """Do what a server does between a keystroke and its diagnostics, lenses and hints."""
    document = reparse(previous, text)
    problems = check(document, Facts(path_exists=lambda _: True))
    lenses = [
        (document.line_at(task.line.start), document.dialect.next_status(task.status))
        for task in document.tasks
    ]
    return document, problems, lenses


def milliseconds(action: Callable[[], object], repeat: int) -> list[float]:
    """Return the processor time of each call, which a busy machine stretches less."""
    times: list[float] = []
    for _ in range(repeat):
        start = time.thread_time()
        action()
        times.append((time.thread_time() - start) * 1000)
    return times


def report(name: str, times: list[float]) -> float:
    """Print median and 99th percentile, and return the latter."""
    p99 = statistics.quantiles(times, n=100)[98]
    print(f"{name:36} median {statistics.median(times):7.2f} ms   p99 {p99:7.2f} ms")
    return p99


def bench_keystrokes(strokes: int) -> tuple[float, float]:
    """Type at random places; return the p99 of a keystroke and the median of a reparse, in ms."""
    choose = random.Random(5)
    text = long_spec()
    document = parse(text, path=PATH)
    whole: list[float] = []
    walls: list[float] = []
    parsing: list[float] = []
    for _ in range(strokes):
        at = choose.randrange(len(text))
        cut = choose.choice((0, 0, 1))
        text = text[:at] + choose.choice("abc d-#`") * (1 - cut) + text[at + cut :]
        before = document
        parsing += milliseconds(partial(reparse, before, text), 1)
        wall = time.perf_counter()
        start = time.thread_time()
        document, _, _ = keystroke(before, text)
        whole.append((time.thread_time() - start) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
    report("reparse", parsing)
    report("keystroke, by the clock on the wall", walls)
    return report("keystroke -> problems and lenses", whole), statistics.median(parsing)


def bench_memory(edits: int) -> tuple[int, float]:
    """Edit ``edits`` times; return the memory blocks kept and the growth of the peak in MiB.

    The first tenth of the edits warms up and is not counted.
    """
    choose = random.Random(7)
    text = long_spec()
    document = parse(text, path=PATH)
    blocks, peak = 0, 0
    for number in range(edits):
        if number == edits // 10:
            gc.collect()
            blocks = sys.getallocatedblocks()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        at = choose.randrange(len(text) - 1)
        # Swap two letters of the text and back, so that only a leak can grow.
        swapped = f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
        document = reparse(document, swapped if number % 2 else text)
    document = reparse(document, text)
    gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    return sys.getallocatedblocks() - blocks, grown / 1024


def main(strokes: int = 1_000, edits: int = 10_000) -> None:
    """Print all figures."""
    text = long_spec()
    print(f"spec: {text.count(chr(10))} lines, {len(text)} code points")
    parse(text)
    full = milliseconds(lambda: parse(text, path=PATH), 10)
    print(f"{'full parse':36} median {statistics.median(full):7.2f} ms")
    document = parse(text, path=PATH)
    schedule = plan_waves(document)
    report("rules", milliseconds(lambda: check(document, Facts(path_exists=lambda _: True)), 100))
    report("waves", milliseconds(lambda: plan_waves(document), 100))
    report("hints of the whole file", milliseconds(lambda: list(hints(document, schedule)), 100))
    _, reparse_median = bench_keystrokes(strokes)
    print(f"full parse / reparse: {statistics.median(full) / reparse_median:.0f} times")
    kept, peak = bench_memory(edits)
    print(f"memory over {edits} edits: {kept:+d} blocks kept, peak {peak:+.1f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

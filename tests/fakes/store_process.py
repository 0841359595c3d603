"""A server process reduced to its store, for tests that kill it.

Run as a script: `store_process.py FILE OWNER RUN MODE`. It opens the store, saves the run as
running, prints a line, and then obeys MODE: `wait` for its death, or `write` output without end,
printing how much of it is stored.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from kata_lsp.runs.lifecycle import moved, queued
from kata_lsp.runs.record import RunRequest, RunStatus
from kata_lsp.runs.sqlite import SqliteRunStore


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(file: str, owner: str, run_id: str, mode: str) -> None:
    store = SqliteRunStore(Path(file), time.time, lambda: owner)
    await store.open()
    record = queued(run_id, RunRequest("prompt", "/w", ".kata/spec.md"), now=time.time())
    await store.save(record)
    await store.save(moved(record, RunStatus.RUNNING, now=time.time()))
    say("ready")
    position = 0
    while mode == "write":
        await store.append_output(run_id, "text", position, "0123456789")
        position += 10
        say(str(position))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

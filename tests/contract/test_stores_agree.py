"""Both run stores give the same answers to the same calls, whatever those are."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kata_lsp.runs.lifecycle import moved, queued
from kata_lsp.runs.memory import MemoryRunStore
from kata_lsp.runs.record import Attempt, RunRecord, RunRequest, RunStatus
from kata_lsp.runs.sqlite import SqliteRunStore
from kata_lsp.runs.store import RunFilter, RunStore, SpendingFilter

IDS = ("r1", "r2", "r3")
ROOTS = ("/a", "/b\udcff")

FRESH = {
    run_id: queued(run_id, RunRequest("p", ROOTS[n % 2], "s.md"), now=float(n // 2))
    for n, run_id in enumerate(IDS)
}


def variants(record: RunRecord) -> list[RunRecord]:
    running = moved(record, RunStatus.RUNNING, now=5.0)
    attempt = Attempt("p", "m", "native", 4.0, 1.0, cost_usd=0.5)
    return [
        record,
        running,
        moved(record, RunStatus.CANCELLED, now=6.0),
        moved(running, RunStatus.COMPLETED, now=7.0),
        replace(running, attempts=(attempt, replace(attempt, started_at=6.0, cost_usd=None))),
        replace(record, created_at=99.0),
        replace(record, timeline=()),
    ]


RUN_IDS = st.sampled_from((*IDS, "r9"))
KINDS = st.sampled_from(("text", "thinking"))
CALLS = st.one_of(
    st.tuples(
        st.just("save"),
        st.sampled_from([record for run_id in IDS for record in variants(FRESH[run_id])]),
    ),
    st.tuples(
        st.just("append_output"),
        RUN_IDS,
        KINDS,
        st.integers(-1, 4),
        st.text(st.characters(exclude_categories=()), max_size=3),
    ),
    st.tuples(st.just("output"), RUN_IDS, KINDS),
    st.tuples(st.just("get"), RUN_IDS),
    st.tuples(st.just("history"), RUN_IDS),
    st.tuples(
        st.just("list"),
        st.builds(
            RunFilter,
            root=st.sampled_from((None, *ROOTS)),
            statuses=st.frozensets(st.sampled_from(RunStatus), max_size=2),
            before=st.none() | st.tuples(st.sampled_from((0.0, 1.0)), st.sampled_from(IDS)),
            limit=st.integers(0, 3),
        ),
    ),
    st.tuples(
        st.just("spent"),
        st.builds(
            SpendingFilter,
            since=st.sampled_from((0.0, 5.0)),
            root=st.sampled_from((None, *ROOTS)),
        ),
    ),
)


async def answers(store: RunStore, calls: Sequence[tuple[Any, ...]]) -> list[object]:
    """Return what each call answered: its value, or the kind and text of its error."""
    given_back: list[object] = []
    await store.open()
    for name, *arguments in calls:
        try:
            value = await getattr(store, name)(*arguments)
        except Exception as error:  # noqa: BLE001 - an error is an answer too
            value = (type(error), str(error))
        given_back.append(list(value) if name == "list" else value)
    await store.close()
    return given_back


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, max_size=25))
def test_the_stores_agree(calls: list[tuple[Any, ...]]) -> None:
    """Any sequence of calls has the same answers, errors included, from either store."""

    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            sqlite = SqliteRunStore(Path(folder) / "runs.sqlite3", lambda: 9.0, lambda: "owner")
            in_memory = await answers(MemoryRunStore(lambda: 9.0), calls)
            assert await answers(sqlite, calls) == in_memory

    asyncio.run(check())

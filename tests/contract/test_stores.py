"""What every run store promises, checked on each of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kata_lsp.runs import codec
from kata_lsp.runs.lifecycle import IllegalTransitionError, moved, queued
from kata_lsp.runs.memory import MemoryRunStore
from kata_lsp.runs.record import Attempt, RunRecord, RunRequest, RunStatus, TokenUsage
from kata_lsp.runs.sqlite import SqliteRunStore
from kata_lsp.runs.store import RunFilter, RunStore, Spending, SpendingFilter, StoreError

NOW = 100.0


def in_memory(_folder: Path) -> RunStore:
    return MemoryRunStore(lambda: NOW)


def in_sqlite(folder: Path) -> RunStore:
    numbers = itertools.count()
    return SqliteRunStore(folder / "runs.sqlite3", lambda: NOW, lambda: f"owner-{next(numbers)}")


@pytest.fixture(params=[in_memory, in_sqlite])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunStore]:
    make: Callable[[Path], RunStore] = request.param
    store = make(tmp_path)
    await store.open()
    yield store
    await store.close()


def new(
    run_id: str = "r1", *, now: float = 1.0, root: str = "/w", session: str | None = None
) -> RunRecord:
    return queued(run_id, RunRequest("prompt", root, ".kata/spec.md", session), now=now)


def attempt(started_at: float, cost: float | None) -> Attempt:
    return Attempt("anthropic", "m", "native", started_at, 1.0, cost_usd=cost)


async def test_a_saved_run_comes_back(store: RunStore) -> None:
    """What was saved is what `get` returns, and an unknown id is None."""
    saved = await store.save(new())
    assert saved == replace(new(), seq=1)
    assert await store.get("r1") == saved
    assert await store.get("r2") is None
    assert await store.get("\ud800") is None


async def test_seq_grows_by_one(store: RunStore) -> None:
    """The store counts versions itself, whatever `seq` the caller's copy has."""
    seqs = [(await store.save(new())).seq for _ in range(3)]
    assert seqs == [1, 2, 3]


async def test_concurrent_saves_are_counted(store: RunStore) -> None:
    """Saves at the same time each get a number of their own."""
    saved = await asyncio.gather(*(store.save(new()) for _ in range(50)))
    assert sorted(record.seq for record in saved) == list(range(1, 51))


async def test_terminal_is_final(store: RunStore) -> None:
    """A stored end is never left, and a refused save changes nothing."""
    ended = await store.save(moved(new(), RunStatus.CANCELLED, now=2.0))
    running = moved(new(), RunStatus.RUNNING, now=2.0)
    with pytest.raises(IllegalTransitionError, match="already cancelled"):
        await store.save(running)
    assert await store.get("r1") == ended
    assert len(await store.history("r1")) == 1


async def test_a_terminal_run_gains_facts(store: RunStore) -> None:
    """What became of the draft is noted on a run that has ended."""
    ended = await store.save(moved(new(), RunStatus.CANCELLED, now=2.0))
    noted = await store.save(replace(ended, cost_note="kept"))
    assert (noted.seq, noted.cost_note) == (2, "kept")


async def test_history_folds_to_the_record(store: RunStore) -> None:
    """The changes in order give the record; each holds only what differs."""
    record = await store.save(new())
    record = await store.save(moved(record, RunStatus.RUNNING, now=2.0))
    record = await store.save(replace(record, attempts=(attempt(2.0, 0.5),)))
    events = await store.history("r1")
    assert [event.seq for event in events] == [1, 2, 3]
    assert set(events[2].change) == {"attempts", "seq"}
    folded = dict(item for event in events for item in event.change.items())
    assert codec.from_plain(folded) == record == await store.get("r1")
    assert not await store.history("r2")


async def test_output_is_kept_in_order(store: RunStore) -> None:
    """Pieces of each kind join to its text, counted in code points."""
    await store.save(new())
    await store.append_output("r1", "text", 0, "é𝄞")
    await store.append_output("r1", "thinking", 0, "hm")
    await store.append_output("r1", "text", 2, "\ud83d")
    await store.append_output("r1", "text", 3, "")
    await store.append_output("r1", "text", 3, "\ude00!")
    assert await store.output("r1", "text") == "é𝄞\ud83d\ude00!"
    assert await store.output("r1", "thinking") == "hm"


async def test_offset_zero_starts_anew(store: RunStore) -> None:
    """A repair's text replaces the first answer's, and only of its own kind."""
    await store.save(new())
    await store.append_output("r1", "text", 0, "first")
    await store.append_output("r1", "thinking", 0, "hm")
    await store.append_output("r1", "text", 0, "")
    assert await store.output("r1", "text") == ""
    await store.append_output("r1", "text", 0, "second")
    assert await store.output("r1", "text") == "second"
    assert await store.output("r1", "thinking") == "hm"


@pytest.mark.parametrize("offset", [1, 4, 6, -1])
async def test_gaps_and_overlaps_are_refused(store: RunStore, offset: int) -> None:
    """A piece that does not begin where the text ends is refused and changes nothing."""
    await store.save(new())
    await store.append_output("r1", "text", 0, "first")
    with pytest.raises(ValueError, match="ends at 5"):
        await store.append_output("r1", "text", offset, "x")
    assert await store.output("r1", "text") == "first"


async def test_output_needs_its_run(store: RunStore) -> None:
    """Output of a run that is not stored is refused by its id."""
    with pytest.raises(LookupError, match="r9"):
        await store.append_output("r9", "text", 0, "x")
    assert await store.output("r9", "text") == ""


async def test_list_filters_and_pages(store: RunStore) -> None:
    """Runs come newest first, filtered, in pages that neither repeat nor skip."""
    for n in range(6):
        await store.save(new(f"r{n}", now=float(n // 2), root="/a" if n % 2 else "/b"))
    await store.save(moved(new("r9", now=9.0, session="s"), RunStatus.RUNNING, now=9.0))

    async def ids(query: RunFilter) -> list[str]:
        return [run.id for run in await store.list(query)]

    assert await ids(RunFilter()) == ["r9", "r5", "r4", "r3", "r2", "r1", "r0"]
    assert await ids(RunFilter(root="/a")) == ["r5", "r3", "r1"]
    assert await ids(RunFilter(root="/\udcff")) == []
    assert await ids(RunFilter(session="s")) == ["r9"]
    assert await ids(RunFilter(statuses=frozenset({RunStatus.RUNNING}))) == ["r9"]
    assert await ids(RunFilter(limit=0)) == []
    page = await store.list(RunFilter(limit=3))
    last = page[-1]
    assert await ids(RunFilter(limit=3, before=(last.created_at, last.id))) == ["r3", "r2", "r1"]


async def test_spending(store: RunStore) -> None:
    """Attempts count from the given moment on, per workspace; an unknown price is no cost of 0."""
    await store.save(replace(new("r1", root="/a"), attempts=(attempt(1.0, 0.25),)))
    second = replace(new("r2", root="/b"), attempts=(attempt(5.0, 0.5),))
    await store.save(second)
    await store.save(replace(second, attempts=(*second.attempts, attempt(6.0, None))))
    assert await store.spent(SpendingFilter()) == Spending(3, 0.75, 1)
    assert await store.spent(SpendingFilter(since=5.0)) == Spending(2, 0.5, 1)
    assert await store.spent(SpendingFilter(root="/a")) == Spending(1, 0.25, 0)
    assert await store.spent(SpendingFilter(since=7.0)) == Spending()


async def test_spending_by_session_and_outside_any_run(store: RunStore) -> None:
    """A session's runs are added up, tokens too; a plain request counts, but for no session."""
    used = replace(attempt(1.0, 0.5), usage=TokenUsage(100, 20))
    run = new("r1", root="/a")
    in_session = replace(run, request=replace(run.request, session="s"), attempts=(used,))
    await store.save(in_session)
    await store.note_attempt(used, "/a")
    assert await store.spent(SpendingFilter(session="s")) == Spending(1, 0.5, 0, 100, 20)
    assert await store.spent(SpendingFilter(root="/a")) == Spending(2, 1.0, 0, 200, 40)


async def test_a_cancelled_wait_does_not_lose_the_write(store: RunStore) -> None:
    """A save whose caller was cancelled is carried out before the next one."""
    task = asyncio.create_task(store.save(new()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await store.save(new())).seq == 2


async def test_own_runs_are_no_orphans(store: RunStore) -> None:
    """A server never interrupts its own unfinished runs while it lives."""
    await store.save(new())
    assert list(await store.interrupt_orphans()) == []
    assert (await store.save(moved(new(), RunStatus.RUNNING, now=2.0))).seq == 2


async def test_close_interrupts_what_is_unfinished(store: RunStore) -> None:
    """After a close and an open, unfinished runs are interrupted, finished ones as they were."""
    await store.save(moved(new("r1"), RunStatus.RUNNING, now=2.0))
    done = await store.save(moved(new("r2"), RunStatus.CANCELLED, now=2.0))
    await store.close()
    await store.close()
    await store.open()
    interrupted = await store.get("r1")
    assert interrupted is not None
    assert interrupted.status is RunStatus.INTERRUPTED
    assert interrupted.timeline[-1].at == NOW
    assert await store.get("r2") == done


async def test_a_closed_store_says_so(store: RunStore) -> None:
    """Every operation on a closed store fails with one sentence, and none hangs."""
    await store.close()
    for operation in (
        store.save(new()),
        store.get("r1"),
        store.list(RunFilter()),
        store.history("r1"),
        store.output("r1", "text"),
        store.append_output("r1", "text", 0, "x"),
        store.spent(SpendingFilter()),
        store.note_attempt(attempt(1.0, 0.5), "/a"),
        store.interrupt_orphans(),
    ):
        with pytest.raises(StoreError, match="is not open"):
            await operation

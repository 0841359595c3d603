"""The journal: stored first, told afterwards, and final when it has ended."""

import asyncio
import itertools

import pytest

from kata_lsp.orchestrator.events import Event, RunChanged, RunStreamed
from kata_lsp.orchestrator.journal import Journal
from kata_lsp.runs.lifecycle import queued
from kata_lsp.runs.memory import MemoryRunStore
from kata_lsp.runs.record import RunRequest, RunStatus


class Told:
    """A sink that checks, at the moment of telling, that the store already knows."""

    def __init__(self, store: MemoryRunStore) -> None:
        self.events: list[Event] = []
        self.store = store

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def statuses(self) -> list[RunStatus]:
        return [event.record.status for event in self.events if isinstance(event, RunChanged)]

    @property
    def deltas(self) -> list[tuple[int, str]]:
        return [(e.offset, e.delta) for e in self.events if isinstance(e, RunStreamed)]


@pytest.fixture
async def store():
    store = MemoryRunStore(clock=itertools.count(100.0).__next__)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def told(store):
    return Told(store)


@pytest.fixture
async def journal(store, told):
    record = queued("r1", RunRequest("do it", "/w", ".kata/spec.md"), now=1.0)
    journal = Journal(record, store=store, sink=told, clock=itertools.count(2.0).__next__)
    await journal.update()
    await journal.move(RunStatus.RUNNING)
    return journal


async def test_output_is_told_in_pieces_that_say_where_they_begin(journal, store, told):
    """Deltas of one flush are one event; the store holds exactly what was told."""
    journal.stream("text", "one ")
    journal.stream("text", "two ")
    await journal.close()
    journal.stream("text", "three")
    await journal.close()
    assert told.deltas == [(0, "one two "), (8, "three")]
    assert await store.output("r1", "text") == "one two three"


async def test_output_is_told_before_the_ending(journal, told):
    """The last delta reaches its reader before the terminal state does."""
    journal.stream("text", "last words")
    await journal.move(RunStatus.COMPLETED)
    kinds = [type(event) for event in told.events]
    assert kinds[-2:] == [RunStreamed, RunChanged]
    await journal.close()
    assert told.deltas == [(0, "last words")]


async def test_the_first_ending_counts(journal, store, told):
    """Terminal is final: later moves and late output change nothing."""
    await journal.move(RunStatus.CANCELLED)
    journal.stream("text", "too late")
    await journal.move(RunStatus.COMPLETED)
    await journal.close()
    assert told.statuses == [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.CANCELLED]
    stored = await store.get("r1")
    assert stored is not None
    assert [entry.status for entry in stored.timeline] == told.statuses
    assert told.deltas == []


async def test_a_write_outlives_the_cancellation_of_its_caller(journal, store):
    """A change that has begun is stored and told although the task that made it is cancelled."""
    task = asyncio.create_task(journal.update(phase="provider"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await journal.close()
    stored = await store.get("r1")
    assert stored is not None
    assert (stored.phase, stored.seq) == ("provider", journal.record.seq)
    await journal.move(RunStatus.CANCELLED)
    assert journal.ended


async def test_sequence_numbers_grow_by_one(journal, told):
    """A reader can tell that it missed nothing."""
    await asyncio.gather(*(journal.update(phase="provider") for _ in range(20)))
    seqs = [event.record.seq for event in told.events if isinstance(event, RunChanged)]
    assert seqs == list(range(1, 23))

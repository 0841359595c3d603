"""Owns the order of work: which tasks may run side by side, and what each one waits for.

It must not know agents, worktrees or runs; it reads ``after``, ``[P]`` and nesting only.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kata_lsp.spec.document import SpecDocument, TaskBlock
from kata_lsp.spec.shapes import TaskStatus


@dataclass(frozen=True, slots=True)
class Schedule:
    """The waves of one document.

    A task that encloses tasks with ids is a group: it is not scheduled, and to wait for it is to
    wait for all of them. Without such tasks, nested checkboxes are steps of their task.
    """

    tasks: tuple[TaskBlock, ...]
    """What is scheduled, in document order."""
    wave_of: tuple[int | None, ...]
    """For each of `tasks` its wave from 1; None in or behind a cycle."""
    cycles: tuple[tuple[TaskBlock, ...], ...]
    """Tasks that wait for each other; each cycle once."""
    waits: tuple[tuple[int, ...], ...]
    """For each of `tasks` the indices of those it waits for directly."""

    @property
    def waves(self) -> tuple[tuple[TaskBlock, ...], ...]:
        """The tasks of each wave, in document order."""
        count = max((wave for wave in self.wave_of if wave), default=0)
        waves: list[list[TaskBlock]] = [[] for _ in range(count)]
        for task, wave in zip(self.tasks, self.wave_of, strict=True):
            if wave:
                waves[wave - 1].append(task)
        return tuple(map(tuple, waves))

    def wave(self, task: TaskBlock) -> int | None:
        """Return the wave of a task, None where it has none."""
        index = self._index(task)
        return None if index is None else self.wave_of[index]

    def waits_for(self, task: TaskBlock) -> tuple[TaskBlock, ...]:
        """Return the tasks that must be done before ``task`` may start."""
        index = self._index(task)
        return () if index is None else tuple(self.tasks[each] for each in self.waits[index])

    def blocked_by(self, task: TaskBlock) -> tuple[TaskBlock, ...]:
        """Return those of `waits_for` that are not done."""
        return tuple(t for t in self.waits_for(task) if t.status is not TaskStatus.DONE)

    def ready(self) -> tuple[TaskBlock, ...]:
        """Return the tasks to do whose turn it is."""
        return tuple(
            task
            for task, wave in zip(self.tasks, self.wave_of, strict=True)
            if wave and task.status is TaskStatus.TODO and not self.blocked_by(task)
        )

    def _index(self, task: TaskBlock) -> int | None:
        start = task.span.start
        index = bisect_left(self.tasks, start, key=lambda each: each.span.start)
        found = index < len(self.tasks) and self.tasks[index].span.start == start
        return index if found else None


def plan_waves(document: SpecDocument) -> Schedule:
    """Compute the waves of a document.

    ``after`` comes first: tasks are taken in document order, but each behind what it names. In that
    order a task without ``[P]`` is a barrier: it waits for everything before it, and everything
    behind it waits for it. Unknown ids are ignored here; a rule reports them.
    """
    tasks, members = _scheduled(document.tasks)
    explicit = [_named(task, members) if task.shape.after else () for task in tasks]
    order = _ordered(explicit)
    wave_of, waits = _waves(tasks, explicit, order)
    return Schedule(tasks, wave_of, _cycles(tasks, explicit, order), waits)


def find_cycles(document: SpecDocument) -> tuple[tuple[TaskBlock, ...], ...]:
    """Return the cycles of `plan_waves` without planning, for rules that run on every keystroke."""
    if _names_only_earlier_tasks(document):
        return ()
    tasks, members = _scheduled(document.tasks)
    explicit = [_named(task, members) if task.shape.after else () for task in tasks]
    return _cycles(tasks, explicit, _ordered(explicit))


def _names_only_earlier_tasks(document: SpecDocument) -> bool:
    earlier: set[str] = set()
    for task in document.tasks:
        shape = task.shape
        if shape.depth or any(each.id not in earlier for each in shape.after):
            return False
        if shape.id:
            earlier.add(shape.id)
    return True


def _named(task: TaskBlock, members: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(at for name in task.after for at in members.get(name, ())))


def _scheduled(
    tasks: Sequence[TaskBlock],
) -> tuple[tuple[TaskBlock, ...], dict[str, tuple[int, ...]]]:
    """Return what is scheduled and, by id, the indices that each id stands for."""
    scheduled: list[TaskBlock] = []
    groups: list[tuple[TaskBlock, int]] = []
    members: dict[str, tuple[int, ...]] = {}
    counted = [task for task in tasks if not task.shape.depth or task.shape.id]
    depths = [task.shape.depth for task in counted] + [0]
    for number, task in enumerate(counted):
        while groups and groups[-1][0].depth >= depths[number]:
            _close(groups, members, len(scheduled))
        if depths[number + 1] > depths[number]:
            groups.append((task, len(scheduled)))
            continue
        if task.shape.id:
            members.setdefault(task.shape.id, (len(scheduled),))
        scheduled.append(task)
    while groups:
        _close(groups, members, len(scheduled))
    return tuple(scheduled), members


def _close(
    groups: list[tuple[TaskBlock, int]], members: dict[str, tuple[int, ...]], end: int
) -> None:
    task, start = groups.pop()
    if task.id:
        members.setdefault(task.id, tuple(range(start, end)))


def _ordered(explicit: Sequence[Sequence[int]]) -> list[int]:
    """Return indices so that each follows what it names; those in or behind cycles are left out."""
    if all(not names or max(names) < at for at, names in enumerate(explicit)):
        return list(range(len(explicit)))
    open_count = [len(each) for each in explicit]
    dependents: dict[int, list[int]] = {}
    for at, names in enumerate(explicit):
        for name in names:
            dependents.setdefault(name, []).append(at)
    ready = [at for at, count in enumerate(open_count) if not count]
    order: list[int] = []
    while ready:
        at = heapq.heappop(ready)
        order.append(at)
        for each in dependents.get(at, ()):
            open_count[each] -= 1
            if not open_count[each]:
                heapq.heappush(ready, each)
    return order


def _waves(
    tasks: Sequence[TaskBlock], explicit: Sequence[tuple[int, ...]], order: Sequence[int]
) -> tuple[tuple[int | None, ...], tuple[tuple[int, ...], ...]]:
    wave_of: list[int | None] = [None] * len(tasks)
    waits: list[tuple[int, ...]] = list(explicit)
    barrier: tuple[int, ...] = ()
    since: list[int] = []
    barrier_wave = top_wave = 0
    for at in order:
        parallel = tasks[at].shape.parallel_at is not None
        wave = 1 + (barrier_wave if parallel else top_wave)
        implied = barrier if parallel or not since else tuple(since)
        if explicit[at]:
            wave = max(wave, 1 + max(wave_of[each] or 0 for each in explicit[at]))
            implied = tuple(dict.fromkeys((*explicit[at], *implied)))
        wave_of[at], waits[at] = wave, implied
        top_wave = max(top_wave, wave)
        if parallel:
            since.append(at)
        else:
            barrier, since, barrier_wave = (at,), [], top_wave
    return tuple(wave_of), tuple(waits)


def _cycles(
    tasks: Sequence[TaskBlock], explicit: Sequence[Sequence[int]], order: Sequence[int]
) -> tuple[tuple[TaskBlock, ...], ...]:
    """Find the cycles among what could not be ordered: every one of those waits for another one."""
    if len(order) == len(tasks):
        return ()
    ordered = set(order)
    cycles: list[tuple[TaskBlock, ...]] = []
    seen: set[int] = set()
    for start in range(len(explicit)):
        trail: list[int] = []
        at = start
        while at not in ordered and at not in seen:
            seen.add(at)
            trail.append(at)
            at = next(each for each in explicit[at] if each not in ordered)
        if at in trail:
            cycles.append(tuple(tasks[each] for each in trail[trail.index(at) :]))
    return tuple(cycles)

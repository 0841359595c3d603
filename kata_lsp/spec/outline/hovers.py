"""Owns the facts a hover tells: about the task or the section under a caret, and hints in the text.

It must not know Markdown rendering nor runs: the caller adds who wrote a task and what it cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kata_lsp.spec.document import Section, SpecDocument, TaskBlock
from kata_lsp.spec.outline.identity import id_at
from kata_lsp.spec.sections import SectionGuide, guide_for
from kata_lsp.spec.shapes import Span, TaskStatus
from kata_lsp.spec.waves import Schedule


@dataclass(frozen=True, slots=True)
class TaskHover:
    """What to say about a task."""

    task: TaskBlock
    span: Span
    """What the hover is about: the line of the task, or the id that names it."""
    wave: int | None
    waves: int
    waits_for: tuple[TaskBlock, ...]
    blocked_by: tuple[TaskBlock, ...]


@dataclass(frozen=True, slots=True)
class SectionHover:
    """What to say about a section."""

    section: Section
    span: Span
    guide: SectionGuide | None
    tasks: int
    done: int


@dataclass(frozen=True, slots=True)
class Hint:
    """A word to show behind a task's first line."""

    task: TaskBlock
    offset: int
    text: str


def hover(
    document: SpecDocument, schedule: Schedule, offset: int
) -> TaskHover | SectionHover | None:
    """Return what is known of the place at a caret; None where it is plain text."""
    use = id_at(document, offset)
    if use and not use.is_definition and (named := document.task(use.id)):
        return _task_hover(schedule, named, use.span)
    task = document.task_at(offset)
    if task and task.line.covers(offset):
        return _task_hover(schedule, task, task.line)
    section = document.section_at(offset)
    if section and section.heading.covers(offset):
        inside = [each for each in document.tasks if section.span.covers(each.span.start)]
        done = sum(each.status is TaskStatus.DONE for each in inside)
        guide = guide_for(section.title)
        return SectionHover(section, section.heading, guide, len(inside), done)
    return None


def hints(document: SpecDocument, schedule: Schedule, span: Span | None = None) -> Iterator[Hint]:
    """Yield for each scheduled task its wave, and whether it waits, in progress or is done.

    Args:
        document: The document.
        schedule: Its waves.
        span: Only tasks whose first line begins inside it.
    """
    inside = span or Span(0, len(document.text))
    for index, (task, wave) in enumerate(zip(schedule.tasks, schedule.wave_of, strict=True)):
        line = task.line
        if inside.start <= line.start < inside.end:
            parts = [f"wave {wave}" if wave else "in a cycle"]
            if task.status is TaskStatus.TODO and wave:
                waits = (schedule.tasks[each] for each in schedule.waits[index])
                blocked = sum(each.status is not TaskStatus.DONE for each in waits)
                parts.append(f"waits for {blocked}" if blocked else "ready")
            yield Hint(task, line.end, ", ".join(parts))


def _task_hover(schedule: Schedule, task: TaskBlock, span: Span) -> TaskHover:
    return TaskHover(
        task=task,
        span=span,
        wave=schedule.wave(task),
        waves=max((wave for wave in schedule.wave_of if wave), default=0),
        waits_for=schedule.waits_for(task),
        blocked_by=schedule.blocked_by(task),
    )

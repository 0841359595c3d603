"""Owns what people do to a spec beside editing it: ticking tasks and commenting on sections.

Must not know who asks or how an editor writes; `SpecFiles` does. Comments live in a file beside
the spec, so that they travel with the repository and never stand in the spec's own text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kata_lsp.errors import InvalidInputError
from kata_lsp.orchestrator.journal import Clock
from kata_lsp.orchestrator.spec_files import (
    SpecFiles,
    SpecSnapshot,
    WriteResult,
    read_text,
    replace_file,
    resolve_inside,
    resolve_spec,
)
from kata_lsp.spec.document import Section, SpecDocument
from kata_lsp.spec.edits import SpecEditError, set_task_status
from kata_lsp.spec.parser import parse
from kata_lsp.spec.sections import section_key
from kata_lsp.spec.shapes import TaskStatus
from kata_lsp.spec.threads import (
    Comment,
    Thread,
    ThreadError,
    add_thread,
    dump_threads,
    load_threads,
    reply,
    resolve,
    threads_path,
)

MAX_COMMENT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ticked:
    """What came of setting a task's status."""

    status: TaskStatus
    result: WriteResult
    snapshot: SpecSnapshot


async def read_threads(root: str, spec_path: str) -> tuple[Thread, ...]:
    """Return the comment threads of a spec, resolved ones included.

    Raises:
        InvalidInputError: Their file cannot be read.
    """
    path = _threads_file(root, spec_path)
    text = await asyncio.to_thread(read_text, path, MAX_COMMENT_BYTES)
    try:
        return load_threads(text or "")
    except ThreadError as error:
        raise InvalidInputError("spec", f"{path}: {error}") from error


def _threads_file(root: str, spec_path: str) -> Path:
    resolve_spec(root, spec_path)  # only a spec has threads
    return resolve_inside(root, threads_path(spec_path))


class LivingSpec:
    """Changes specs by name of task and section, each change as small as it can be."""

    def __init__(self, spec_files: SpecFiles, *, clock: Clock, new_id: Callable[[], str]) -> None:
        self._spec_files = spec_files
        self._clock = clock
        self._new_id = new_id
        self._commenting = asyncio.Lock()
        self._ticking = asyncio.Lock()

    async def set_status(
        self, root: str, spec_path: str, task_id: str, status: TaskStatus | None
    ) -> Ticked:
        """Set a task's mark, a one-character edit; None takes the next status of the dialect.

        Raises:
            InvalidInputError: There is no such task, or its dialect has no such status.
        """
        # One at a time: two quick ticks must not both be made for the text before either.
        async with self._ticking:
            ticked = await self._set_status(root, spec_path, task_id, status)
            if ticked.result.outcome == "stale":
                ticked = await self._set_status(root, spec_path, task_id, status)
            return ticked

    async def _set_status(
        self, root: str, spec_path: str, task_id: str, status: TaskStatus | None
    ) -> Ticked:
        snapshot = await self._spec_files.read(root, spec_path)
        document = parse(snapshot.text, path=spec_path)
        task = document.task(task_id)
        if task is None:
            known = ", ".join(each.id for each in document.tasks if each.id) or "none"
            raise InvalidInputError(
                "taskId", f"no task of {spec_path!r} has the id {task_id!r}; there are: {known}"
            )
        wanted = status or document.dialect.next_status(task.status)
        try:
            edits = set_task_status(document, task, wanted)
        except SpecEditError as error:
            raise InvalidInputError("status", str(error)) from error
        if not edits:
            return Ticked(wanted, WriteResult("applied", "It says so already."), snapshot)
        label = f"Set {task_id} to {wanted.replace('_', ' ')}"
        result = await self._spec_files.write(snapshot, edits, label=label, confirm=False)
        return Ticked(wanted, result, snapshot)

    async def threads(self, root: str, spec_path: str) -> tuple[Thread, ...]:
        """Return the comment threads of a spec; see `read_threads`."""
        return await read_threads(root, spec_path)

    async def comment(
        self, root: str, spec_path: str, section: str, body: str, author: str
    ) -> Thread:
        """Begin a thread on a section, named by its title.

        Raises:
            InvalidInputError: There is no such section.
        """
        snapshot = await self._spec_files.read(root, spec_path)
        found = _section(parse(snapshot.text, path=spec_path), section)
        thread_id = self._new_id()
        threads = await self._changed(
            root,
            spec_path,
            lambda known: add_thread(known, thread_id, found, self._said(author, body)),
        )
        return _find(threads, thread_id)

    async def reply(
        self, root: str, spec_path: str, thread_id: str, body: str, author: str
    ) -> Thread:
        """Answer in a thread, which is open again afterwards.

        Raises:
            InvalidInputError: There is no such thread.
        """
        threads = await self._changed(
            root, spec_path, lambda known: reply(known, thread_id, self._said(author, body))
        )
        return _find(threads, thread_id)

    async def resolve(self, root: str, spec_path: str, thread_id: str, *, resolved: bool) -> Thread:
        """Mark a thread as resolved, or as open again.

        Raises:
            InvalidInputError: There is no such thread.
        """
        threads = await self._changed(
            root, spec_path, lambda known: resolve(known, thread_id, resolved=resolved)
        )
        return _find(threads, thread_id)

    async def _changed(
        self,
        root: str,
        spec_path: str,
        change: Callable[[tuple[Thread, ...]], tuple[Thread, ...]],
    ) -> tuple[Thread, ...]:
        async with self._commenting:
            known = await self.threads(root, spec_path)
            try:
                changed = change(known)
            except ThreadError as error:
                raise InvalidInputError("threadId", str(error)) from error
            path = _threads_file(root, spec_path)
            await asyncio.to_thread(replace_file, path, dump_threads(changed))
            return changed

    def _said(self, author: str, body: str) -> Comment:
        at = datetime.fromtimestamp(self._clock(), UTC)
        return Comment(author, body, at.isoformat(timespec="seconds"))


def _section(document: SpecDocument, title: str) -> Section:
    wanted = section_key(title)
    for section in document.sections:
        if section_key(section.title) == wanted:
            return section
    known = ", ".join(section.title for section in document.sections) or "none"
    raise InvalidInputError("section", f"the spec has no section {title!r}; there are: {known}")


def _find(threads: tuple[Thread, ...], thread_id: str) -> Thread:
    return next(thread for thread in threads if thread.id == thread_id)

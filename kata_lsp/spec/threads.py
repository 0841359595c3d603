"""Owns comment threads on a spec's sections: adding, answering, resolving, and their file form.

It must not know clocks, users or files: ids, times and authors are given, and text goes in and out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, cast

from kata_lsp.spec.document import Section, SpecDocument
from kata_lsp.spec.sections import section_key

VERSION = 1


class ThreadError(ValueError):
    """A comment file that cannot be read or a thread that is not there; says what to do."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One remark."""

    author: str
    body: str
    created_at: str
    """ISO 8601, as given by the caller."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Remarks on one section."""

    id: str
    section: tuple[str, ...]
    """The headings from the outermost to the section's own when the thread was made."""
    comments: tuple[Comment, ...]
    resolved: bool = False


def threads_path(spec_path: str) -> str:
    """Return where a spec's threads are stored: ``spec.comments.json`` beside ``spec.md``."""
    return str(PurePosixPath(spec_path).with_suffix(".comments.json"))


def add_thread(
    threads: Sequence[Thread], thread_id: str, section: Section, comment: Comment
) -> tuple[Thread, ...]:
    """Return ``threads`` with a new one on ``section``.

    Raises:
        ThreadError: There is a thread with that id.
    """
    if any(thread.id == thread_id for thread in threads):
        raise ThreadError(f"there is a thread {thread_id!r} already; reply to it")
    return (*threads, Thread(thread_id, section.path, (comment,)))


def reply(threads: Sequence[Thread], thread_id: str, comment: Comment) -> tuple[Thread, ...]:
    """Return ``threads`` with ``comment`` at the end of one, which is open again.

    Raises:
        ThreadError: No such thread.
    """
    thread = _find(threads, thread_id)
    answered = replace(thread, comments=(*thread.comments, comment), resolved=False)
    return _with(threads, answered)


def resolve(
    threads: Sequence[Thread], thread_id: str, *, resolved: bool = True
) -> tuple[Thread, ...]:
    """Return ``threads`` with one marked as resolved, or as open again.

    Raises:
        ThreadError: No such thread.
    """
    return _with(threads, replace(_find(threads, thread_id), resolved=resolved))


def anchor(document: SpecDocument, thread: Thread) -> Section | None:
    """Return the section a thread is about.

    The whole path decides; where a heading above was renamed, the section's own title does, if one
    section alone has it. None means that the section is gone.
    """
    wanted = [section_key(title) for title in thread.section]
    same_title: list[Section] = []
    for section in document.sections:
        path = [section_key(title) for title in section.path]
        if path == wanted:
            return section
        if wanted and path[-1] == wanted[-1]:
            same_title.append(section)
    return same_title[0] if len(same_title) == 1 else None


def dump_threads(threads: Iterable[Thread]) -> str:
    """Return the file form: JSON that changes line by line, with a final line feed."""
    listed = [
        {
            "id": thread.id,
            "section": list(thread.section),
            "resolved": thread.resolved,
            "comments": [
                {"author": each.author, "body": each.body, "createdAt": each.created_at}
                for each in thread.comments
            ],
        }
        for thread in threads
    ]
    return json.dumps({"version": VERSION, "threads": listed}, indent=2, ensure_ascii=False) + "\n"


def load_threads(text: str) -> tuple[Thread, ...]:
    """Read the file form; blank text holds no threads.

    Raises:
        ThreadError: Not JSON, not of this form, or of a newer version.
    """
    if not text.strip():
        return ()
    try:
        data = _object(json.loads(text), "the file")
    except json.JSONDecodeError as error:
        raise ThreadError(
            f"the comment file is not JSON (line {error.lineno}); repair or delete it"
        ) from error
    version = data.get("version")
    if version != VERSION:
        raise ThreadError(
            f"the comment file has version {version!r}, known is {VERSION}; update kata-lsp"
        )
    return tuple(_thread(each) for each in _list(data.get("threads"), "threads"))


def _thread(value: Any) -> Thread:
    data = _object(value, "a thread")
    return Thread(
        id=_string(data, "id"),
        section=tuple(str(title) for title in _list(data.get("section"), "section")),
        comments=tuple(_comment(each) for each in _list(data.get("comments"), "comments")),
        resolved=data.get("resolved") is True,
    )


def _comment(value: Any) -> Comment:
    data = _object(value, "a comment")
    return Comment(_string(data, "author"), _string(data, "body"), _string(data, "createdAt"))


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ThreadError(
            f"{what} of the comment file is no JSON object; repair or delete the file"
        )
    return cast("dict[str, Any]", value)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ThreadError(f"{what!r} in the comment file is no list; repair or delete the file")
    return cast("list[Any]", value)


def _string(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ThreadError(f"{key!r} in the comment file is no text; repair or delete the file")
    return value


def _find(threads: Sequence[Thread], thread_id: str) -> Thread:
    found = next((thread for thread in threads if thread.id == thread_id), None)
    if found is None:
        raise ThreadError(f"no thread has the id {thread_id!r}; list the threads first")
    return found


def _with(threads: Sequence[Thread], changed: Thread) -> tuple[Thread, ...]:
    return tuple(changed if thread.id == changed.id else thread for thread in threads)

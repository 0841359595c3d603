"""Owns what differs between the spec formats that are read and ticked in place, as data.

It must not know how text is parsed or edited; a new dialect is one more constant in `DIALECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from kata_lsp.spec.sections import GUIDES, TASKS, SectionGuide
from kata_lsp.spec.shapes import TaskStatus

MARKS = {
    " ": TaskStatus.TODO,
    "x": TaskStatus.DONE,
    "X": TaskStatus.DONE,
    "/": TaskStatus.IN_PROGRESS,
    "-": TaskStatus.IN_PROGRESS,
    "~": TaskStatus.IN_PROGRESS,
}
"""Marks are read alike in every dialect; a dialect decides only what is written."""

_NEVER = re.compile(r"(?!)")
_NUMBER = re.compile(r"(?P<id>\d+(?:\.\d+)*)\.?(?=[ \t]|$)")
_CODE = re.compile(r"(?P<id>[A-Z]{1,8}-?\d+(?:\.\d+)*)[.:]?(?=[ \t]|$)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The facts of one spec format."""

    name: str
    label: str
    path: re.Pattern[str]
    """Matches the whole workspace-relative path, with forward slashes."""
    text: re.Pattern[str]
    """Recognises the format where the path says nothing."""
    task_id: re.Pattern[str]
    """Matches an id (group ``id``) at the start of a task's text."""
    marks: tuple[tuple[TaskStatus, str], ...]
    """The statuses the format has, in the order a click walks them, with the mark written."""
    not_tasks: frozenset[SectionGuide] = frozenset()
    """The sections whose checkboxes are not tasks."""
    structured: bool = False
    """The file is a whole spec, so the sections of a profile are expected in it."""
    ids_required: bool = False
    id_prefix: str = "T"

    def mark(self, status: TaskStatus) -> str | None:
        """Return the character written for ``status``, None where the format has no such status."""
        return dict(self.marks).get(status)

    def next_status(self, status: TaskStatus) -> TaskStatus:
        """Return the status after ``status`` in the cycle todo, in progress, done, todo."""
        for at, (each, _) in enumerate(self.marks):
            if each is status:
                return self.marks[(at + 1) % len(self.marks)][0]
        return self.marks[0][0]

    def next_id(self, taken: Iterable[str]) -> str:
        """Return the first free id after the highest one in ``taken``.

        It has as many digits as those, and at least three behind a prefix.
        """
        pattern = re.compile(rf"{re.escape(self.id_prefix)}(\d+)")
        found = [match[1] for each in taken if (match := pattern.fullmatch(each))]
        width = max([len(digits) for digits in found] + [3 if self.id_prefix else 1])
        return f"{self.id_prefix}{max(map(int, found), default=0) + 1:0{width}d}"


_TWO_STATES = ((TaskStatus.TODO, " "), (TaskStatus.DONE, "x"))
_THREE_STATES = ((TaskStatus.TODO, " "), (TaskStatus.IN_PROGRESS, "/"), (TaskStatus.DONE, "x"))
_NOT_TASKS = frozenset(GUIDES) - {TASKS}

NATIVE = Dialect(
    name="native",
    label="Kata",
    path=re.compile(r"(?:.*/)?\.kata/.*\.md"),
    text=_NEVER,
    task_id=_CODE,
    marks=_THREE_STATES,
    not_tasks=_NOT_TASKS,
    structured=True,
    ids_required=True,
)
TASK_BLOCKS = Dialect(
    name="task-blocks",
    label="@@@task blocks",
    path=_NEVER,
    text=re.compile(r"^@@@task\b", re.MULTILINE),
    task_id=_CODE,
    marks=_THREE_STATES,
    not_tasks=_NOT_TASKS,
)
SPEC_KIT = Dialect(
    name="spec-kit",
    label="Spec Kit",
    path=re.compile(r"(?:.*/)?specs/[^/]+/tasks\.md"),
    text=re.compile(r"^- \[[ xX]\] T\d{3,} (?:\[P\] )?\[US\d+\] ", re.MULTILINE),
    task_id=_CODE,
    marks=_TWO_STATES,
    ids_required=True,
)
OPEN_SPEC = Dialect(
    name="openspec",
    label="OpenSpec",
    path=re.compile(r"(?:.*/)?openspec/changes/(?:[^/]+/)+tasks\.md"),
    text=re.compile(r"^## \d+\. [^\n]*\n+- \[[ xX]\] \d+\.\d+ ", re.MULTILINE),
    task_id=_NUMBER,
    marks=_TWO_STATES,
    id_prefix="",
)
KIRO = Dialect(
    name="kiro",
    label="Kiro",
    path=re.compile(r"(?:.*/)?\.kiro/specs/(?:[^/]+/)+tasks\.md"),
    text=re.compile(
        r"^- \[[ xX-]\]\*? \d+\. [^\n]*\n(?:[^\n]+\n)*? +- _Requirements: ", re.MULTILINE
    ),
    task_id=_NUMBER,
    marks=((TaskStatus.TODO, " "), (TaskStatus.IN_PROGRESS, "-"), (TaskStatus.DONE, "x")),
    id_prefix="",
)

# The Kiro folder comes before Spec Kit's: both paths end in specs/NAME/tasks.md.
DIALECTS = (NATIVE, KIRO, OPEN_SPEC, SPEC_KIT, TASK_BLOCKS)


def detect(path: str, text: str) -> Dialect:
    """Return the dialect of a file, by its path first and by its text where the path says nothing.

    Args:
        path: Workspace-relative or absolute, either slash; empty for an unnamed buffer.
        text: The file's text, of which at most 64 Ki code points are looked at.
    """
    posix = path.replace("\\", "/")
    for dialect in DIALECTS:
        if dialect.path.fullmatch(posix):
            return dialect
    if PurePosixPath(posix).name == "spec.md":
        return NATIVE
    head = text[:65_536].replace("\r\n", "\n")
    return next((each for each in DIALECTS if each.text.search(head)), NATIVE)

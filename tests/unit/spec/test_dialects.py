"""The dialects: files of each are recognised, read, ticked in place and otherwise untouched."""

from pathlib import Path

import pytest

from kata_lsp.spec import (
    DIALECTS,
    SpecEditError,
    TaskStatus,
    TextEdit,
    apply_edits,
    detect,
    parse,
    set_task_status,
)

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"
FILES = sorted(path.relative_to(SPECS).as_posix() for path in SPECS.rglob("*.md"))
EXPECTED = {
    "native/.kata/spec.md": ("native", "T001 T002 T003 T004 T005"),
    "lite/.kata/spec.md": ("native", "T001 T002"),
    "spec-kit/specs/014-offline-drafts/tasks.md": (
        "spec-kit",
        "T001 T002 T003 T004 T005 T006 T007",
    ),
    "openspec/openspec/changes/add-rate-limits/tasks.md": ("openspec", "1.1 1.2 1.3 2.1 2.2 3.1"),
    "kiro/.kiro/specs/bulk-import/tasks.md": ("kiro", "1 2 2.1 2.2 2.3 3 3.1 3.2 4"),
    "task-blocks/notes.md": ("task-blocks", "None T002"),
}


def read(name):
    """Return a fixture's text with its own line endings."""
    return (SPECS / name).read_bytes().decode()


def test_every_fixture_is_expected():
    """A new fixture needs a row in the table."""
    assert sorted(EXPECTED) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_recognised_and_read(name):
    """Path and text tell the dialect, and all tasks are found."""
    document = parse(read(name), path=f"/home/me/project/{name}")
    ids = " ".join(str(task.id) for task in document.tasks)
    assert (document.dialect.name, ids) == EXPECTED[name]


@pytest.mark.parametrize("name", FILES)
def test_a_file_goes_through_unchanged(name):
    """Reading and writing without an edit gives the same bytes."""
    document = parse(read(name), path=name)
    assert apply_edits(document.text, ()).encode() == (SPECS / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_every_task_is_ticked_in_place(name):
    """Each status change is one character, and changing back restores the bytes."""
    text = read(name)
    document = parse(text, path=name)
    for task in document.tasks:
        for status, mark in document.dialect.marks:
            if task.mark is None or status is task.status:
                continue
            edits = set_task_status(document, task, status)
            assert edits == (TextEdit(task.mark, mark),)
            assert task.mark.end - task.mark.start == 1
            ticked = parse(apply_edits(text, edits), path=name)
            assert [t.status for t in ticked.tasks if t.span == task.span] == [status]
            undo = TextEdit(task.mark, task.mark.of(text))
            assert apply_edits(ticked.text, [undo]) == text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".kata/spec.md", "native"),
        ("docs/.kata/changes/x.md", "native"),
        ("spec.md", "native"),
        ("specs/001-login/tasks.md", "spec-kit"),
        (r"C:\work\specs\001-login\tasks.md", "spec-kit"),
        ("specs/001-login/plan.md", "native"),
        ("openspec/changes/add-x/tasks.md", "openspec"),
        ("openspec/changes/archive/2026-add-x/tasks.md", "openspec"),
        (".kiro/specs/login/tasks.md", "kiro"),
        ("", "native"),
    ],
)
def test_the_path_decides(path, expected):
    """Whatever the text looks like."""
    assert detect(path, "- [ ] nothing special").name == expected


@pytest.mark.parametrize("name", FILES)
def test_the_text_decides_where_the_path_says_nothing(name):
    """An unnamed buffer is read like the file it will become."""
    assert detect("", read(name)).name == EXPECTED[name][0]


@pytest.mark.parametrize(
    ("dialect", "taken", "expected"),
    [
        ("native", [], "T001"),
        ("native", ["T001", "T007", "AC9"], "T008"),
        ("native", ["T0999"], "T1000"),
        ("native", ["T9"], "T010"),
        ("kiro", ["1", "2", "2.1"], "3"),
        ("openspec", [], "1"),
    ],
)
def test_the_next_id_follows_the_highest(dialect, taken, expected):
    """An id is never used twice, even where one in between is free."""
    found = next(each for each in DIALECTS if each.name == dialect)
    assert found.next_id(taken) == expected


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_statuses_come_round(dialect):
    """Clicking through the statuses of a dialect comes back to the first."""
    seen = [TaskStatus.TODO]
    while (following := dialect.next_status(seen[-1])) is not TaskStatus.TODO:
        seen.append(following)
    assert tuple(seen) == tuple(status for status, _ in dialect.marks)


def test_a_status_the_dialect_lacks_is_refused_with_what_it_has():
    """OpenSpec counts two states; a third would break its count."""
    document = parse("- [ ] 1.1 A\n", path="openspec/changes/x/tasks.md")
    with pytest.raises(SpecEditError, match=r"OpenSpec has no mark .* use one of todo, done"):
        set_task_status(document, "1.1", TaskStatus.IN_PROGRESS)
    odd = parse("- [-] 1.1 A\n", path="openspec/changes/x/tasks.md").tasks[0]
    assert document.dialect.next_status(odd.status) is TaskStatus.TODO

"""Merging a draft: minimal edits, nothing of the reader's lost, choices where both changed."""

import pytest

from kata_lsp.spec import apply_edits, merge

BASE = """\
# Title

## Goal

Do it.

## Tasks

- [ ] T001 One
- [ ] T002 Two (after T001)
- [ ] T003 Three

## Acceptance Criteria

- AC1: a
- AC2: b
"""


def merged(base, current, draft):
    """Return the current text with the merge's edits made."""
    return apply_edits(current, merge(base, current, draft).edits)


def replaced(text, *pairs):
    """Return ``text`` with each first string of ``pairs``, which must be there, made the second."""
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([], [], []),
        ([], [("Do it.", "Do it now.")], [("Do it.", "Do it now.")]),
        ([("Do it.", "Mine.")], [], [("Do it.", "Mine.")]),
        ([("Do it.", "Same.")], [("Do it.", "Same.")], [("Do it.", "Same.")]),
        (
            [("- AC1: a", "- AC1: mine")],
            [("- AC2: b", "- AC2: theirs")],
            [("- AC1: a", "- AC1: mine"), ("- AC2: b", "- AC2: theirs")],
        ),
        (
            [("- AC2: b\n", "- AC2: b\n- AC4: mine\n")],
            [("- AC2: b\n", "- AC2: b\n- AC3: c\n")],
            [("- AC2: b\n", "- AC2: b\n- AC3: c\n- AC4: mine\n")],
        ),
        ([], [("- AC1: a\n", "")], [("- AC1: a\n", "")]),
        ([], [("# Title", "# Better title")], [("# Title", "# Better title")]),
        ([("# Title", "# Mine")], [], [("# Title", "# Mine")]),
        (
            [("[ ] T001 One", "[x] T001 One")],
            [("T001 One", "T001 One, better")],
            [("[ ] T001 One", "[x] T001 One, better")],
        ),
        (
            [("[ ] T001", "[/] T001")],
            [("[ ] T001", "[x] T001")],
            [("[ ] T001", "[/] T001")],
        ),
        ([], [("- [ ] T003 Three\n", "")], [("- [ ] T003 Three\n", "")]),
        (
            [],
            [("- [ ] T002", "- [x] T004 New\n- [ ] T002")],
            [("- [ ] T002", "- [ ] T004 New\n- [ ] T002")],
        ),
        (
            [("Three\n", "Three\n- [ ] T004 Mine\n")],
            [("Three\n", "Three\n- [ ] T004 Theirs\n- [ ] T005 Next (after T004)\n")],
            [
                (
                    "Three\n",
                    "Three\n- [ ] T006 Theirs\n- [ ] T005 Next (after T006)\n- [ ] T004 Mine\n",
                )
            ],
        ),
        (
            [("## Tasks", "## Work items")],
            [("- [ ] T003 Three", "- [ ] T003 Three things")],
            [("## Tasks", "## Work items"), ("T003 Three", "T003 Three things")],
        ),
        ([("- [ ] T002 Two (after T001)\n", "")], [], [("- [ ] T002 Two (after T001)\n", "")]),
        (
            [("Do it.\n", "Do it.\n\n<!-- kept -->\n")],
            [("Do it.\n", "Do it now.\n")],
            [("Do it.\n", "Do it now.\n\n<!-- kept -->\n")],
        ),
        (
            [("Do it.\n", "Do it.\n\n## Notes\n\nMine.\n")],
            [("## Acceptance", "## Non-goals\n\n- none\n\n## Acceptance")],
            [
                ("Do it.\n", "Do it.\n\n## Notes\n\nMine.\n"),
                ("## Acceptance", "## Non-goals\n\n- none\n\n## Acceptance"),
            ],
        ),
        ([], [("## Acceptance Criteria\n\n- AC1: a\n- AC2: b\n", "")], []),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_changes_of_both_sides_come_together(newline, ours, theirs, expected):
    """Without a conflict, in the reader's line endings, and once only."""
    current = replaced(BASE, *ours).replace("\n", newline)
    draft = replaced(BASE, *theirs)
    result = merge(BASE, current, draft)
    after = apply_edits(current, result.edits)
    assert result.conflicts == ()
    assert after == replaced(BASE, *expected).replace("\n", newline)
    assert merge(BASE, after, draft).edits == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "reason", "subject", "texts"),
    [
        (
            ("Do it.", "Mine."),
            ("Do it.", "Theirs."),
            "both_changed",
            "Goal",
            ("Mine.", "Theirs."),
        ),
        (
            ("T001 One", "T001 Mine"),
            ("T001 One", "T001 Theirs"),
            "both_changed",
            "T001",
            ("- [ ] T001 Mine", "- [ ] T001 Theirs"),
        ),
        (
            ("- [ ] T003 Three\n", ""),
            ("T003 Three", "T003 Three, better"),
            "you_deleted",
            "T003",
            ("", "- [ ] T003 Three, better"),
        ),
        (
            ("[ ] T003", "[x] T003"),
            ("- [ ] T003 Three\n", ""),
            "draft_deleted",
            "T003",
            ("- [x] T003 Three", ""),
        ),
        (
            ("## Goal\n\nDo it.\n\n", ""),
            ("Do it.", "Do it now."),
            "you_deleted",
            "Goal",
            ("", "## Goal\n\nDo it now."),
        ),
        (
            ("# Title", "# Mine"),
            ("# Title", "# Theirs"),
            "both_changed",
            "Mine",
            ("Mine", "Theirs"),
        ),
        (("- AC1: a\n", ""), ("- AC1: a", "- AC1: c"), "you_deleted", "Acceptance Criteria", None),
    ],
)
def test_what_both_changed_is_a_choice(ours, theirs, reason, subject, texts):
    """No edit is made; each choice leads where it says."""
    current, draft = replaced(BASE, ours), replaced(BASE, theirs)
    result = merge(BASE, current, draft)
    assert result.edits == ()
    (conflict,) = result.conflicts
    assert (conflict.reason, conflict.subject) == (reason, subject)
    assert subject in conflict.message
    if texts:
        assert (conflict.ours, conflict.theirs) == texts
        assert conflict.span.of(current) == texts[0]
    assert apply_edits(current, conflict.keep_mine) == current
    taken = apply_edits(current, conflict.take_draft)
    assert merge(BASE, taken, draft).conflicts == ()
    if texts and texts[1]:
        assert texts[1] in taken


def test_both_keeps_both_and_tells_tasks_apart():
    """The draft's task gets an id of its own."""
    current, draft = BASE.replace("T001 One", "T001 Mine"), BASE.replace("T001 One", "T001 Theirs")
    (conflict,) = merge(BASE, current, draft).conflicts
    both = apply_edits(current, conflict.both)
    assert "- [ ] T001 Mine\n- [ ] T004 Theirs\n- [ ] T002" in both


def test_a_first_draft_fills_an_empty_file():
    """With its line endings and its byte order mark; nothing is ticked."""
    draft = BASE.replace("[ ] T001", "[x] T001")
    assert merged("", "", draft) == BASE
    assert merged("", "\ufeff\r\n", draft) == "\ufeff" + BASE.replace("\n", "\r\n")
    assert merge("", "", "").edits == ()


def test_a_first_draft_goes_behind_unrelated_notes():
    """Nothing of them is touched."""
    notes = "Remember the milk.\n"
    assert merged("", notes, BASE) == notes.rstrip() + "\n\n" + BASE.rstrip() + "\n"


def test_a_first_draft_over_another_spec_is_a_choice_where_they_differ():
    """New sections and new list items come in, other content is offered."""
    current = "# Title\n\n## Goal\n\nMine.\n\n## Acceptance Criteria\n\n- AC1: a\n"
    result = merge("", current, BASE)
    after = apply_edits(current, result.edits)
    assert [(each.reason, each.subject) for each in result.conflicts] == [("unrelated", "Goal")]
    assert "Mine." in after
    assert "- AC1: a\n- AC2: b" in after
    assert "## Tasks\n\n- [ ] T001 One" in after


def test_ids_the_reader_gave_are_kept():
    """The draft was made from tasks without ids."""
    base = "## Tasks\n\n- [ ] One\n- [ ] Two\n"
    current = "## Tasks\n\n- [ ] T001 One\n- [x] T002 Two\n"
    draft = "## Tasks\n\n- [ ] One\n- [ ] Two\n- [ ] Three\n"
    assert (
        merged(base, current, draft) == "## Tasks\n\n- [ ] T001 One\n- [x] T002 Two\n- [ ] Three\n"
    )


def test_ticks_inside_a_changed_task_are_kept():
    """Steps are told by their titles."""
    base = "## Tasks\n\n- [ ] T001 One\n  - [ ] a\n  - [ ] b\n"
    current = base.replace("[ ] b", "[x] b")
    draft = "## Tasks\n\n- [ ] T001 One\n  - [x] a\n  - [ ] b\n  - [ ] c\n"
    expected = "## Tasks\n\n- [ ] T001 One\n  - [ ] a\n  - [x] b\n  - [ ] c\n"
    assert merged(base, current, draft) == expected


def test_a_draft_without_tasks_deletes_none():
    """The model says that they are unchanged, and means it."""
    draft = BASE[: BASE.index("- [ ] T001")] + "(unchanged)\n\n" + BASE[BASE.index("## Acc") :]
    assert "- [ ] T003 Three" in merged(BASE, BASE, draft)


def test_edits_are_small():
    """A changed word is an edit of that word, not of its section."""
    current = BASE.replace("\n", "\r\n") + "\r\n## Notes\r\n\r\n\tMine \r\n"
    edits = merge(BASE, current, BASE.replace("T003 Three", "T003 Tree")).edits
    assert sum(len(edit.new_text) + edit.span.end - edit.span.start for edit in edits) <= 2


def test_what_cannot_be_fitted_in_is_offered():
    """Here the reader's file ends inside a code block that swallows whatever is put behind it."""
    current = "## Goal\n\nx\n\n```\nunclosed\n"
    result = merge("## Goal\n\nx\n", current, "## Goal\n\nx\n\n## Tasks\n\n- [ ] T001 a\n")
    assert result.edits == ()
    assert [each.reason for each in result.conflicts] == ["unstable"]
    assert "## Tasks" in result.conflicts[0].theirs

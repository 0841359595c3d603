"""Edits: applied at once, kept minimal, refused when they make no sense."""

import pytest

from kata_lsp.spec import Span, SpecEditError, TaskStatus, TextEdit, apply_edits, parse
from kata_lsp.spec.edits import minimal_edit, set_task_status


def edit(start, end, text):
    """Return an edit."""
    return TextEdit(Span(start, end), text)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "abcdef"),
        ([edit(4, 6, ""), edit(0, 1, "X")], "Xbcd"),
        ([edit(2, 2, "1"), edit(2, 2, "2"), edit(2, 3, "3")], "ab123def"),
        ([edit(6, 6, "!")], "abcdef!"),
    ],
)
def test_edits_are_made_at_once(edits, expected):
    """All spans are of the text before; insertions at one place keep their order."""
    assert apply_edits("abcdef", edits) == expected


@pytest.mark.parametrize("edits", [[edit(0, 3, ""), edit(2, 4, "")], [edit(5, 9, "")]])
def test_edits_that_clash_are_refused(edits):
    """Overlapping edits have no meaning, nor have those outside the text."""
    with pytest.raises(SpecEditError, match="overlaps"):
        apply_edits("abcdef", edits)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("one two three", "one 2 three", edit(4, 7, "2")),
        ("same", "same", edit(4, 4, "")),
        ("aaa", "aa", edit(2, 3, "")),
        ("", "x", edit(0, 0, "x")),
        ("a\r\nb", "a\r\nc", edit(3, 4, "c")),
        ("a\r\nb", "a\rx\r\nb", edit(1, 3, "\rx\r\n")),
        ("a\r\nb", "a\nb", edit(1, 3, "\n")),
    ],
)
def test_a_replacement_touches_only_what_differs(old, new, expected):
    """And never parts a carriage return from its line feed."""
    found = minimal_edit(old, Span(0, len(old)), new)
    assert apply_edits(old, [found]) == new
    assert found == expected


def test_nothing_is_done_for_a_status_a_task_has():
    """A second click is no edit."""
    assert set_task_status(parse("- [x] T001 A"), "T001", TaskStatus.DONE) == ()


def test_an_upper_case_tick_is_kept():
    """The mark is only written when the status changes."""
    assert set_task_status(parse("- [X] T001 A"), "T001", TaskStatus.DONE) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [("- [ ] T002 B", "no task has the id 'T001'"), ("@@@task T001\n# A\n@@@", "convert it")],
)
def test_what_cannot_be_ticked_is_said(text, message):
    """The error names the task and what to do."""
    with pytest.raises(SpecEditError, match=message):
        set_task_status(parse(text), "T001", TaskStatus.DONE)

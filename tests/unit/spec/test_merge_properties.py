"""Properties of merging that hold for any three texts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kata_lsp.spec import TaskStatus, apply_edits, merge, parse

LINES = [
    "# T",
    "# U",
    "## Goal",
    "## Tasks",
    "## Notes",
    "### Sub",
    "- [ ] T001 One",
    "- [x] T001 One",
    "- [ ] T001 One more",
    "- [x] T002 Two (after T001)",
    "- [ ] T002 Zwei",
    "- [ ] T003 三",
    "  - [ ] sub",
    "  detail",
    "- a",
    "- b",
    "para",
    "other",
    "",
    "",
    "```",
    "<!-- c -->",
    "[foo]: /x",
    "@@@task",
    "@@@",
    "---",
    "\ttab",
]

specs = st.lists(st.sampled_from(LINES), max_size=14).map("\n".join)
newlines = st.sampled_from(["\n", "\r\n"])


@settings(deadline=None)
@given(specs, specs, specs, newlines, st.sampled_from(["", "\ufeff"]))
def test_merging_again_finds_nothing_to_do(base, current, draft, newline, bom):
    """And every choice, alone or all of one kind together, can be made with the edits."""
    current = bom + current.replace("\n", newline)
    result = merge(base, current, draft)
    after = apply_edits(current, result.edits)
    assert merge(base, after, draft).edits == ()
    for choice in ("keep_mine", "take_draft", "both"):
        chosen = [edit for each in result.conflicts for edit in getattr(each, choice)]
        apply_edits(current, [*result.edits, *chosen])


@settings(deadline=None)
@given(specs, specs, newlines)
def test_a_draft_equal_to_its_base_changes_nothing(base, current, newline):
    """The model had nothing to say."""
    current = current.replace("\n", newline)
    if current.strip():
        assert merge(base, current, base).edits == ()


@settings(deadline=None)
@given(specs, specs, specs)
def test_no_tick_is_made_or_lost(base, current, draft):
    """A task that is there before and after keeps its status; one that came is to do."""
    before = {task.id: task.status for task in parse(current).tasks if task.id}
    result = merge(base, current, draft)
    after = parse(apply_edits(current, result.edits)).tasks
    names = [task.id for task in after]
    for task in after:
        if task.id and names.count(task.id) == 1 and len(before) == len(set(before)):
            assert task.status is before.get(task.id, TaskStatus.TODO)


@settings(deadline=None)
@given(specs, specs, specs, newlines)
def test_comments_and_line_endings_are_kept(base, current, draft, newline):
    """No comment of the reader disappears, and no other line ending comes in."""
    current = current.replace("\n", newline)
    after = apply_edits(current, merge(base, current, draft).edits)
    assert after.count("<!-- c -->") >= current.count("<!-- c -->")
    if newline in current:
        assert after.replace(newline, "").count("\n") == 0

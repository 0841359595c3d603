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
# Without what swallows the lines behind it: closing such a block brings tasks to light.
plain_specs = st.lists(
    st.sampled_from([each for each in LINES if each[:3] not in {"```", "@@@"}]), max_size=14
).map("\n".join)
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
@given(plain_specs, plain_specs, plain_specs)
def test_no_tick_is_made_or_lost(base, current, draft):
    """A task that is there before and after keeps its status; one that came is to do."""
    before = parse(current).tasks
    after = parse(apply_edits(current, merge(base, current, draft).edits)).tasks
    statuses = {task.id: task.status for task in before if task.id}
    for task in after:
        alone = [each.id for each in (*before, *after)].count(task.id) <= 1 + (task.id in statuses)
        if task.id and alone:
            assert task.status is statuses.get(task.id, TaskStatus.TODO)


@settings(deadline=None)
@given(plain_specs, plain_specs, plain_specs, newlines)
def test_comments_and_line_endings_are_kept(base, current, draft, newline):
    """No comment of the reader disappears, and no other line ending comes in."""
    current = current.replace("\n", newline)
    after = apply_edits(current, merge(base, current, draft).edits)
    assert after.count("<!-- c -->") >= current.count("<!-- c -->")
    if newline in current:
        assert after.replace(newline, "").count("\n") == 0

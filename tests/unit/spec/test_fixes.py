"""Quick fixes: each makes its problem go away with small edits, in the document's line ending."""

import pytest

from kata_lsp.spec import (
    Facts,
    SpecEditError,
    apply_edits,
    assign_all_ids,
    check,
    fix_edits,
    insert_section,
    parse,
)

PATH = ".kata/spec.md"


def fixed(text, code):
    """Apply the first fix of the first problem with ``code``."""
    document = parse(text, path=PATH)
    problem = next(each for each in check(document) if each.code == code)
    return apply_edits(text, fix_edits(document, problem, problem.fixes[0]))


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("- [ ] a\n- [ ] T004 b\n", "missing-task-id", "- [ ] T005 a\n- [ ] T004 b\n"),
        ("- [ ]* a\n", "missing-task-id", "- [ ]* T001 a\n"),
        ("- [ ] T001 a\n- [ ] T001 b", "duplicate-task-id", "- [ ] T001 a\n- [ ] T002 b"),
        ("- [ ] T001 a (after T9)\n", "unknown-reference", "- [ ] T001 a\n"),
        (
            "- [ ] T1 a\n- [ ] T2 b (after T1, T9)\n",
            "unknown-reference",
            "- [ ] T1 a\n- [ ] T2 b (after T1)\n",
        ),
        ("- [ ] T1 a (after T1)\n", "cyclic-reference", "- [ ] T1 a\n"),
        ("@@@task\n# A\nx\n\n## Goal\n", "unterminated-task", "@@@task\n# A\nx\n@@@\n\n## Goal\n"),
        ("@@@task\r\n## A", "unterminated-task", "@@@task\r\n## A\r\n@@@"),
        ("@@@task", "unterminated-task", "@@@task\n@@@"),
        (
            "@@@task\n# A\n\nbody\n\n## Scope\n- x\n@@@\n",
            "fenced-task",
            "- [ ] T001 A\n  body\n\n  ## Scope\n  - x\n",
        ),
        (
            "@@@task T7 [P] (after T1)\r\n# A\r\nbody\r\n@@@\r\n",
            "fenced-task",
            "- [ ] T7 [P] A (after T1)\r\n  body\r\n",
        ),
        ("@@@task T7 [US1] A\nbody\n@@@", "fenced-task", "- [ ] T7 [US1] A\n  body"),
        (
            "## Goal\n\n## Tasks\nx",
            "empty-section",
            "## Goal\n\nUsers can … so that …\n\n## Tasks\nx",
        ),
        (
            "## Acceptance Criteria\n- AC1: x\n## Verification Plan\n- AC2: y\n## Z\n",
            "unverified-criterion",
            "## Acceptance Criteria\n- AC1: x\n## Verification Plan\n- AC2: y\n- AC1: …\n## Z\n",
        ),
        (
            "## Acceptance Criteria\n- it works\n## Verification Plan\npara\n",
            "unverified-criterion",
            "## Acceptance Criteria\n- it works\n## Verification Plan\npara\n\n- it works: …\n",
        ),
    ],
)
def test_a_fix_does_what_it_says(text, code, expected):
    """And the problem it was offered for is gone."""
    result = fixed(text, code)
    assert result == expected
    before = [each.code for each in check(parse(text, path=PATH))].count(code)
    after = [each.code for each in check(parse(result, path=PATH))].count(code)
    assert after == before - 1


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("", "Goal", "## Goal\n\nUsers can … so that …\n"),
        ("\ufeff\n", "Goal", "\ufeff## Goal\n\nUsers can … so that …\n"),
        ("# T\n", "Non-goals", "# T\n\n## Non-goals\n\n- …\n"),
        (
            "# T\r\n\r\n## Goal\r\n\r\nx\r\n\r\n## Notes\r\n",
            "Tasks",
            "# T\r\n\r\n## Goal\r\n\r\nx\r\n\r\n## Tasks\r\n\r\n- [ ] T001 …\r\n\r\n## Notes\r\n",
        ),
        (
            "# T\n\n## Tasks\n\n- [ ] T008 x\n",
            "Goal",
            "# T\n\n## Goal\n\nUsers can … so that …\n\n## Tasks\n\n- [ ] T008 x\n",
        ),
    ],
)
def test_a_section_is_inserted_where_it_belongs(text, title, expected):
    """Behind the ones that come before it in a spec, with an example."""
    assert apply_edits(text, insert_section(parse(text), title)) == expected


def test_every_missing_section_can_be_inserted_one_by_one():
    """Until none is missing."""
    text = "# T\n"
    for _ in range(6):
        text = fixed(text, "missing-section")
    found = check(parse(text, path=PATH), Facts())
    assert "missing-section" not in [each.code for each in found]
    titles = [each.title for each in parse(text).sections[1:]]
    assert titles == [
        "Goal",
        "Tasks",
        "Acceptance Criteria",
        "Non-goals",
        "Assumptions",
        "Verification Plan",
    ]


def test_all_missing_ids_are_assigned_at_once():
    """In document order; steps stay without."""
    text = "- [ ] a\n  - [ ] step\n- [x] T002 b\n- [ ] c\n"
    edits = assign_all_ids(parse(text))
    assert apply_edits(text, edits) == "- [ ] T003 a\n  - [ ] step\n- [x] T002 b\n- [ ] T004 c\n"


def test_a_stale_problem_is_refused():
    """The text changed since the fixes were offered."""
    old = parse("- [ ] a\n", path=PATH)
    problem = next(each for each in check(old) if each.code == "missing-task-id")
    with pytest.raises(SpecEditError, match="any more"):
        fix_edits(parse("gone"), problem, problem.fixes[0])
    with pytest.raises(SpecEditError, match="no guide"):
        insert_section(old, "Nonsense")

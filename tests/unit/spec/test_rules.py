"""Rules: each finds its problem, at the right place, and nothing in a good spec."""

from pathlib import Path

import pytest

from kata_lsp.spec import (
    RULES,
    Comment,
    Facts,
    Severity,
    Thread,
    WaitingDraft,
    check,
    parse,
)

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"
GOOD = (SPECS / "native/.kata/spec.md").read_text(encoding="utf-8")


def problems(text, facts=None, path=".kata/spec.md"):
    """Return code and marked text of every problem."""
    document = parse(text, path=path)
    return [(each.code, each.span.of(text)) for each in check(document, facts)]


def codes(text, facts=None):
    """Return the codes of a lite spec's problems, so that its sections do not matter."""
    return [code for code, _ in problems(text, facts) if code != "missing-section"]


def test_a_good_spec_has_only_what_was_left_open():
    """The fixture asks one question and is otherwise in order."""
    assert [code for code, _ in problems(GOOD)] == ["needs-clarification"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Goal\n", [("empty-section", "## Goal")]),
        ("## Goal\n\n<!-- x -->\n", [("empty-section", "## Goal")]),
        ("## Goal\n\nx\n\n## Notes\n", []),
        ("## Goal\nx\n\n## 2. goals\ny\n", [("duplicate-section", "## 2. goals")]),
        ("# A\n## Notes\n# B\n## Notes\n", []),
        ("## Notes\n## notes\n", [("duplicate-section", "## notes")]),
        ("- [ ] do it\n", [("missing-task-id", "- [ ] do it")]),
        ("- [ ] T001 a\n  - [ ] step\n", []),
        ("- [ ] T001 a\n- [ ] T001 b\n", [("duplicate-task-id", "T001")]),
        ("- [ ] T001 a (after T009)\n", [("unknown-reference", "T009")]),
        (
            "- [ ] T001 a (after T002)\n- [ ] T002 b (after T001)\n",
            [("cyclic-reference", "T002"), ("cyclic-reference", "T001")],
        ),
        ("- [ ] T001 a (after T001)\n", [("cyclic-reference", "T001")]),
        ("@@@task\n# A\n", [("unterminated-task", "@@@task")]),
        ("@@@task T001\n# A\n@@@\n", [("fenced-task", "@@@task T001")]),
        ("x [NEEDS CLARIFICATION]\n", [("needs-clarification", "[NEEDS CLARIFICATION]")]),
        ("`x`\n\n    [NEEDS CLARIFICATION: in code]\n", []),
    ],
)
def test_what_is_wrong_is_found(text, expected):
    """One small text for each rule, with what it marks."""
    found = [each for each in problems(text) if each[0] != "missing-section"]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "profile", "expected"),
    [
        ("", None, []),
        ("# T\n", "lite", ["Goal", "Tasks", "Acceptance Criteria"]),
        (
            "# T\n<!-- kata: profile=lite -->\n## Goal\nx\n",
            None,
            ["Tasks", "Acceptance Criteria"],
        ),
        (
            "# T\n## Objective\nx\n## Tasks\n- [ ] T001 a\n## Acceptance\nx\n",
            "standard",
            ["Non-goals", "Assumptions", "Verification Plan"],
        ),
    ],
)
def test_sections_of_the_profile_are_missed(text, profile, expected):
    """As many as the profile asks for; an empty file is not nagged."""
    found = check(parse(text, path=".kata/spec.md"), Facts(profile=profile))
    missing = [each for each in found if each.code == "missing-section"]
    assert [each.fixes[0].subject for each in missing] == expected
    severities = {each.fixes[0].subject: each.severity for each in missing}
    assert severities.get("Tasks", Severity.WARNING) is Severity.WARNING
    assert severities.get("Assumptions", Severity.INFORMATION) is Severity.INFORMATION


@pytest.mark.parametrize("name", ["kiro/.kiro/specs/bulk-import/tasks.md", "task-blocks/notes.md"])
def test_other_dialects_are_not_asked_for_our_sections(name):
    """A tasks.md is no spec of ours."""
    document = parse((SPECS / name).read_text(encoding="utf-8"), path=name)
    assert not {each.code for each in check(document)} & {"missing-section", "missing-task-id"}


def test_paths_in_tasks_are_asked_of_the_injected_callable():
    """Only in tasks, only paths, and not at all without the callable."""
    text = "## Goal\n`src/no.py`\n## Tasks\n- [ ] T001 `src/a.py` `src/b.py` https://x.y/z.py\n"
    asked = []

    def exists(path):
        asked.append(path)
        return path == "src/a.py"

    found = [each for each in problems(text, Facts(path_exists=exists)) if "path" in each[0]]
    assert found == [("missing-path", "src/b.py")]
    assert "https://x.y/z.py" not in asked
    assert "missing-path" not in codes(text)


@pytest.mark.parametrize(
    ("criterion", "plan", "covered"),
    [
        ("AC1: it works", "- AC1: run it", True),
        ("**AC1** it works", "AC1 by hand", True),
        ("AC1: it works", "- AC10: run it", False),
        ("AC1: it works", "- run it", False),
        ("[ ] AC-2 it works", "AC-2: look", True),
        ("the list is sorted by tokens", "- sort the list, compare tokens", True),
        ("the list is sorted by tokens", "- run all tests", False),
        ("一覧に使用量が出る", "使用量を確認する", True),
        ("一覧に使用量が出る", "起動する", False),
    ],
)
def test_a_criterion_needs_a_check(criterion, plan, covered):
    """Named by its id or, where it has none, recognisable by its words."""
    text = f"## Acceptance Criteria\n\n- {criterion}\n\n## Verification Plan\n\n{plan}\n"
    assert ("unverified-criterion" in codes(text)) is not covered


def test_without_a_plan_criteria_are_not_counted_one_by_one():
    """The missing section says it all."""
    assert codes("## Acceptance Criteria\n\n- AC1: x\n") == []


def test_what_waits_for_the_reader_is_shown():
    """A draft and open comments, with the ids a client needs."""
    comment = Comment("ada", "Enough?", "2026-03-01")
    threads = (
        Thread("t1", ("T", "Goal"), (comment, comment)),
        Thread("t2", ("T", "Goal"), (comment,), resolved=True),
        Thread("t3", ("Gone",), (comment,)),
    )
    facts = Facts(profile="lite", draft=WaitingDraft("r7", "token counts"), threads=threads)
    found = check(parse("# T\n\n## Goal\n\nx\n"), facts)
    shown = [(p.code, p.data, p.message) for p in found if p.data]
    assert shown == [
        ("open-comment", "t3", "ada: Enough?"),
        ("draft-waiting", "r7", "A draft for 'token counts' waits: show, apply or discard it."),
        ("open-comment", "t1", "ada: Enough? (+1)"),
    ]


def test_codes_are_unique_and_problems_come_in_order():
    """A code is an address in the documentation."""
    names = [rule.code for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.summary.endswith(".") for rule in RULES)
    text = "- [ ] a\n\n## Goal\n\n- [ ] b\n@@@task\n"
    spans = [each.span for each in check(parse(text))]
    assert spans == sorted(spans)

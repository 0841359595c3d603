"""Waves: what may run side by side and what waits for what."""

import pytest

from kata_lsp.spec import parse, plan_waves
from kata_lsp.spec.waves import find_cycles


def schedule(text, path=""):
    """Return the schedule of a task list."""
    return plan_waves(parse(text, path=path))


def ids(tasks):
    """Return ids, or titles where there is none."""
    return " ".join(task.id or task.title for task in tasks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("- [ ] T1 a\n- [ ] T2 b\n", ["T1", "T2"]),
        ("- [ ] T1 [P] a\n- [ ] T2 [P] b\n", ["T1 T2"]),
        ("- [ ] T1 a\n- [ ] T2 [P] b\n- [ ] T3 [P] c\n- [ ] T4 d\n", ["T1", "T2 T3", "T4"]),
        ("- [ ] T1 [P] a\n- [ ] T2 [P] b (after T1)\n- [ ] T3 [P] c\n", ["T1 T3", "T2"]),
        ("- [ ] T1 [P] a (after T2)\n- [ ] T2 [P] b\n", ["T2", "T1"]),
        ("- [ ] T1 a (after T2)\n- [ ] T2 b\n", ["T2", "T1"]),
        ("- [ ] T1 a (after T9)\n- [ ] no id\n", ["T1", "no id"]),
        ("- [ ] T1 a\n  - [ ] a step\n- [ ] T2 b\n", ["T1", "T2"]),
        ("- [ ] T1 a (after T1)\n- [ ] T2 [P] b\n", ["T2"]),
        ("- [ ] T1 [P] a (after T2)\n- [ ] T2 [P] b (after T1)\n- [ ] T3 [P] c (after T2)\n", []),
    ],
)
def test_waves(text, expected):
    """A task without [P] is a barrier; after comes first; a circle is left out."""
    assert [ids(wave) for wave in schedule(text).waves] == expected


def test_a_group_is_its_members():
    """Waiting for a group waits for all in it, and the group itself is not scheduled."""
    text = "- [ ] 1. g\n  - [ ] 1.1 a [P]\n  - [ ] [P] 1.2 b\n- [ ] [P] 2. c (after 1)\n"
    found = schedule(text, ".kiro/specs/x/tasks.md")
    assert [ids(wave) for wave in found.waves] == ["1.1", "1.2", "2"]
    assert ids(found.waits_for(found.tasks[-1])) == "1.1 1.2"


def test_what_a_task_waits_for_and_whose_turn_it_is():
    """Done tasks hold nobody up."""
    found = schedule("- [x] T1 a\n- [ ] T2 [P] b\n- [/] T3 [P] c\n- [ ] T4 d\n- [ ] T5 [P] e\n")
    waits = {task.id: ids(found.waits_for(task)) for task in found.tasks}
    assert waits == {"T1": "", "T2": "T1", "T3": "T1", "T4": "T2 T3", "T5": "T4"}
    assert ids(found.blocked_by(found.tasks[1])) == ""
    assert ids(found.blocked_by(found.tasks[3])) == "T2 T3"
    assert ids(found.ready()) == "T2"
    assert [found.wave(task) for task in found.tasks] == [1, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] T1 a\n- [ ] T2 b (after T1)\n", []),
        ("- [ ] T1 a (after T1)\n", ["T1"]),
        ("- [ ] T1 a (after T2)\n- [ ] T2 b (after T3)\n- [ ] T3 c (after T2)\n", ["T2 T3"]),
        ("- [ ] T1 a (after T2)\n- [ ] T2 b (after T1)\n- [ ] T3 (after T3)\n", ["T1 T2", "T3"]),
        ("- [ ] T1 g\n  - [ ] T2 a (after T1)\n", ["T2"]),
    ],
)
def test_cycles_are_reported_once(text, expected):
    """Each circle once, without those that merely wait behind it."""
    document = parse(text)
    assert [ids(cycle) for cycle in find_cycles(document)] == expected
    assert [ids(cycle) for cycle in plan_waves(document).cycles] == expected


def test_a_step_without_id_is_not_scheduled():
    """It has no wave and waits for nothing."""
    document = parse("- [ ] T1 a\n  - [ ] a step\n")
    found = plan_waves(document)
    assert found.wave(document.tasks[1]) is None
    assert found.waits_for(document.tasks[1]) == ()


def test_a_long_chain_is_no_recursion():
    """Five thousand tasks in a row, written backwards."""
    lines = [f"- [ ] T{n:04d} [P] x (after T{n + 1:04d})" for n in range(5000)]
    found = schedule("\n".join([*lines, "- [ ] T5000 [P] x"]))
    assert len(found.waves) == 5001
    assert found.cycles == ()

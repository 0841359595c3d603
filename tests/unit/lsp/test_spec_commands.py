"""Tests of which commands a spec offers: what it shows follows its runs and its text."""

from __future__ import annotations

import pytest
from clients.records import drafted, record, request

from kata_lsp.lsp.convert import Lines
from kata_lsp.lsp.documents import Snapshot
from kata_lsp.lsp.spec_commands import for_spec, for_task, next_statuses
from kata_lsp.lsp.spec_runs import SpecRuns
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.parser import parse

URI = "file:///w/.kata/spec.md"
SPEC = "# Count\n\n## Tasks\n\n- [ ] T001 a\n- [x] T002 b\n- [ ] T001 c\n- [ ] d\n"


def view_of(text: str, path: str = ".kata/spec.md") -> SpecView:
    snapshot = Snapshot(URI, 1, "markdown", Lines(text), "utf-16")
    return SpecView(snapshot, parse(text, path=path), "/w", path)


@pytest.mark.parametrize(
    ("text", "runs", "titles"),
    [
        ("", SpecRuns(), []),
        ("# Count\n", SpecRuns(), ["Draft spec"]),
        (SPEC, SpecRuns(), ["Refine spec"]),
        (SPEC, SpecRuns(active=(record(),)), ["Cancel run: Count"]),
        (
            SPEC,
            SpecRuns(waiting=(drafted(),)),
            ["Show draft", "Apply draft", "Discard draft", "Refine spec"],
        ),
    ],
)
def test_a_spec_offers_what_its_runs_allow(text, runs, titles):
    """No second run beside one in flight, nothing for a spec without words."""
    assert [each.title for each in for_spec(view_of(text), runs, ())] == titles


def test_several_drafts_are_told_apart():
    """By what was asked for, shortened; the oldest ones are not shown."""
    waiting = tuple(drafted(f"r{n}", request=request(prompt=f"Wish {n} " * 9)) for n in range(5))
    titles = [each.title for each in for_spec(view_of(""), SpecRuns(waiting=waiting), ())]
    assert len(titles) == 9
    assert titles[0] == "Show draft: Wish 0 Wish 0 Wish 0 Wish 0 Wish 0 Wish…"


def test_a_small_spec_stays_small():
    """What a spec says of its profile goes with the request."""
    (found,) = for_spec(view_of("# Count\n\n<!-- kata: profile=lite -->\n"), SpecRuns(), ())
    assert found.argument["profile"] == "lite"


def test_other_formats_are_ticked_but_not_drafted():
    """A draft has sections that such a file has no room for."""
    view = view_of("# Plan\n\n- [ ] 1. Import\n", ".kiro/specs/x/tasks.md")
    assert for_spec(view, SpecRuns(), ()) == ()
    assert [command.title for _, command in next_statuses(view)] == ["Start 1"]


def test_only_the_task_that_a_name_leads_to_is_offered():
    """The first of two with the same id, and none without an id."""
    view = view_of(SPEC)
    found = [(line, command.title) for line, command in next_statuses(view)]
    assert found == [(4, "Start T001"), (5, "Reopen T002")]
    titles = [[each.title for each in for_task(view, task)] for task in view.document.tasks]
    assert titles == [
        ["Start T001", "Mark T001 done"],
        ["Reopen T002", "Start T002"],
        [],
        [],
    ]
    assert for_task(view, view.document.tasks[0])[0] == next(next_statuses(view))[1]

"""What an editor shows: tree, folds, ids, hovers, marks and completions, all as offsets."""

import pytest

from kata_lsp.spec import Span, SpecEditError, apply_edits, parse, plan_waves
from kata_lsp.spec.outline import (
    SectionHover,
    TaskHover,
    complete,
    definition,
    folds,
    hints,
    hover,
    id_at,
    marks,
    references,
    rename_edits,
    symbols,
)

SPEC = """\
---
a: b
---
# Title

## Tasks

- [x] T001 One
  detail of one
- [ ] T002 [P] Two (after T001)
  - [ ] a step

```sh
echo T001
```

## Verification Plan

T001 is checked by hand, T0012 is not. [NEEDS CLARIFICATION: when?]
"""


def tree(found):
    """Return names, nested."""
    return [(each.name, tree(each.children)) if each.children else each.name for each in found]


def test_the_tree_nests_sections_and_tasks():
    """Tasks stand in their section, steps in their task."""
    document = parse(SPEC)
    expected = [("Title", [("Tasks", ["T001 One", ("T002 Two", ["a step"])]), "Verification Plan"])]
    assert tree(symbols(document)) == expected


def test_a_symbols_selection_lies_inside_it():
    """Clients refuse a tree where it does not."""

    def walk(found):
        for each in found:
            assert each.span.start <= each.selection.start <= each.selection.end <= each.span.end
            walk(each.children)

    walk(symbols(parse(SPEC + "\n## \n- [ ]\n@@@task\n")))


def test_folds_are_longer_than_a_line():
    """Sections, tasks with details, code, comments and front matter."""
    text = SPEC + "\n<!--\nx\n-->\n"
    document = parse(text)
    found = [(each.kind, document.line_at(each.span.start)) for each in folds(document)]
    assert found == [
        ("front_matter", 0),
        ("section", 3),
        ("section", 5),
        ("task", 7),
        ("task", 9),
        ("code", 12),
        ("section", 16),
        ("comment", 20),
    ]


@pytest.mark.parametrize("needle", ["T001 One", "T001)", "T001 is"])
def test_an_id_leads_to_its_task_and_to_every_use(needle):
    """From the definition, from after, and from prose; code and longer words do not count."""
    document = parse(SPEC)
    caret = SPEC.index(needle) + 2
    home = SPEC.index("T001 One")
    assert definition(document, caret) == Span(home, home + 4)
    places = [SPEC.index("T001 One"), SPEC.index("T001)"), SPEC.index("T001 is")]
    assert [span.start for span in references(document, caret)] == places
    uses = references(document, caret, with_definition=False)
    assert [span.start for span in uses] == places[1:]


@pytest.mark.parametrize("needle", ["echo T001", "Title", "T0012", "detail"])
def test_no_id_no_answer(needle):
    """In code, in other words, in plain text."""
    document = parse(SPEC)
    caret = SPEC.index(needle) + len(needle) - 1
    assert id_at(document, caret) is None
    assert definition(document, caret) is None
    assert references(document, caret) == ()
    with pytest.raises(SpecEditError, match="no task id"):
        rename_edits(document, caret, "T009")


def test_a_rename_reaches_every_use_and_nothing_else():
    """Code stays, longer ids stay."""
    document = parse(SPEC)
    renamed = apply_edits(SPEC, rename_edits(document, SPEC.index("T001 One"), "T100"))
    assert renamed.count("T100") == 3
    assert "echo T001" in renamed
    assert "T0012" in renamed


@pytest.mark.parametrize(
    ("new_id", "message"),
    [("T002", "already"), ("no id", "no task id"), ("", "no task id"), ("T001.", "no task id")],
)
def test_a_rename_to_nonsense_is_refused(new_id, message):
    """Or to an id that is taken."""
    with pytest.raises(SpecEditError, match=message):
        rename_edits(parse(SPEC), SPEC.index("T001 One"), new_id)


def test_numbers_are_ids_only_where_they_stand_as_ids():
    """A 1.1 in prose is no reference."""
    text = "- [ ] 1.1 A\n- [ ] 1.2 B (after 1.1)\n\n1.1 in prose\n"
    document = parse(text, path="openspec/changes/x/tasks.md")
    assert len(references(document, text.index("1.1"))) == 2


def test_hover_tells_of_tasks_sections_and_references():
    """And is silent about plain text."""
    document = parse(SPEC)
    schedule = plan_waves(document)
    two = hover(document, schedule, SPEC.index("Two"))
    assert isinstance(two, TaskHover)
    assert (two.task.id, two.wave, two.waves) == ("T002", 2, 2)
    assert [task.id for task in two.waits_for] == ["T001"]
    assert two.blocked_by == ()
    named = hover(document, schedule, SPEC.index("T001)"))
    assert isinstance(named, TaskHover)
    assert (named.task.id, named.span.of(SPEC)) == ("T001", "T001")
    section = hover(document, schedule, SPEC.index("Tasks"))
    assert isinstance(section, SectionHover)
    assert (section.tasks, section.done) == (3, 1)
    assert section.guide is not None
    assert hover(document, schedule, SPEC.index("detail")) is None
    assert hover(document, schedule, 0) is None


def test_hints_stand_behind_the_line_of_each_task():
    """The wave, and whether it can begin."""
    text = "- [x] T1 a\n- [ ] T2 b\n- [ ] T3 c\n- [ ] T4 d (after T4)\n"
    document = parse(text)
    found = list(hints(document, plan_waves(document)))
    assert [(each.task.id, each.text) for each in found] == [
        ("T1", "wave 1"),
        ("T2", "wave 2, ready"),
        ("T3", "wave 3, waits for 1"),
        ("T4", "in a cycle"),
    ]
    assert [text[each.offset] for each in found] == ["\n"] * 4
    visible = hints(document, plan_waves(document), Span(11, 22))
    assert [each.task.id for each in visible] == ["T2"]


def test_marks_come_in_order_and_do_not_overlap():
    """Ids, brackets, labels, references, keywords, questions."""
    text = SPEC + "\n@@@task T003\n# Three\n@@@\n"
    found = marks(parse(text))
    assert [(each.kind, each.span.of(text)) for each in found] == [
        ("mark", "[x]"),
        ("id", "T001"),
        ("mark", "[ ]"),
        ("id", "T002"),
        ("parallel", "[P]"),
        ("reference", "T001"),
        ("mark", "[ ]"),
        ("clarification", "[NEEDS CLARIFICATION: when?]"),
        ("keyword", "@@@task"),
        ("id", "T003"),
    ]
    some = marks(parse(text), Span(text.index("T002"), text.index("Two")))
    assert [each.kind for each in some] == ["id", "parallel"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Tasks\n\n- [ ] T001 a (after |)\n- [ ] T002 b\n", ["T002"]),
        ("## Tasks\n\n- [ ] T001 a\n- [ ] T002 b (after T001, T|\n- [ ] T003 c\n", ["T003"]),
        ("# T\n\n## |", ["## Goal", "## Tasks", "## Acceptance Criteria", "## Non-goals"]),
        ("# T\n\n## A|\n## Goal\n", ["## Acceptance Criteria", "## Assumptions"]),
        ("## Tasks\n\n- [ ] T001 a\n|", ["- [ ] T002 …", "- [ ] T002 [P] …"]),
        ("## Tasks\n\n  - |", ["  - [ ] T001 …", "  - [ ] T001 [P] …"]),
        ("## Acceptance Criteria\n\n|", ["- AC1: When …, then …"]),
        ("some prose |", []),
        ("```\n## |\n```\n", []),
    ],
)
def test_completion(text, expected):
    """What may be written depends on the line and the section."""
    offset = text.index("|")
    plain = text.replace("|", "")
    found = complete(parse(plain, path=".kata/spec.md"), offset).candidates
    assert [each.new_text for each in found][:4] == expected
    assert all(each.span.start <= offset <= each.span.end for each in found)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("- [ ] T001 in `src/|", "src/"),
        ("see [x](docs/|", "docs/"),
        ("in src/models/us|", "src/models/us"),
        ("`|", ""),
    ],
)
def test_where_a_path_is_typed_the_caller_is_told(text, typed):
    """The core has no files; it says which part is there."""
    plain = text.replace("|", "")
    found = complete(parse(plain), text.index("|")).path
    assert found is not None
    assert (found.typed, found.span.of(plain)) == (typed, typed)

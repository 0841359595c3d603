"""Properties of parsing that hold for every text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kata_lsp.spec import Span, TextEdit, apply_edits, check, parse, reparse, set_task_status
from kata_lsp.spec.outline import complete, folds, hover, marks, symbols
from kata_lsp.spec.waves import plan_waves

LINES = [
    "# T",
    "## Goal",
    "## Tasks",
    "### Sub",
    "- [ ] T001 One",
    "- [x] T002 Two (after T001)",
    "  - [ ] sub",
    "- a",
    "para",
    "",
    "",
    "  ",
    "```",
    "~~~",
    "```py",
    "@@@task",
    "@@@",
    "@@@task T9 x",
    "<!-- c",
    "-->",
    "<!-- c -->",
    "<div>",
    "</div>",
    "---",
    "===",
    "> q",
    "    code",
    "1. x",
    "\t- [ ] t",
    "[foo]: /x",
    "* b",
    "+ c",
    "中文 テスト",
    "- [/] T003 [P] Do `src/a.py`",
    "#",
    "-",
    "- ```",
    "  ```",
    "[NEEDS CLARIFICATION: x]",
    "<script>",
    "## Goal ##",
    "- [ ]* 2.1 x",
    "## Acceptance Criteria",
]
EVERYWHERE = Span(0, 10**9)

endings = st.sampled_from(["\n", "\r\n", "\r"])
lines = st.lists(st.tuples(st.sampled_from(LINES), endings), max_size=25)
specs = st.builds(
    lambda bom, parts, last: bom + "".join(a + b for a, b in parts) + last,
    st.sampled_from(["", "\ufeff"]),
    lines,
    st.sampled_from(["", "- [ ] T004 x", "```"]),
)
typed = st.sampled_from(
    ["", "x", " ", "\n", "\n\n", "\r", "```\n", "## New\n", "@@@\n", "@@@task\n", "-->", "<!--"]
)
any_text = st.text() | specs


def everything(document):
    """Return all that a document says, blocks included."""
    return document, list(document.blocks(EVERYWHERE)), list(document.items(EVERYWHERE))


@settings(deadline=None)
@given(any_text)
def test_nothing_raises_on_any_text(text):
    """Parsing, checking and showing work on whatever somebody is in the middle of typing."""
    document = parse(text)
    assert document.text == text
    schedule = plan_waves(document)
    assert check(document) is not None
    assert symbols(document) is not None
    assert folds(document) is not None
    assert marks(document) is not None
    for offset in (0, len(text) // 2, len(text)):
        hover(document, schedule, offset)
        complete(document, offset)


@settings(deadline=None)
@given(specs)
def test_where_a_text_is_cut_does_not_matter(text):
    """Chunks are an optimisation: one or many, the document is the same."""
    assert everything(parse(text, chunk_lines=1)) == everything(parse(text, chunk_lines=10**9))


@settings(deadline=None)
@given(specs, st.data())
def test_reparsing_equals_parsing(text, data):
    """After any series of edits the reused document is the one a fresh parse gives."""
    document = parse(text, chunk_lines=1)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(typed) + text[end:]
        document = reparse(document, text)
        assert everything(document) == everything(parse(text, dialect=document.dialect))


@settings(deadline=None)
@given(specs)
def test_spans_lie_inside_the_text_and_in_order(text):
    """No span points outside, and sections, tasks and lines come in order."""
    document = parse(text)
    spans = [each.span for each in document.sections] + [task.span for task in document.tasks]
    spans += [task.title_span for task in document.tasks]
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    starts = [task.span.start for task in document.tasks]
    assert starts == sorted(set(starts))
    assert list(document.line_starts) == sorted(set(document.line_starts))


@settings(deadline=None)
@given(specs, st.data())
def test_a_tick_changes_one_character_and_its_undo_restores_the_bytes(text, data):
    """Whatever surrounds a task stays as it is, byte for byte."""
    document = parse(text)
    tasks = [task for task in document.tasks if task.mark]
    if not tasks:
        return
    task = data.draw(st.sampled_from(tasks))
    target = document.dialect.next_status(task.status)
    (edit,) = set_task_status(document, task, target)
    ticked = apply_edits(text, [edit])
    assert len(ticked) == len(text)
    assert sum(a != b for a, b in zip(text, ticked, strict=True)) == 1
    again = parse(ticked, dialect=document.dialect)
    found = next(each for each in again.tasks if each.span.start == task.span.start)
    assert found.status is target
    undo = TextEdit(edit.span, edit.span.of(text))
    assert apply_edits(ticked, [undo]).encode() == text.encode()


@st.composite
def texts_with_edits(draw):
    """Return a text and edits on it that do not overlap."""
    text = draw(st.text())
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = [Span(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    return text, [TextEdit(span, draw(st.text(max_size=4))) for span in spans]


@given(texts_with_edits())
def test_edits_change_nothing_outside_their_spans(case):
    """The text between edits is the same before and after."""
    text, edits = case
    changed = apply_edits(text, edits)
    before = after = 0
    for edit in edits:
        length = edit.span.start - before
        assert changed[after : after + length] == text[before : edit.span.start]
        after += length
        assert changed.startswith(edit.new_text, after)
        after += len(edit.new_text)
        before = edit.span.end
    assert changed[after:] == text[before:]

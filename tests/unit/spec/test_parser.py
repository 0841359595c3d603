"""The parser: what it finds, where, and that it reads an edited text like a new one."""

import pytest

from kata_lsp.spec import Span, TaskStatus, parse, reparse

SPEC = """\
# Title

## Goal

Why [NEEDS CLARIFICATION: who pays?].

## Tasks

- [ ] T001 [P] [US1] Do `src/a.py` (after T000, T002)
  - [x] a step
- [/] T002 **Two** lines
  and details
"""


def texts(text, spans):
    """Return what the spans select."""
    return [span.of(text) for span in spans if span is not None]


def test_sections_nest_by_level_and_keep_their_places():
    """A section ends before the next heading of its level or above."""
    document = parse(SPEC)
    goal, tasks = document.sections[1:]
    assert [each.path for each in document.sections] == [
        ("Title",),
        ("Title", "Goal"),
        ("Title", "Tasks"),
    ]
    assert goal.heading.of(SPEC) == "## Goal"
    assert goal.title_span.of(SPEC) == "Goal"
    assert goal.body.of(SPEC) == "\nWhy [NEEDS CLARIFICATION: who pays?].\n\n"
    assert goal.span.end == tasks.span.start
    assert tasks.span.end == len(SPEC)


def test_a_task_line_is_read_to_its_parts():
    """Id, labels, title and references have values and places."""
    task = parse(SPEC).tasks[0]
    assert (task.id, task.title, task.status) == ("T001", "Do `src/a.py`", TaskStatus.TODO)
    assert (task.parallel, task.labels, task.after) == (True, ("US1",), ("T000", "T002"))
    spans = [task.mark, task.id_span, task.title_span, task.parallel_span, task.after_span]
    assert texts(SPEC, spans) == [
        " ",
        "T001",
        "Do `src/a.py`",
        "[P]",
        "(after T000, T002)",
    ]
    assert texts(SPEC, [each.span for each in task.references]) == ["T000", "T002"]
    assert task.span.of(SPEC).endswith("a step")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- [ ] T001 Title", ("T001", "Title", "todo")),
        ("* [X] T001. Title", ("T001", "Title", "done")),
        ("1. [-] Title", (None, "Title", "in_progress")),
        ("- [~] TASK-12: Title ", ("TASK-12", "Title", "in_progress")),
        ("- [ ] [P] T001 Title", ("T001", "Title", "todo")),
        ("- [ ]", (None, "", "todo")),
        ("- [ ] T001", ("T001", "", "todo")),
        ("- [ ] HTTP2 support", ("HTTP2", "support", "todo")),
        ("-\t[ ] T001\tTitle (AFTER: T002 and T003)", ("T001", "Title", "todo")),
        ("- [ ] [link](x) first", (None, "[link](x) first", "todo")),
        ("- [ ] 任務 テスト", (None, "任務 テスト", "todo")),
    ],
)
def test_task_lines_of_all_kinds(line, expected):
    """Markers, marks, tabs and scripts vary; the reading does not."""
    (task,) = parse(f"## Tasks\n\n{line}\n").tasks
    assert (task.id, task.title, task.status.value) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```\n- [ ] T001 in code\n```\n",
        "    - [ ] T001 indented code\n",
        "<!--\n- [ ] T001 in a comment\n-->\n",
        "> - [ ] T001 in a quote\n",
        "- [x](link) no checkbox\n",
        "- [!] T001 unknown mark\n",
        "[ ] T001 no list\n",
        "---\n- [ ] T001\n---\n",
        "## Acceptance Criteria\n\n- [ ] AC1 a criterion\n",
    ],
)
def test_what_is_no_task(text):
    """Code, comments, quotes, front matter and criteria hold no tasks."""
    assert parse(text).tasks == ()


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("@@@task\n# Title\nbody\n@@@", (None, "Title", (), True)),
        (
            "@@@task T004 [P] (after T001)\n# Title\n## Scope\n@@@",
            ("T004", "Title", ("T001",), True),
        ),
        ("@@@task T004 Title\nbody\n@@@", ("T004", "Title", (), True)),
        ("@@@task\n\nfirst line\n@@@", (None, "first line", (), True)),
        ("@@@task\n# T004 Title (after T001)\n@@@", ("T004", "Title", ("T001",), True)),
        ("@@@task\n@@@", (None, "", (), True)),
        ("@@@task\n# Title\n", (None, "", (), False)),
    ],
)
def test_task_blocks(block, expected):
    """A block's title is on its opener, its first heading, or its first line."""
    task = parse(f"## Tasks\n\n{block}\n").tasks[0]
    assert (task.id, task.title, task.after, task.terminated) == expected
    assert task.form == "fenced"


def test_headings_inside_a_task_block_are_no_sections():
    """A block is opaque, so its own headings do not cut the spec."""
    document = parse("## Tasks\n\n@@@task\n# A\n## Scope\n@@@\n\n## Goal\n")
    assert [each.title for each in document.sections] == ["Tasks", "Goal"]


def test_an_unclosed_block_leaves_the_rest_of_the_spec_alone():
    """While somebody types a block, the sections below it do not vanish."""
    document = parse("@@@task\n# A\n\n## Goal\n\n@@@task\n# B\n@@@\n")
    assert [each.title for each in document.sections] == ["A", "Goal"]
    assert [task.terminated for task in document.tasks] == [False, True]


@pytest.mark.parametrize(
    ("text", "newline", "lines"),
    [
        ("", "\n", (0,)),
        ("a", "\n", (0,)),
        ("a\n", "\n", (0, 2)),
        ("a\r\nb\r\n", "\r\n", (0, 3, 6)),
        ("a\rb", "\r", (0, 2)),
        ("\ufeffa\n\nb", "\n", (0, 3, 4)),
        ("a\u2028b\x0cc\n", "\n", (0, 6)),
        ("a\r\n\rb\n", "\r\n", (0, 3, 4, 6)),
    ],
)
def test_lines_are_those_of_the_protocol(text, newline, lines):
    """Only CRLF, CR and LF end a line."""
    document = parse(text)
    assert (document.newline, document.line_starts) == (newline, lines)
    assert document.line_at(len(text)) == len(lines) - 1


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_endings_and_byte_order_mark_change_places_only(bom, ending):
    """The same spec is found in every encoding of its lines."""
    document = parse(bom + SPEC.replace("\n", ending))
    plain = parse(SPEC)
    assert [each.path for each in document.sections] == [each.path for each in plain.sections]
    assert [(t.id, t.title, t.status) for t in document.tasks] == [
        (t.id, t.title, t.status) for t in plain.tasks
    ]
    assert document.sections[0].heading.of(document.text) == "# Title"


def test_front_matter_is_no_heading():
    """The line before the closing dashes would else be a setext heading."""
    document = parse("---\ntitle: x\n---\n\n# Real\n")
    assert [each.title for each in document.sections] == ["Real"]
    assert not document.is_prose(5)


def test_setext_headings_and_closing_hashes():
    """A title is the text without what marks it as one."""
    document = parse("Big\n title\n===\n\n## Goal ##\n\n##\n")
    assert [(each.level, each.title) for each in document.sections] == [
        (1, "Big title"),
        (2, "Goal"),
        (2, ""),
    ]


def test_blocks_cover_every_line_with_text():
    """Even definitions, which produce no token, so that nothing is inserted into them."""
    text = "# T\n\npara\n\n[a]: /x\n[b]: /y\n\n- one\n  more\n- two\n\n```\ncode\n```\n"
    blocks = list(parse(text).blocks(Span(0, len(text))))
    assert [(each.kind, each.span.of(text)) for each in blocks] == [
        ("heading", "# T"),
        ("paragraph", "para"),
        ("definition", "[a]: /x\n[b]: /y"),
        ("item", "- one\n  more"),
        ("item", "- two"),
        ("code", "```\ncode\n```"),
    ]


def test_lookups_by_place():
    """A caret finds the innermost task and section."""
    document = parse(SPEC)
    step = SPEC.index("a step")
    assert document.task_at(step) == document.tasks[1]
    assert document.task_at(SPEC.index("and details")) == document.task("T002")
    assert document.task_at(3) is None
    assert document.section_at(step) == document.sections[2]
    assert parse("text").section_at(0) is None
    assert texts(SPEC, document.clarifications()) == ["[NEEDS CLARIFICATION: who pays?]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see `src/a.py` and `src/`", ["src/a.py", "src/"]),
        ("in src/models/user.py.", ["src/models/user.py"]),
        ("[guide](docs/x.md#top) `README.md:12`", ["docs/x.md", "README.md"]),
        ("`git commit` `a.b()` `application/json` and/or v1.0/v1.1", []),
        ("修正src/a.py文件 `文書/概要.md`", ["src/a.py", "文書/概要.md"]),
        ("<https://x.y/z.html>, https://a.b/c.", ["https://x.y/z.html", "https://a.b/c"]),
        ("[x](https://a.b/c) [y](#here) [z](mailto:a@b.c)", ["https://a.b/c"]),
        ("```\nsrc/in_code.py\n```", []),
    ],
)
def test_links(text, expected):
    """Paths and addresses are found in prose, not in code blocks."""
    links = list(parse(text).links())
    assert [link.target for link in links] == expected
    assert [link.span.of(text) for link in links] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected_ids"),
    [
        ("", "- [ ] T001 A", ["T001"]),
        ("- [ ] T001 A", "", []),
        ("@@@task T001\n# A\n\nx\n", "@@@task T001\n# A\n\nx\n@@@\n", ["T001"]),
        ("- [ ] T001 A\n", "```\n- [ ] T001 A\n", []),
        ("```\n- [ ] T001 A\n", "- [ ] T001 A\n", ["T001"]),
        ("a\n\n- [ ] T001 A\n", "a\n    - [ ] T001 A\n", []),
    ],
)
def test_an_edit_can_change_what_lines_around_it_mean(old, new, expected_ids):
    """Reparsing is told from parsing only by its cost."""
    document = reparse(parse(old, chunk_lines=1), new)
    assert [task.id for task in document.tasks] == expected_ids


def test_unchanged_text_is_the_same_document():
    """Nothing is done for an edit that changes nothing."""
    document = parse(SPEC)
    assert reparse(document, SPEC) is document


def test_a_reparse_reuses_the_chunks_an_edit_left_alone():
    """All but the neighbourhood of the edit is the same object."""
    text = "".join(f"- [ ] T{n:03d} Task\n" for n in range(400))
    before = parse(text)
    after = reparse(before, text.replace("T200 Task", "T200 Tasks"))
    shared = {id(each.chunk) for each in before.placed} & {id(each.chunk) for each in after.placed}
    assert len(before.placed) - len(shared) <= 2


def test_a_megabyte_without_line_breaks_or_structure():
    """Size alone is no problem."""
    assert parse("a" * 1_000_000).tasks == ()
    line = f"- [ ] T001 {'字' * 50}\n"
    assert len(parse(line * 16_000).tasks) == 16_000

"""Owns the embedded drafter: a complete spec draft from a brief alone, by rules.

Pure and deterministic: the same brief gives the same draft. Must not know adapters, files or
time. It is no language model and says so: it restates what was asked, points at the places that a
text search found, and leaves to the reader what only a reader can decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from kata_lsp.providers.messages import Brief, Excerpt

NOTICE: Final = (
    "Drafted by the embedded drafter without a language model: files were chosen by text search. "
    "Configure a provider for a draft that reasons about the code."
)

MAX_FILES: Final = 6
"""Files that get a task each; more would bury the reader."""

_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export|pub(?:\([a-z]+\))?|public|private|static|async|default)\s+)*"
    r"(?:def|class|func(?:\s*\([^)]*\))?|fn|function|interface|type|struct|enum|trait)\s+"
    r"(?P<name>[A-Za-z_]\w*)",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+")
_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+(?=[A-Z`'\"(])|\n+")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)test_|[_.](?:test|spec)\.[^/]*$", re.IGNORECASE
)
_PROSE = frozenset({".md", ".rst", ".txt", ".adoc"})
_DATA = frozenset({".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".lock"})
_STOP: Final = frozenset(
    re.findall(
        r"\w+",
        """
        a an and are as at be by can do for from has have how in into is it its of on or should so
        that the their them then there this to use using was we when where which will with would
        add make let show support want need new every each all any
        """,
    )
)
_VAGUE_WORDS = 4
"""A prompt of fewer words leaves open what done means."""

_TEST_COMMANDS: Final = (
    (".py", "python -m pytest {tests}"),
    (".rs", "cargo test"),
    (".go", "go test ./..."),
    (".ts", "npm test"),
    (".tsx", "npm test"),
    (".js", "npm test"),
    (".lua", "the project's Lua tests"),
    (".java", "mvn test"),
    (".rb", "bundle exec rake test"),
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A file the prompt is about, and the definitions in it that the prompt's words name."""

    path: str
    lines: tuple[int, int]
    names: tuple[str, ...]


def write_draft(brief: Brief) -> str:
    """Return a Markdown draft with every section of `brief.sections`.

    With an existing spec in the brief, only the sections that change, complete with what they
    held before.
    """
    sources, tests, prose = _sorted_places(brief)
    wishes = _wishes(brief.prompt)
    if brief.spec.strip():
        return _changes(brief.spec, wishes, sources)
    bodies = {
        "Goal": _goal(brief.prompt, sources),
        "Tasks": "\n".join(_tasks(wishes, sources, tests, prose)),
        "Acceptance Criteria": _bullets(_criteria(wishes, tests)),
        "Non-goals": _bullets(_non_goals(sources)),
        "Assumptions": _bullets(_assumptions(brief.prompt, sources)),
        "Verification Plan": _bullets(_plan(wishes, sources, tests)),
    }
    sections = [
        f"## {name}\n\n{bodies.get(name, '[NEEDS CLARIFICATION: what belongs here?]')}\n"
        for name in brief.sections
    ]
    return "\n".join([f"# {_title(wishes[0])}\n", *sections])


def _sorted_places(
    brief: Brief,
) -> tuple[list[_Place], list[_Place], list[_Place]]:
    """Return the places that are source, tests, and prose, best first, one per file."""
    words = _words(brief.prompt)
    sources: dict[str, _Place] = {}
    tests: dict[str, _Place] = {}
    prose: dict[str, _Place] = {}
    for excerpt in brief.excerpts:
        suffix = PurePosixPath(excerpt.path).suffix.lower()
        if _TEST.search(excerpt.path):
            group = tests
        elif suffix in _PROSE or suffix in _DATA:
            group = prose
        else:
            group = sources
        group[excerpt.path] = _merged(group.get(excerpt.path), excerpt, words)
    return list(sources.values()), list(tests.values()), list(prose.values())


def _merged(known: _Place | None, excerpt: Excerpt, words: frozenset[str]) -> _Place:
    names = tuple(dict.fromkeys((*(known.names if known else ()), *_names(excerpt.text, words))))
    lines = known.lines if known else (excerpt.start_line, excerpt.end_line)
    return _Place(excerpt.path, lines, names[:3])


def _names(text: str, words: frozenset[str]) -> Iterable[str]:
    for match in _DEFINITION.finditer(text):
        if words & _words(match["name"]):
            yield match["name"]


def _words(text: str) -> frozenset[str]:
    parts = (part.lower() for part in _WORD.findall(text.replace("_", " ")))
    return frozenset(part.removesuffix("s") for part in parts if part not in _STOP)


def _wishes(prompt: str) -> list[str]:
    """Split a prompt into the separate things it asks for."""
    wishes: list[str] = []
    for piece in _SENTENCE_END.split(prompt.strip()):
        text = _BULLET.sub("", piece).strip().rstrip(".;!").strip()
        if text:
            wishes.append(text)
    return wishes[:8] or [prompt.strip()]


def _title(wish: str) -> str:
    text = " ".join(wish.split())
    if len(text) > 72:  # noqa: PLR2004 - the width of a commit subject
        text = text[:72].rsplit(" ", 1)[0] + "…"
    return text[:1].upper() + text[1:]


def _goal(prompt: str, sources: Sequence[_Place]) -> str:
    text = " ".join(prompt.split())
    if not text.endswith((".", "!", "?")):
        text += "."
    if not sources:
        return f"{text}\n\nNo file of this repository was found that the request names."
    names = ", ".join(f"`{place.path}`" for place in sources[:3])
    return f"{text}\n\nThe work is expected in {names}."


def _tasks(
    wishes: Sequence[str],
    sources: Sequence[_Place],
    tests: Sequence[_Place],
    prose: Sequence[_Place],
) -> list[str]:
    lines = ["- [ ] T001 Write a failing test for the outcome" + _in_file(tests)]
    places = [_best_place(wish, sources) for wish in wishes]
    for wish, place in zip(wishes, places, strict=True):
        where = f" in {_where(place)}" if place else ""
        lines.append(f"- [ ] {_id(len(lines))} {_title(wish)}{where} (after T001)")
    for place in sources[:MAX_FILES]:
        if place not in places:
            lines.append(
                f"- [ ] {_id(len(lines))} [P] Adapt {_where(place)} where the change reaches it "
                "(after T002)"
            )
    last = _id(len(lines) - 1)
    lines.append(
        f"- [ ] {_id(len(lines))} Run the whole test suite and mend what broke (after {last})"
    )
    page = f" in `{prose[0].path}`" if prose else ""
    lines.append(f"- [ ] {_id(len(lines))} [P] Describe the change to its users{page} (after T002)")
    return lines


def _best_place(wish: str, sources: Sequence[_Place]) -> _Place | None:
    """Return the file whose path and definitions share most words with the wish."""
    words = _words(wish)

    def shared(place: _Place) -> int:
        return len(words & _words(" ".join((place.path, *place.names))))

    # `max` keeps the first of equals, and the sources come best first.
    return max(sources, key=shared, default=None)


def _id(index: int) -> str:
    return f"T{index + 1:03d}"


def _in_file(tests: Sequence[_Place]) -> str:
    return f" in `{tests[0].path}`" if tests else ""


def _where(place: _Place) -> str:
    names = ", ".join(f"`{name}`" for name in place.names)
    first, last = place.lines
    return f"`{place.path}`" + (f" ({names})" if names else f" (lines {first}-{last})")


def _criteria(wishes: Sequence[str], tests: Sequence[_Place]) -> list[str]:
    found = [f"AC{index}: {_title(wish)}" for index, wish in enumerate(wishes, 1)]
    kept = " and the existing tests pass" if tests else " and what worked before still works"
    return [*found, f"AC{len(wishes) + 1}: A test fails without the change{kept}"]


def _non_goals(sources: Sequence[_Place]) -> list[str]:
    rest = "Behaviour that the request does not name stays as it is."
    if not sources:
        return [rest]
    folders = sorted({str(PurePosixPath(place.path).parent) for place in sources[:MAX_FILES]})
    names = ", ".join("the top folder" if name == "." else f"`{name}/`" for name in folders)
    return [rest, f"No restructuring beyond {names}."]


def _assumptions(prompt: str, sources: Sequence[_Place]) -> list[str]:
    found = [NOTICE]
    if len(prompt.split()) < _VAGUE_WORDS:
        found.append("[NEEDS CLARIFICATION: what is different for whom when this is done?]")
    if not sources:
        found.append("[NEEDS CLARIFICATION: which files or parts is this about?]")
    return found


def _plan(wishes: Sequence[str], sources: Sequence[_Place], tests: Sequence[_Place]) -> list[str]:
    command = _test_command(sources, tests)
    steps = [
        f"AC{index}: do what the request describes and compare: {_title(wish)}"
        for index, wish in enumerate(wishes, 1)
    ]
    return [*steps, f"AC{len(wishes) + 1}: `{command}`, once without the change and once with it"]


def _test_command(sources: Sequence[_Place], tests: Sequence[_Place]) -> str:
    suffixes = [PurePosixPath(place.path).suffix for place in (*sources, *tests)]
    paths = " ".join(place.path for place in tests[:2])
    for suffix in suffixes:
        for known, command in _TEST_COMMANDS:
            if suffix == known:
                return command.format(tests=paths).strip()
    return "the project's tests"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


_SECTION = re.compile(r"^## +(?P<name>.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_TASK_ID = re.compile(r"\bT(\d{3,})\b")


def _changes(spec: str, wishes: Sequence[str], sources: Sequence[_Place]) -> str:
    """Add the wishes to the tasks and criteria of an existing spec, which otherwise stays."""
    next_id = max((int(number) for number in _TASK_ID.findall(spec)), default=0) + 1
    tasks: list[str] = []
    for index, wish in enumerate(wishes):
        place = _best_place(wish, sources)
        where = f" in {_where(place)}" if place else ""
        tasks.append(f"- [ ] T{next_id + index:03d} {_title(wish)}{where}")
    additions = {
        "Tasks": tasks,
        "Acceptance Criteria": [f"- {_title(wish)}" for wish in wishes],
        "Verification Plan": [f"- Do what was asked and compare: {_title(w)}" for w in wishes],
    }
    return "\n\n".join(
        f"## {name}\n\n" + "\n".join(filter(None, (_body(spec, name), *lines)))
        for name, lines in additions.items()
    )


def _body(spec: str, name: str) -> str:
    headings = list(_SECTION.finditer(spec))
    for index, heading in enumerate(headings):
        if heading["name"].casefold() == name.casefold():
            end = headings[index + 1].start() if index + 1 < len(headings) else len(spec)
            return spec[heading.end() : end].strip()
    return ""

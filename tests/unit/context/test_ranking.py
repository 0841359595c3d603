"""Owns what the second look sees in a file and how files are ordered."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import pytest

from kata_lsp.context.files.reading import FileStamp
from kata_lsp.context.index import FileIndex
from kata_lsp.context.prompt import parse_prompt
from kata_lsp.context.ranking import RankedFile, candidates, rank
from kata_lsp.context.windows import examine

FILES = {
    "src/retry.py": "import time\n\n\ndef retry_call(attempt):\n    return attempt\n"
    + "x = 1\n" * 9,
    "src/client.py": "from retry import retry_call\n\n\ndef send():\n    retry_call(1)\n",
    "src/other.py": "def unrelated():\n    return 0\n",
    "tests/test_retry.py": "def test_retry_call():\n    retry_call\n",
    "docs/retry.md": "# Retry\n\nretry_call retry retry retry\n",
}


def ranked(prompt: str, files: Mapping[str, str] = FILES, focus: Iterable[str] = ()) -> list[str]:
    return [file.path for file in ranked_files(prompt, files, focus)]


def ranked_files(
    prompt: str, files: Mapping[str, str] = FILES, focus: Iterable[str] = ()
) -> list[RankedFile]:
    index = FileIndex()
    for path, text in files.items():
        index.put(path, FileStamp(len(text), 1, 1), text)
    parsed = parse_prompt(prompt)
    shortlist = candidates(index, parsed, focus)
    return rank(shortlist, parsed, focus, files.get, 60)


def test_definition_first_and_source_before_tests() -> None:
    """The file that defines a named function leads, its users follow, tests and docs come last."""
    order = ranked("retry_call should wait between attempts")
    assert order[:2] == ["src/retry.py", "src/client.py"]
    assert set(order[2:]) == {"tests/test_retry.py", "docs/retry.md"}


def test_prompt_about_tests_lifts_tests() -> None:
    """A prompt that asks for tests finds the test before unconcerned sources."""
    assert ranked("extend the tests of retry_call").index("tests/test_retry.py") < 2


def test_focus_and_mention_are_included() -> None:
    """An open file and a spelled-out path come in, even without a matching word."""
    assert "src/other.py" in ranked("retry_call", focus=["src/other.py", "gone.py"])
    assert ranked("rewrite src/other.py")[0] == "src/other.py"


def test_reasons_name_the_evidence() -> None:
    """Each reason says what was found, for the user to judge."""
    reasons = {file.path: file.reason for file in ranked_files("retry_call in client.py")}
    assert "defines retry_call" in reasons["src/retry.py"]
    assert "named in the prompt" in reasons["src/client.py"]


def test_file_that_vanished_is_left_out() -> None:
    """A candidate that cannot be read any more costs only itself."""
    index = FileIndex()
    index.put("a.py", FileStamp(1, 1, 1), "retry")
    prompt = parse_prompt("retry")
    assert rank(candidates(index, prompt, ()), prompt, (), lambda _path: None, 60) == []


@pytest.mark.parametrize("prompt", ["", "   ", "!!!", "the of and"])
def test_prompt_without_words(prompt: str) -> None:
    """A prompt that says nothing finds nothing, without failing."""
    assert ranked(prompt, {"a.py": "x = 1"}) == []


@pytest.mark.parametrize(
    "line",
    [
        "def parse_header(x):",
        "    async def parse_header(self):",
        "export default function parse_header() {",
        "pub(crate) fn parse_header<T>() {",
        "func (r *Reader) parse_header() {",
        "class parse_header:",
        "type parse_header struct {",
        "exports.parse_header = function () {",
        "const parse_header = (a) => a",
    ],
)
def test_definitions(line: str) -> None:
    """A definition is recognised in the common languages."""
    found = examine("a.x", f"{line}\n", {"pars": 2.0, "header": 1.0}, ("parse_header",), 60)
    assert found.definitions == 3.0
    assert found.defined == {"parse_header"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("getHeader", True),
        ("get_header", True),
        ("HEADERS", True),
        ("preheader", False),
        ("", False),
    ],
)
def test_terms_begin_a_subword(text: str, seen: bool) -> None:
    """A term is found where a sub-word begins with it, not inside a word."""
    assert ("header" in examine("a.x", text, {"header": 1.0}, (), 60).terms) is seen


def test_windows_surround_the_matches() -> None:
    """Windows lie where the words are, do not overlap, and stay within the file."""
    lines = ["filler"] * 300
    lines[150] = lines[151] = lines[290] = "needle"
    windows = examine("a.x", "\n".join(lines), {"needl": 1.0}, (), 40).windows
    assert windows[0].start_line <= 151 <= windows[0].end_line
    assert all(1 <= w.start_line <= w.end_line <= 300 for w in windows)
    assert all(w.end_line - w.start_line < 40 for w in windows)
    ordered = sorted((w.start_line, w.end_line) for w in windows)
    assert all(a[1] < b[0] for a, b in pairwise(ordered))


def test_windows_of_neighbouring_matches() -> None:
    """Matches in neighbouring blocks make one window and no overlapping second."""
    lines = ["needle"] * 60 + ["filler"] * 60
    windows = examine("a.x", "\n".join(lines), {"needl": 1.0}, (), 40).windows
    spans = sorted((w.start_line, w.end_line) for w in windows)
    assert spans[0] == (1, 40)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


def test_few_windows() -> None:
    """However many matches there are, a file gives at most three windows."""
    text = ("needle\n" + "filler\n" * 49) * 20
    assert len(examine("a.x", text, {"needl": 1.0}, (), 20).windows) == 3


def test_letters_that_change_length_keep_positions() -> None:
    """A text whose lower case is longer is searched at the right places."""
    found = examine("a.x", "İ" * 50 + "\n" * 100 + "def needle():", {"needl": 1.0}, (), 20)
    assert found.definitions == 1.0
    assert found.windows[0].end_line == 101

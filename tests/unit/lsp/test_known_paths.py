"""Tests of the paths that specs name: looked up once, inside the folder only."""

from __future__ import annotations

from pathlib import Path

import pytest

from kata_lsp.lsp.convert import Lines
from kata_lsp.lsp.documents import Snapshot
from kata_lsp.lsp.known_paths import FRESH_SECONDS, MAX_ENTRIES, KnownPaths, list_entries
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.parser import parse


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def view_of(root: Path, text: str, version: int = 1) -> SpecView:
    snapshot = Snapshot("file:///w/spec.md", version, "markdown", Lines(text), "utf-16")
    path = ".kata/spec.md"
    return SpecView(snapshot, parse(text, path=path), str(root.resolve()), path)


async def test_a_path_is_there_or_missing_or_nobody_knows(tmp_path):
    """Outside the root nothing is looked at, and nothing is said."""
    (tmp_path / ".kata").mkdir()
    (tmp_path / ".kata" / "own.md").touch()
    (tmp_path / "a b.py").touch()
    (tmp_path / "out.py").symlink_to("/etc/hosts")
    view = view_of(tmp_path, "`own.md` [x](a%20b.py) `gone.py` `out.py` [y](../../up.py) `/z/q.py`")
    paths = KnownPaths(Clock())
    assert paths.missing(view) == frozenset()
    await paths.learn(view)
    assert paths.missing(view) == {"gone.py"}
    assert paths.file(view, "own.md") == str(tmp_path / ".kata" / "own.md")
    assert paths.file(view, "a%20b.py") == str(tmp_path / "a b.py")
    for target in ("out.py", "../../up.py", "/z/q.py", "gone.py", "never"):
        assert paths.file(view, target) is None


async def test_answers_are_believed_for_a_while(tmp_path):
    """Unless they are asked for again, or the document was closed."""
    clock = Clock()
    paths = KnownPaths(clock)
    view = view_of(tmp_path, "`a.py`")
    await paths.learn(view)
    (tmp_path / "a.py").touch()
    (tmp_path / "b.py").touch()
    more = view_of(tmp_path, "`a.py` `b.py` `c.py`", 2)
    await paths.learn(more)
    assert paths.missing(more) == {"a.py", "c.py"}
    clock.now = FRESH_SECONDS
    await paths.learn(more)
    assert paths.missing(more) == {"c.py"}
    (tmp_path / "c.py").touch()
    await paths.learn(more, again=True)
    assert paths.missing(more) == frozenset()
    paths.forget(more.snapshot.uri)
    assert paths.file(more, "a.py") is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["README.md", "src/"]),
        ("s", ["src/"]),
        ("READ", ["README.md"]),
        ("read", ["README.md"]),
        (".", [".hidden", ".kata/"]),
        ("src/", ["src/a.py"]),
        ("src/../", ["src/../README.md", "src/../src/"]),
        ("../", ["../README.md", "../src/"]),
        ("../../", []),
        ("/etc/", []),
        ("gone/", []),
        ("a\0/", []),
    ],
)
def test_entries_of_one_folder_are_listed(tmp_path, typed, expected):
    """Of the root's, else of the spec's, and of none outside."""
    for name in (".kata", "src"):
        (tmp_path / name).mkdir()
    for name in (".hidden", "README.md", "src/a.py"):
        (tmp_path / name).touch()
    assert list_entries(str(tmp_path.resolve()), ".kata/spec.md", typed) == (expected, False)


def test_a_large_folder_is_cut(tmp_path):
    """And the answer says that there is more."""
    for number in range(MAX_ENTRIES + 1):
        (tmp_path / f"{number:04d}.py").touch()
    names, more = list_entries(str(tmp_path.resolve()), "spec.md", "")
    assert (len(names), more) == (MAX_ENTRIES, True)

"""Owns the listing of folders without git, and the patterns it obeys."""

import os
from pathlib import Path

import pytest

from kata_lsp.context.files.patterns import compile_patterns, verdict
from kata_lsp.context.files.walk import walk_files
from kata_lsp.context.worker import Stop, StoppedError


def test_ignore_files_nest(tree) -> None:
    """Each folder's .gitignore speaks for what is below it, the deepest one decides."""
    root = tree(
        {
            ".gitignore": "*.log\n/only-top.py\nhidden/\n",
            "a.py": "",
            "a.log": "",
            "only-top.py": "",
            "hidden/x.py": "",
            "sub/.gitignore": "!keep.log\nlocal.py\n",
            "sub/keep.log": "",
            "sub/drop.log": "",
            "sub/local.py": "",
            "sub/only-top.py": "",
            "local.py": "",
        }
    )
    assert walk_files(root, 100, Stop(30)) == [
        ".gitignore",
        "a.py",
        "local.py",
        "sub/.gitignore",
        "sub/keep.log",
        "sub/only-top.py",
    ]


def test_links_and_skipped_folders_are_not_entered(tree, tmp_path) -> None:
    """Links, vendored folders and build results are left out; a loop does not hang."""
    root = tree({"a.py": "", "node_modules/x.js": "", "dist/y.js": "", "b/c.py": ""})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "b" / "loop").symlink_to(root)
    assert walk_files(root, 100, Stop(30)) == ["a.py", "b/c.py"]


def test_too_deep_to_reach(tree, monkeypatch) -> None:
    """Folders whose path is longer than the system allows are left out."""
    root = tree({"a.py": ""})
    monkeypatch.chdir(root)
    for _ in range(24):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    Path("unreachable.py").write_text("")
    assert walk_files(root, 100, Stop(30)) == ["a.py"]


def test_bounds(tree) -> None:
    """The walk ends after the most files, when late with what it has, when cancelled at once."""
    root = tree({f"{n}.py": "" for n in range(20)})
    assert len(walk_files(root, 5, Stop(30))) == 5
    assert walk_files(root, 5, Stop(0)) == []
    cancelled = Stop(30)
    cancelled.cancel()
    with pytest.raises(StoppedError):
        walk_files(root, 5, cancelled)


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        (["*.log"], "a/b.log", True),
        (["*.log", "!b.log"], "a/b.log", False),
        (["/x"], "a/x", None),
        (["a/**/z.py"], "a/b/c/z.py", True),
        (["!", "\\", "[z-a]", "# note", "", "x"], "x", True),
        (["**/*a*a*a*a*a*a*a*b"], "a" * 200, None),
        (["x" * 1000], "x" * 1000, None),
        ([], "x", None),
        ([f"a{n}" for n in range(3000)], "a2500", None),
    ],
)
def test_patterns(lines: list[str], path: str, expected: bool | None) -> None:
    """Gitignore's grammar holds; wrong lines and ones that could explode are left out."""
    assert verdict(compile_patterns(lines), path) is expected

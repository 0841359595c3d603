"""Owns that git lists a work tree and that the repository cannot make it run anything."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kata_lsp.context.files.git import git_files, work_tree_of
from kata_lsp.context.worker import Stop, StoppedError

Git = Callable[..., str]


def stop() -> Stop:
    return Stop(30)


def trap(folder: Path) -> tuple[Path, Path]:
    """A program that leaves a mark when anybody runs it."""
    mark, script = folder / "mark", folder / "trap.sh"
    script.write_text(f"#!/bin/sh\necho ran >> '{mark}'\n")
    script.chmod(0o755)
    return script, mark


def test_tracked_and_untracked_but_not_ignored(tree, git: Git) -> None:
    """Tracked and new files are listed, ignored ones are not, odd names survive."""
    root = tree({"a.py": "", "new é\n.py": "", "build/x.py": "", ".gitignore": "build/\n"})
    git(root, "init", "-q")
    git(root, "add", "a.py")
    assert git_files(root, stop()) == sorted([".gitignore", "a.py", "new é\n.py"])


def test_folder_inside_a_work_tree(tree, git: Git) -> None:
    """A root below the top lists its own files, under the rules of the whole work tree."""
    root = tree({".gitignore": "*.log\n", "sub/a.py": "", "sub/b.log": "", "c.py": ""})
    git(root, "init", "-q")
    assert git_files(root / "sub", stop()) == ["a.py"]
    assert work_tree_of(root / "sub") == root


def test_linked_work_tree(tree, git: Git, tmp_path: Path) -> None:
    """A linked work tree, whose .git is a file, lists its files."""
    root = tree({"a.py": ""})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert git_files(tmp_path / "linked", stop()) == ["a.py"]


def test_no_work_tree(tree) -> None:
    """Without git, or with a broken .git, the answer is None."""
    root = tree({"a.py": ""})
    assert git_files(root, stop()) is None
    (root / ".git").write_text("gitdir: nowhere\n")
    assert git_files(root, stop()) is None


@pytest.mark.parametrize(
    "setting",
    [
        "core.fsmonitor",
        "core.hooksPath",
        "core.sshCommand",
        "core.pager",
        "pager.ls-files",
        "core.gitProxy",
        "filter.evil.clean",
        "filter.evil.smudge",
        "diff.external",
        "alias.ls-files",
    ],
)
def test_configured_programs_do_not_run(tree, git: Git, tmp_path: Path, setting: str) -> None:
    """No setting of a hostile repository starts its program."""
    root = tree({"a.py": "x", ".gitattributes": "* filter=evil\n"})
    script, mark = trap(tmp_path)
    git(root, "init", "-q")
    git(root, "add", "a.py")
    value = f"!{script}" if setting.startswith("alias") else str(script)
    if setting == "core.hooksPath":
        value = str(tmp_path / "hooks")
        (tmp_path / "hooks").mkdir()
        for hook in ("post-index-change", "pre-commit", "fsmonitor-watchman"):
            (tmp_path / "hooks" / hook).symlink_to(script)
    git(root, "config", setting, value)
    os.utime(root / "a.py", (1, 1))
    assert git_files(root, stop()) == [".gitattributes", "a.py"]
    assert not mark.exists()


def test_fsmonitor_trap_is_real(tree, git: Git, tmp_path: Path) -> None:
    """The same repository does run its program under plain git: the test above proves something."""
    root = tree({"a.py": "x"})
    script, mark = trap(tmp_path)
    git(root, "init", "-q")
    git(root, "add", "a.py")
    git(root, "config", "core.fsmonitor", str(script))
    git(root, "ls-files", "-co", "--exclude-standard")
    assert mark.exists()


def test_missing_blob_is_not_fetched(tree, git: Git, tmp_path: Path) -> None:
    """A partial clone whose .gitignore is missing does not run its remote's helper program."""
    root = tree({"a.py": "x", ".gitignore": "*.log\n"})
    script, mark = trap(tmp_path)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    blob = git(root, "rev-parse", "HEAD:.gitignore").strip()
    git(root, "update-index", "--skip-worktree", ".gitignore")
    (root / ".gitignore").unlink()
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in (
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "evil"),
        ("remote.evil.url", f"ext::{script}"),
        ("remote.evil.promisor", "true"),
        ("protocol.ext.allow", "always"),
    ):
        git(root, "config", key, value)
    git_files(root, stop())
    assert not mark.exists()


def test_work_tree_setting_cannot_point_elsewhere(tree, git: Git, tmp_path: Path) -> None:
    """core.worktree of a hostile repository does not list another folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.txt").write_text("x")
    root = tree({"a.py": "x"})
    git(root, "init", "-q")
    git(root, "config", "core.worktree", str(elsewhere))
    assert git_files(root, stop()) == ["a.py"]


def test_git_from_the_workspace_is_not_used(tree, tmp_path: Path, monkeypatch) -> None:
    """A program called git in the workspace or at a relative PATH entry never runs."""
    root = tree({"a.py": "x"})
    script, mark = trap(tmp_path)
    (root / "git").symlink_to(script)
    (root / ".git").mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f".:{root}")
    assert git_files(root, stop()) is None
    assert not mark.exists()


def test_git_that_cannot_start(tree, tmp_path: Path, monkeypatch) -> None:
    """A git whose interpreter is missing counts as no git."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text("#!/nowhere/sh\n")
    (programs / "git").chmod(0o755)
    root = tree({"a.py": "x"})
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert git_files(root, stop()) is None


def test_environment_is_not_passed_on(tree, tmp_path: Path, monkeypatch) -> None:
    """The child sees neither our secrets nor our GIT_ variables."""
    programs, seen = tmp_path / "bin", tmp_path / "seen"
    programs.mkdir()
    fake = programs / "git"
    fake.write_text(f"#!/bin/sh\n/usr/bin/env > '{seen}'\n")
    fake.chmod(0o755)
    root = tree({"a.py": "x"})
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("GIT_DIR", "/canary")
    git_files(root, stop())
    assert "GIT_CONFIG_NOSYSTEM=1" in seen.read_text()
    assert "canary" not in seen.read_text()


def test_cancellation_ends_the_child(tree, tmp_path: Path, monkeypatch) -> None:
    """A git that never ends is killed when the work is cancelled."""
    programs, started = tmp_path / "bin", tmp_path / "started"
    programs.mkdir()
    os.mkfifo(started)
    fake = programs / "git"
    fake.write_text(f"#!/bin/sh\necho $$ > '{started}'\nexec /bin/sleep 300\n")
    fake.chmod(0o755)
    root = tree({"a.py": "x"})
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", str(programs))
    signal, outcome = stop(), []

    def work() -> None:
        try:
            git_files(root, signal)
        except StoppedError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = int(started.read_text())
    signal.cancel()
    thread.join(30)
    assert outcome
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_late_git_counts_as_no_git(tree, git: Git) -> None:
    """When the time is up the child's answer is not trusted to be whole."""
    root = tree({"a.py": ""})
    git(root, "init", "-q")
    assert git_files(root, Stop(0)) is None

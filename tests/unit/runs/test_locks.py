"""The lock file that stands for a living server."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kata_lsp.runs import locks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "owner.lock"


def test_a_held_lock_cannot_be_taken(path: Path) -> None:
    """While it is held nobody else gets it, this process included."""
    held = locks.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert locks.take_over(path) is None
    held.release()
    with pytest.raises(FileNotFoundError):
        locks.take_over(path)


def test_a_name_is_used_once(path: Path) -> None:
    """Two owners never share a file."""
    held = locks.create(path)
    with pytest.raises(FileExistsError):
        locks.create(path)
    held.release()


def test_an_abandoned_lock_can_be_taken(path: Path) -> None:
    """A file whose holder closed it, as the kernel does at its death, is free."""
    os.close(locks.create(path).fd)
    taken = locks.take_over(path)
    assert taken is not None
    assert locks.take_over(path) is None
    taken.release()


def test_children_do_not_keep_it(path: Path) -> None:
    """A child process that outlives its parent does not make it look alive."""
    held = locks.create(path)
    child = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()  # only a program that runs has let go of our files
        os.close(held.fd)
        taken = locks.take_over(path)
        assert taken is not None
        taken.release()
    finally:
        child.communicate(b"\n", timeout=30)

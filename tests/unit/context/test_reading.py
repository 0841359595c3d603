"""Owns that only regular files inside the root are ever opened, and how text is decoded."""

import os
import socket
from pathlib import Path

import pytest

from kata_lsp.context.files.reading import RootReader, decode


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_reads_up_to_the_limit(tree) -> None:
    """A regular file is read, at most to the limit; its stamp tells its size."""
    root = tree({"a/b.txt": b"0123456789"})
    with RootReader(root) as reader:
        assert reader.read("a/b.txt", 100) == b"0123456789"
        assert reader.read("a/b.txt", 4) == b"0123"
        stamp = reader.stamp("a/b.txt")
    assert stamp is not None
    assert stamp.size == 10


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../outside.txt",
        "a/../../outside.txt",
        "/etc/passwd",
        "a//b.txt",
        "a",
        "missing.txt",
        "nul\0byte",
        "file-link",
        "folder-link/outside.txt",
        "inner-link/b.txt",
        "loop",
        "pipe",
        "socket",
        "a/b.txt/c",
        "x" * 5000,
    ],
)
def test_never_read(tree, tmp_path: Path, monkeypatch, path: str) -> None:
    """Traversal, links (also harmless ones), folders, pipes and sockets give None, at once."""
    root = tree({"a/b.txt": "inside"})
    (tmp_path / "outside.txt").write_text("outside")
    (root / "file-link").symlink_to(tmp_path / "outside.txt")
    (root / "folder-link").symlink_to(tmp_path)
    (root / "inner-link").symlink_to(root / "a")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener, RootReader(root) as reader:
        monkeypatch.chdir(root)  # the path of a socket may be too long
        listener.bind("socket")
        assert reader.read(path, 100) is None
        assert reader.stamp(path) is None
        assert reader.read("a/b.txt", 100) == b"inside"


def test_failing_read() -> None:
    """A file that opens but cannot be read gives None (the kernel refuses address 0 of mem)."""
    with RootReader(Path("/proc/self")) as reader:
        assert reader.read("mem", 10) is None


def test_descriptors_are_closed(tree) -> None:
    """Going through many folders keeps only the current ones open, and none at the end."""
    root = tree({f"d{n}/e/f.txt": "x" for n in range(20)})
    before = open_descriptors()
    with RootReader(root) as reader:
        for number in range(20):
            assert reader.read(f"d{number}/e/f.txt", 1) == b"x"
        assert open_descriptors() <= before + 3
    assert open_descriptors() == before


def test_root_must_be_a_folder(tree) -> None:
    """A root that is missing or a file is an OSError."""
    root = tree({"a.txt": ""})
    for wrong in (root / "a.txt", root / "missing"):
        with pytest.raises(OSError, match="directory"):
            RootReader(wrong)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfa", "a"),
        (b"caf\xe9", "caf\ufffd"),
        (b"\xe2\x82", "\ufffd"),
        (b"", ""),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    """Line ends become LF, a byte order mark goes, wrong bytes become replacement characters."""
    assert decode(data) == text

"""Owns the index: scores, replacement, sweeping, independence of order."""

import pytest

from kata_lsp.context.files.reading import FileStamp
from kata_lsp.context.index import FileIndex

STAMP = FileStamp(1, 1, 1)
FILES = {
    "router.py": "route route match path handler",
    "server.py": "listen accept handler socket",
    "noise.py": "handler " + "filler " * 200,
}


def index_of(files: dict[str, str]) -> FileIndex:
    index = FileIndex()
    for path, text in files.items():
        index.put(path, STAMP, text)
    return index


def best(index: FileIndex, *terms: str) -> list[str]:
    scores = index.score(dict.fromkeys(terms, 1.0)).by_path
    return sorted(scores, key=lambda path: -scores[path])


def test_rare_and_frequent_terms_win() -> None:
    """A rare term beats a common one, and a short file beats a long one."""
    index = index_of(FILES)
    assert best(index, "handl", "rout")[0] == "router.py"
    assert best(index, "handl")[-1] == "noise.py"
    assert best(index, "absent") == []


def test_path_words_count() -> None:
    """A file is found by its name alone."""
    assert best(index_of({"src/telemetry.py": "x y", "b.py": "z z"}), "telemetry") == [
        "src/telemetry.py"
    ]


def test_replace_and_drop() -> None:
    """What replaced a file is found, what it said before is not; a dropped file is gone."""
    index = index_of(FILES)
    index.put("server.py", FileStamp(2, 2, 2), "completely different")
    assert best(index, "socket") == []
    assert index.stamp_of("server.py") == FileStamp(2, 2, 2)
    index.drop("server.py")
    index.drop("server.py")
    assert index.stamp_of("server.py") is None
    assert len(index) == 2


def test_empty_files_are_known_but_never_found() -> None:
    """A file not worth indexing keeps its stamp, so that it is not read again."""
    index = index_of({"logo.py": ""})
    assert index.stamp_of("logo.py") == STAMP
    assert best(index, "logo") == []


@pytest.mark.parametrize("rounds", [1, 5])
def test_history_leaves_no_trace(rounds: int) -> None:
    """An index that saw many versions scores exactly like a fresh one, sweeps included."""
    old = FileIndex()
    for number in range(rounds):
        for file in range(200):
            old.put(f"old{file}.py", STAMP, f"handler version{number} socket")
    for file in range(200):
        old.drop(f"old{file}.py")
    for path, text in reversed(FILES.items()):
        old.put(path, STAMP, text)
    terms = {"handl": 1.0, "rout": 2.0, "socket": 1.0}
    assert old.score(terms) == index_of(FILES).score(terms)


def test_bounds() -> None:
    """An index says when it is full, makes room when files go, and ignores words beyond its cap."""
    index = FileIndex(max_postings=4, max_vocabulary=3)
    index.put("a", STAMP, "alpha beta gamma delta")
    assert best(index, "alpha") == ["a"]
    assert best(index, "delta") == []
    assert not index.full
    index.put("b", STAMP, "alpha beta gamma")
    assert index.full
    index.drop("b")
    assert not index.full

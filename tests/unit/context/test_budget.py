"""Owns the rules of the context budget."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kata_lsp.context.budget import estimate_snippet, estimate_tokens, merge_overlaps, pack
from kata_lsp.context.records import Snippet


def snippet(path: str, start: int, end: int, score: float = 1.0, width: int = 8) -> Snippet:
    text = "\n".join(f"{number:0{width}d}" for number in range(start, end + 1))
    return Snippet(path, start, end, text, score, "test", "because")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("", 0, 0), ("x", 1, 1), ("def f(a, b):\n    return a + b\n", 8, 16), ("変数の名前", 4, 10)],
)
def test_estimate(text: str, low: int, high: int) -> None:
    """An estimate lies near what tokenizers say of code and of other scripts."""
    assert low <= estimate_tokens(text) <= high


def test_estimate_of_lone_surrogates() -> None:
    """A text that is not valid Unicode is still estimated."""
    assert estimate_tokens("\udc80") > 0


def test_merge_joins_what_leaves_no_gap() -> None:
    """Overlapping and touching windows become one that keeps the better score and every line."""
    merged = merge_overlaps(
        [snippet("a", 1, 10, 1.0), snippet("a", 5, 12, 3.0), snippet("a", 13, 14, 0.5)]
    )
    assert merged == [replace(snippet("a", 1, 14), score=3.0)]


def test_merge_keeps_gaps_contained_windows_and_order() -> None:
    """Windows with a gap stay apart, contained ones vanish, the best comes first."""
    merged = merge_overlaps(
        [snippet("a", 1, 10, 1.0), snippet("a", 2, 3, 0.1), snippet("a", 12, 13, 2.0)]
    )
    assert merged == [snippet("a", 12, 13, 2.0), snippet("a", 1, 10, 1.0)]


def test_pack_cuts_to_lines_that_fit_and_goes_on() -> None:
    """A snippet too big is cut, one that cannot be cut usefully is left out for a smaller one."""
    first, second, third = snippet("a", 1, 40), snippet("b", 1, 4, width=200), snippet("c", 1, 2)
    chosen, spent = pack([first, second, third], estimate_snippet(first) // 2 + 60)
    assert chosen[0].path == "a"
    assert 5 <= chosen[0].end_line < 40
    assert "b" not in {s.path for s in chosen}
    assert spent == sum(map(estimate_snippet, chosen))


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 60), st.integers(1, 40)), max_size=12),
    st.integers(0, 3000),
)
def test_pack_never_exceeds_the_budget(shapes: list[tuple[int, int, int]], budget: int) -> None:
    """Whatever comes in, the cost stays within the budget and lines agree with the text."""
    snippets = [snippet(str(n), a, a + b, width=w) for n, (a, b, w) in enumerate(shapes)]
    chosen, spent = pack(merge_overlaps(snippets), budget)
    assert spent <= budget
    assert all(s.text.count("\n") == s.end_line - s.start_line for s in chosen)

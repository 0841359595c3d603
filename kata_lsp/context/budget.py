"""Owns what snippets cost and which of them fit: estimate, merge overlaps, pack.

Must not know where snippets come from or how they were scored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kata_lsp.context.records import Snippet

__all__ = ["estimate_snippet", "estimate_tokens", "merge_overlaps", "pack"]

_BYTES_PER_TOKEN = 3.2
_FRAME_TOKENS = 16
_LEAST_LINES = 5


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, without any vendor's tokenizer.

    A rule of thumb, on the safe side: tokenizers in use spend about 3 to 4 bytes of UTF-8 per token
    on code, more on prose, and about one token per character (2 to 3 bytes) on scripts outside
    ASCII. The low end is taken, so a prompt gets smaller than allowed rather than larger.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    return 0 if size == 0 else int(size / _BYTES_PER_TOKEN) + 1


def estimate_snippet(snippet: Snippet) -> int:
    """Estimate the tokens of a snippet with the heading a prompt puts above it."""
    return _FRAME_TOKENS + estimate_tokens(snippet.path) + estimate_tokens(snippet.text)


def merge_overlaps(snippets: Iterable[Snippet]) -> list[Snippet]:
    """Join the windows of a file that overlap or touch; the result is best first.

    Windows are only joined when their lines leave no gap, so the text stays true to the file.
    """
    by_path: dict[tuple[str, str], list[Snippet]] = {}
    for snippet in snippets:
        by_path.setdefault((snippet.source, snippet.path), []).append(snippet)
    merged = [window for windows in by_path.values() for window in _merge_file(windows)]
    return sorted(merged, key=lambda s: (-s.score, s.path, s.start_line))


def pack(snippets: Sequence[Snippet], max_tokens: int) -> tuple[list[Snippet], int]:
    """Choose snippets, best first, until the budget is spent.

    A snippet that does not fit is cut to its first lines when at least five of them fit; smaller
    ones behind it still get their chance.

    Returns:
        The chosen snippets, best first, and their estimated tokens (never above `max_tokens`).
    """
    chosen: list[Snippet] = []
    spent = 0
    for snippet in snippets:
        fitting = _cut(snippet, max_tokens - spent)
        if fitting is not None:
            chosen.append(fitting)
            spent += estimate_snippet(fitting)
    return chosen, spent


def _merge_file(windows: list[Snippet]) -> list[Snippet]:
    merged: list[Snippet] = []
    for window in sorted(windows, key=lambda s: (s.start_line, s.end_line)):
        last = merged[-1] if merged else None
        if last is None or window.start_line > last.end_line + 1:
            merged.append(window)
        else:
            merged[-1] = _join(last, window)
    return merged


def _join(first: Snippet, second: Snippet) -> Snippet:
    better = first if first.score >= second.score else second
    lines = first.text.split("\n")
    extra = second.end_line - first.end_line
    if extra > 0:
        lines += second.text.split("\n")[-extra:]
    return replace(
        better,
        start_line=first.start_line,
        end_line=max(first.end_line, second.end_line),
        text="\n".join(lines),
    )


def _cut(snippet: Snippet, tokens: int) -> Snippet | None:
    if estimate_snippet(snippet) <= tokens:
        return snippet
    lines = snippet.text.split("\n")
    low, high = 0, len(lines) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_snippet(_head(snippet, lines, middle)) <= tokens:
            low = middle
        else:
            high = middle - 1
    return _head(snippet, lines, low) if low >= _LEAST_LINES else None


def _head(snippet: Snippet, lines: list[str], count: int) -> Snippet:
    return replace(snippet, text="\n".join(lines[:count]), end_line=snippet.start_line + count - 1)

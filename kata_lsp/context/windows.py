"""Owns the second look at a file: where in it the prompt's words are, and its best windows.

Must not read files or compare one file with another.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kata_lsp.context.terms import path_terms

__all__ = ["Examination", "Window", "examine"]

_MAX_HITS = 400
_SATURATION = 1.2
_DEFINITION_WEIGHT = 1.0
_SECOND_SHARE = 0.6
_MAX_WINDOWS = 3

_DEFINITION = re.compile(
    r"^\s*(?:@\w+\s+)?(?:(?:export|default|public|private|protected|internal|static|abstract|final|"
    r"async|pub(?:\([a-z]+\))?|unsafe|extern|virtual|override|declare|open|sealed|data|inline)\s+)*"
    r"(?:(?:def|class|func|function\*?|fn|struct|enum|trait|interface|type|impl|module|namespace|"
    r"const|let|var|val|macro_rules!|object|protocol|extension|defmodule|defp?|sub|proc)\s+"
    r"(?:\([^)]{0,80}\)\s*)?(?P<name>[\w$.:]+)"
    r"|(?P<member>[\w$.]{2,80})\s*[:=]\s*(?:async\s+)?(?:function\b|\([^)]{0,120}\)\s*=>|class\b)"
    r"|(?P<constant>[A-Z][A-Z0-9_]{2,60})\s*[:=])"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive lines of a file that speak of the prompt."""

    start_line: int
    """1-based."""
    end_line: int
    """1-based, inclusive."""
    score: float


@dataclass(frozen=True, slots=True)
class Examination:
    """What the second look at one file found; all scores are sums of term rarities."""

    windows: tuple[Window, ...]
    """Best first, at least one, not overlapping."""
    body: float
    """Score of the best window."""
    definitions: float
    """Rarity of the terms that occur in names defined here."""
    path: float
    """Rarity of the terms that occur in the path."""
    identifiers: frozenset[str]
    """The prompt's identifiers that occur, whole."""
    defined: frozenset[str]
    """Those of them that are defined here."""
    terms: frozenset[str]
    """The terms that occur."""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    lower: str
    starts: list[int]

    def line_at(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def line(self, number: int) -> str:
        end = self.starts[number + 1] - 1 if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end]


def examine(
    path: str,
    text: str,
    weights: Mapping[str, float],
    identifiers: tuple[str, ...],
    window_lines: int,
) -> Examination:
    """Look for weighted terms and whole identifiers in a file.

    Args:
        path: POSIX relative path; its words count too.
        text: The file with lines ended by LF.
        weights: Stemmed terms with their rarity times weight.
        identifiers: Names to find whole, case-sensitively.
        window_lines: The most lines of one window.
    """
    body = _Text(text, _lowered(text), _line_starts(text))
    half = max(1, window_lines // 2)
    blocks: dict[int, dict[str, float]] = {}
    defined_terms: set[str] = set()
    seen: set[str] = set()
    names = _Definitions(body)
    for term in weights:
        for position in _term_positions(body, term):
            seen.add(term)
            line = body.line_at(position)
            counts = blocks.setdefault(line // half, {})
            counts[term] = counts.get(term, 0.0) + 1.0
            if names.covers(line, position):
                defined_terms.add(term)
                counts[term] += _DEFINITION_WEIGHT
    whole, defined = _find_identifiers(body, identifiers, names, blocks, half)
    rarest = max(weights.values(), default=1.0)
    windows = _best_windows(blocks, {**dict.fromkeys(whole, rarest), **weights}, body, half)
    return Examination(
        windows=windows,
        body=windows[0].score,
        definitions=sum(weights[term] for term in sorted(defined_terms)),
        path=sum(weights[term] for term in sorted(path_terms(path) & weights.keys())),
        identifiers=frozenset(whole),
        defined=frozenset(defined),
        terms=frozenset(seen),
    )


class _Definitions:
    """Looks at a line only once, and only when something was found on it."""

    def __init__(self, body: _Text) -> None:
        self._body = body
        self._spans: dict[int, tuple[int, int]] = {}

    def covers(self, line: int, position: int) -> bool:
        span = self._spans.get(line)
        if span is None:
            span = self._spans[line] = self._span_of(line)
        return span[0] <= position < span[1]

    def _span_of(self, line: int) -> tuple[int, int]:
        match = _DEFINITION.match(self._body.line(line)[:400])
        if match is None or match.lastgroup is None:
            return (0, 0)
        start = self._body.starts[line]
        return start + match.start(match.lastgroup), start + match.end(match.lastgroup)


def _find_identifiers(
    body: _Text,
    identifiers: tuple[str, ...],
    names: _Definitions,
    blocks: dict[int, dict[str, float]],
    half: int,
) -> tuple[list[str], set[str]]:
    whole: list[str] = []
    defined: set[str] = set()
    for name in identifiers:
        for position in _whole_positions(body.text, name):
            if not whole or whole[-1] != name:
                whole.append(name)
            line = body.line_at(position)
            counts = blocks.setdefault(line // half, {})
            counts[name] = counts.get(name, 0.0) + 1.0
            if names.covers(line, position):
                defined.add(name)
                counts[name] += 2 * _DEFINITION_WEIGHT
    return whole, defined


def _best_windows(
    blocks: dict[int, dict[str, float]], weights: Mapping[str, float], body: _Text, half: int
) -> tuple[Window, ...]:
    """Windows are two neighbouring half blocks, chosen greedily without overlap."""
    scored = sorted(
        (-_score(blocks.get(block, {}), blocks.get(block + 1, {}), weights), block)
        for block in {b for found in blocks for b in (found - 1, found) if b >= 0}
    )
    chosen: list[Window] = []
    taken: set[int] = set()
    last = len(body.starts)
    for negative, block in scored:
        if len(chosen) == _MAX_WINDOWS or (chosen and -negative < _SECOND_SHARE * chosen[0].score):
            break
        if block in taken or block + 1 in taken:
            continue
        taken |= {block, block + 1}
        chosen.append(Window(block * half + 1, min((block + 2) * half, last), -negative))
    return tuple(chosen) or (Window(1, min(2 * half, last), 0.0),)


def _score(
    first: Mapping[str, float], second: Mapping[str, float], weights: Mapping[str, float]
) -> float:
    total = 0.0
    for term in sorted(first.keys() | second.keys()):
        count = first.get(term, 0.0) + second.get(term, 0.0)
        total += weights.get(term, 0.0) * count / (count + _SATURATION)
    return total


def _term_positions(body: _Text, term: str) -> Iterator[int]:
    """Where a sub-word begins with the term: stems match their inflected forms."""
    lower, text = body.lower, body.text
    position = lower.find(term)
    hits = 0
    while position >= 0 and hits < _MAX_HITS:
        if position == 0 or not lower[position - 1].isalpha() or text[position].isupper():
            hits += 1
            yield position
        position = lower.find(term, position + len(term))


def _whole_positions(text: str, name: str) -> Iterator[int]:
    position = text.find(name)
    hits = 0
    while position >= 0 and hits < _MAX_HITS:
        end = position + len(name)
        before = text[position - 1] if position else " "
        after = text[end] if end < len(text) else " "
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            hits += 1
            yield position
        position = text.find(name, end)


def _lowered(text: str) -> str:
    lower = text.lower()
    # Some letters change their length; positions in both texts must agree.
    return (
        lower
        if len(lower) == len(text)
        else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    )


def _line_starts(text: str) -> list[int]:
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    if len(starts) > 1 and starts[-1] == len(text):
        starts.pop()
    return starts

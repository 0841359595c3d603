"""Owns which files matter for a prompt: candidates from the index, then a second look at each.

Must not read files itself or know git, budgets or secrets. This is the seam for better ranking:
`candidates` and `rank` are all that a source calls.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kata_lsp.context.files.selection import Kind, kind_of
from kata_lsp.context.index import FileIndex
from kata_lsp.context.prompt import Prompt
from kata_lsp.context.windows import Examination, Window, examine

__all__ = ["Candidate", "RankedFile", "Shortlist", "candidates", "rank"]

_CANDIDATES = 60

# Measured on issue-like prompts over histories of public repositories: what a change touches is
# source far more often than the words alone suggest.
_PRIORS: Mapping[Kind, float] = {
    Kind.SOURCE: 1.0,
    Kind.OTHER: 0.45,
    Kind.CONFIG: 0.35,
    Kind.EXAMPLE: 0.25,
    Kind.DOCS: 0.25,
    Kind.TEST: 0.25,
}
_WANTED_PRIOR = 0.8
_WEIGHTS = {"bm25": 1.0, "body": 1.0, "definitions": 0.6, "path": 0.5, "identifiers": 0.5}
_MENTIONED = 1.5
_FOCUS = 0.8
_REASON_TERMS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file worth a second look."""

    path: str
    score: float
    """BM25 times the prior of the file's kind, relative to the best candidate."""


@dataclass(frozen=True, slots=True)
class RankedFile:
    """A file with its final score and the windows that earned it."""

    path: str
    score: float
    windows: tuple[Window, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The candidates with the rarity of the prompt's terms in this index."""

    files: tuple[Candidate, ...]
    weights: Mapping[str, float]


def candidates(index: FileIndex, prompt: Prompt, focus: Iterable[str]) -> Shortlist:
    """The files whose words fit the prompt best, and those that it or the user names."""
    scores = index.score(prompt.terms)
    weighed = {
        path: score * _prior(kind_of(path), prompt) for path, score in scores.by_path.items()
    }
    named = [path for path in index.paths() if _mention(path, prompt) > 0]
    focused = [path for path in focus if index.stamp_of(path) is not None]
    top = sorted(weighed, key=lambda path: (-weighed[path], path))[:_CANDIDATES]
    best = max((weighed[path] for path in top), default=1.0) or 1.0
    chosen = dict.fromkeys((*top, *sorted(named)[:_CANDIDATES], *focused))
    return Shortlist(
        files=tuple(Candidate(path, weighed.get(path, 0.0) / best) for path in chosen),
        weights={term: scores.idf[term] * weight for term, weight in prompt.terms.items()},
    )


def rank(
    shortlist: Shortlist,
    prompt: Prompt,
    focus: Iterable[str],
    read: Callable[[str], str | None],
    window_lines: int,
) -> list[RankedFile]:
    """Look at every candidate again and order them, best first.

    Args:
        shortlist: What `candidates` returned.
        prompt: The prompt it was called with.
        focus: Paths the user has open or selected.
        read: The text of a path with lines ended by LF, or None when it cannot be read any more.
        window_lines: The most lines of one window.
    """
    focused = set(focus)
    looked: list[tuple[Candidate, Examination]] = []
    for candidate in shortlist.files:
        text = read(candidate.path)
        if text:
            found = examine(
                candidate.path, text, shortlist.weights, prompt.identifiers, window_lines
            )
            looked.append((candidate, found))
    features = _normalised([_features(candidate, found) for candidate, found in looked])
    ranked = [
        RankedFile(
            path=candidate.path,
            score=_combine(candidate.path, feature, prompt, focused),
            windows=found.windows,
            reason=_reason(candidate.path, found, shortlist.weights, prompt, focused),
        )
        for (candidate, found), feature in zip(looked, features, strict=True)
    ]
    return sorted(ranked, key=lambda file: (-file.score, file.path))


def _features(candidate: Candidate, found: Examination) -> dict[str, float]:
    return {
        "bm25": candidate.score,
        "body": found.body,
        "definitions": found.definitions,
        "path": found.path,
        "identifiers": len(found.identifiers) + 2.0 * len(found.defined),
    }


def _normalised(features: list[dict[str, float]]) -> list[dict[str, float]]:
    tops = {name: max((row[name] for row in features), default=0.0) or 1.0 for name in _WEIGHTS}
    return [{name: row[name] / tops[name] for name in _WEIGHTS} for row in features]


def _combine(path: str, feature: Mapping[str, float], prompt: Prompt, focused: set[str]) -> float:
    prior = _prior(kind_of(path), prompt)
    # The candidate's BM25 carries the prior already.
    total = _WEIGHTS["bm25"] * feature["bm25"]
    total += prior * sum(
        _WEIGHTS[name] * feature[name] for name in ("body", "definitions", "path", "identifiers")
    )
    total += _MENTIONED * _mention(path, prompt)
    return total + (_FOCUS if path in focused else 0.0)


def _prior(kind: Kind, prompt: Prompt) -> float:
    prior = _PRIORS[kind]
    return max(prior, _WANTED_PRIOR) if kind in prompt.wanted else prior


def _mention(path: str, prompt: Prompt) -> float:
    """1 for a path the prompt spells out, less for a bare file name, 0 for none."""
    best = 0.0
    if not prompt.paths:
        return best
    lower = f"/{path.lower()}"
    for mentioned in prompt.paths:
        if lower.endswith(f"/{mentioned.lstrip('./')}"):
            best = max(best, 1.0 if "/" in mentioned else 0.6)
    return best


def _reason(
    path: str,
    found: Examination,
    weights: Mapping[str, float],
    prompt: Prompt,
    focused: set[str],
) -> str:
    parts: list[str] = []
    if path in focused:
        parts.append("open in the editor")
    if _mention(path, prompt) > 0:
        parts.append("named in the prompt")
    if found.defined:
        parts.append("defines " + ", ".join(sorted(found.defined)[:_REASON_TERMS]))
    elif found.identifiers:
        parts.append("uses " + ", ".join(sorted(found.identifiers)[:_REASON_TERMS]))
    terms = sorted(found.terms, key=lambda term: (-weights[term], term))[:_REASON_TERMS]
    if terms:
        parts.append("matches " + ", ".join(terms))
    return "; ".join(parts) or "named by its path"

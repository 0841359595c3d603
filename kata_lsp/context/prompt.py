"""Owns what a prompt asks for: its terms, the identifiers and paths it names, the kinds it wants.

Must not know which files exist.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kata_lsp.context.files.selection import Kind
from kata_lsp.context.terms import stem, subwords

__all__ = ["Prompt", "parse_prompt"]

_MAX_CHARS = 20_000
_MAX_TERMS = 48
_MAX_IDENTIFIERS = 24

_STOP_WORDS = (
    "a about above after again against all also although always am an and any are as at be "
    "because been before being below between both but by can cannot could did do does doing "
    "done down during each either else etc even ever every few for from further get gets got "
    "had has have having he her here hers him his how however i if in instead into is it its "
    "itself just let like lot make makes made making many may maybe me might more most much "
    "must my need needs neither never new no nor not now of off often on once one only onto "
    "or other our out over own per please properly rather really same see seem shall she "
    "should since so some still such than that the their them then there these they thing "
    "this those though through to too toward under until up upon us use used uses using very "
    "via want wants was way we well were what when where whether which while who whom why "
    "will with within without would yes yet you your fix fixes fixed bug issue add adds added "
    "adding implement implements implemented feature feat support supports supported change "
    "changes changed update updates updated improve improves improved allow allows ensure "
    "ensures currently previously actually currently correctly able work works working"
)
_STOP = frozenset(stem(word) for word in _STOP_WORDS.split())
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*")
_PART = re.compile(r"\.|::|#|->")
_CODED = re.compile(r"[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z0-9]|^_|[A-Z]{2}[a-z]|\d")
# Every repetition is bounded: a pasted blob must not make matching quadratic.
_PATH = re.compile(
    r"(?:[\w.@+-]{1,80}/){0,20}[\w@+-][\w.@+-]{0,80}\.[A-Za-z]\w{0,7}|"
    r"(?:[\w.@+-]{1,80}/){1,20}[\w.@+-]{1,80}"
)
_QUOTED = re.compile(r"`([^`\n]{2,80})`")

_WANTED: Mapping[Kind, frozenset[str]] = {
    Kind.TEST: frozenset(("test", "tests", "testing", "fixture", "fixtures", "unittest")),
    Kind.DOCS: frozenset(
        ("doc", "docs", "documentation", "readme", "changelog", "tutorial", "guide", "docstring")
    ),
    Kind.EXAMPLE: frozenset(("example", "examples", "demo", "sample", "benchmark", "benchmarks")),
    Kind.CONFIG: frozenset(
        ("ci", "workflow", "dockerfile", "makefile", "dependency", "dependencies", "packaging")
    ),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, taken apart."""

    terms: Mapping[str, float]
    """Stemmed sub-words with their weight; no stop words unless there is nothing else."""
    identifiers: tuple[str, ...]
    """Names written as code, whole and as their dotted parts, in order of appearance."""
    paths: tuple[str, ...]
    """What looks like a file name or path, lower-cased."""
    wanted: frozenset[Kind]
    """Kinds of files that it talks about, besides source."""


def parse_prompt(text: str) -> Prompt:
    """Take a prompt apart; only its first 20,000 characters are looked at."""
    text = text[:_MAX_CHARS]
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    return Prompt(
        terms=_terms(text),
        identifiers=_identifiers(text),
        paths=tuple(dict.fromkeys(found.lower() for found in _PATH.findall(text))),
        wanted=frozenset(kind for kind, signs in _WANTED.items() if not signs.isdisjoint(words)),
    )


def _terms(text: str) -> dict[str, float]:
    counts = Counter(stem(word) for word in subwords(text) if len(word) > 1)
    kept = {term: count for term, count in counts.items() if term not in _STOP} or counts
    # Said twice matters a little more, not twice as much. What comes first matters more than what
    # a long prompt says last.
    best = sorted(kept.items(), key=lambda item: -item[1])[:_MAX_TERMS]
    return {term: 1.0 + 0.3 * min(count - 1, 3) for term, count in best}


def _identifiers(text: str) -> tuple[str, ...]:
    quoted = {name for part in _QUOTED.findall(text) for name in _IDENTIFIER.findall(part)}
    found: dict[str, None] = {}
    for name in _IDENTIFIER.findall(text):
        if not (_CODED.search(name) or _PART.search(name) or name in quoted):
            continue
        for part in (name, *_PART.split(name)):
            if len(part) > 2 and (part in quoted or part != name or _CODED.search(part)):  # noqa: PLR2004
                found.setdefault(part)
    return tuple(found)[:_MAX_IDENTIFIERS]

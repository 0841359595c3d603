"""Owns how text becomes comparable terms: sub-words of identifiers, lower-cased and stemmed.

Must not know files, prompts or scores.
"""

import re
from collections import Counter
from functools import lru_cache

__all__ = ["count_terms", "path_terms", "stem", "subwords"]

_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|[0-9]+")
_MAX_LENGTH = 32
_BLOCK = 1 << 16
_ENDINGS = ("ing", "ion", "ed", "er", "or")
_LEAST_STEM = 4
_SHORTEST_PLURAL = 4
_UNITS = frozenset(("ss", "us", "is"))


def subwords(text: str) -> list[str]:
    """Split identifiers and prose alike: `HTTPServer_name2` gives HTTP, Server, name, 2."""
    return _SUBWORD.findall(text)


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Fold case and common English endings: validates, validating and validator become validat.

    Deliberately light: code is full of words that a real stemmer mangles, and both sides of every
    comparison pass through here, so only conflating what belongs together matters.
    """
    word = word.lower()
    if not word.isascii():
        return word
    if len(word) >= _SHORTEST_PLURAL and word[-1] == "s" and word[-2:] not in _UNITS:
        word = f"{word[:-3]}y" if word.endswith("ies") else word[:-1]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > _LEAST_STEM and word[-1] == "e" else word


def count_terms(text: str) -> Counter[str]:
    """Count the stemmed sub-words of a text; one-letter words are left out."""
    raw: Counter[str] = Counter()
    # In blocks, because one regular expression call over a long text would hold the interpreter,
    # and with it the event loop. A word cut at a block's end is not worth more care.
    for start in range(0, len(text), _BLOCK):
        raw.update(_SUBWORD.findall(text, start, start + _BLOCK))
    terms: Counter[str] = Counter()
    for word, count in raw.items():
        if 1 < len(word) <= _MAX_LENGTH:
            terms[stem(word)] += count
    return terms


def path_terms(path: str) -> set[str]:
    """The stemmed sub-words of a path's folders and name."""
    return {stem(word) for word in subwords(path) if len(word) > 1}

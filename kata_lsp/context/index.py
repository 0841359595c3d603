"""Owns an in-memory inverted index over whole files: build, refresh, and BM25 scores.

Must not read files, know prompts, or weigh kinds of files.
"""

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from kata_lsp.context.files.reading import FileStamp
from kata_lsp.context.terms import count_terms, path_terms

__all__ = ["Document", "FileIndex", "Scores"]

_K1 = 1.2
_B = 0.6
_PATH_COUNT = 4
_TF_BITS = 16
_MAX_TF = (1 << _TF_BITS) - 1
_LEAST_DEAD = 256
_MAX_POSTINGS = 16_000_000
_MAX_VOCABULARY = 500_000
_MAX_TERMS_PER_FILE = 4000


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the index knows it."""

    path: str
    stamp: FileStamp
    length: int
    """Number of terms; 0 when the file was read and found not worth indexing."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The answer to one query."""

    by_path: Mapping[str, float]
    idf: Mapping[str, float]
    """Rarity of every query term in this index, also of terms that no file has."""


class FileIndex:
    """Postings of `term -> (document, count)`; replaced documents are swept when they add up.

    Args:
        max_postings: Bound of the memory, at 8 bytes each; `full` says when it is reached.
        max_vocabulary: Distinct terms; a tree of random words must not exhaust the memory.
    """

    def __init__(
        self, max_postings: int = _MAX_POSTINGS, max_vocabulary: int = _MAX_VOCABULARY
    ) -> None:
        self._max_postings = max_postings
        self._max_vocabulary = max_vocabulary
        self._size = 0
        self._documents: list[Document | None] = []
        self._ids: dict[str, int] = {}
        self._postings: dict[str, array[int]] = {}
        self._dead = 0
        self._total_length = 0

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def full(self) -> bool:
        """Whether no further file should be put in."""
        if self._size >= self._max_postings and self._dead:
            self._sweep()
        return self._size >= self._max_postings

    def stamp_of(self, path: str) -> FileStamp | None:
        """The stamp a file had when it was put in, or None."""
        number = self._ids.get(path)
        document = None if number is None else self._documents[number]
        return None if document is None else document.stamp

    def paths(self) -> list[str]:
        """All paths that are in the index."""
        return list(self._ids)

    def put(self, path: str, stamp: FileStamp, text: str) -> None:
        """Add a file, or replace what the index knew of it; an empty text only keeps the stamp."""
        self.drop(path)
        number = len(self._documents)
        terms = count_terms(text)
        length = sum(terms.values())
        if text:
            terms.update(dict.fromkeys(path_terms(path), _PATH_COUNT))
        for term, count in terms.most_common(_MAX_TERMS_PER_FILE):
            self._post(term, number, count)
        self._documents.append(Document(path, stamp, length))
        self._ids[path] = number
        self._total_length += length

    def drop(self, path: str) -> None:
        """Forget a file."""
        number = self._ids.pop(path, None)
        document = None if number is None else self._documents[number]
        if number is None or document is None:
            return
        self._documents[number] = None
        self._total_length -= document.length
        self._dead += 1
        if self._dead > max(_LEAST_DEAD, len(self._ids)):
            self._sweep()

    def score(self, terms: Mapping[str, float]) -> Scores:
        """BM25 of every file that has one of the weighted terms (Robertson and Zaragoza 2009).

        The result depends on the indexed files only, not on the order they came in.
        """
        size = max(1, len(self._ids))
        average = max(1.0, self._total_length / size)
        scores: dict[str, float] = {}
        rarity: dict[str, float] = {}
        # Summed in one fixed order: floating point addition is not associative.
        for term in sorted(terms):
            found = self._lookup(term)
            idf = rarity[term] = math.log(1 + (size - len(found) + 0.5) / (len(found) + 0.5))
            weight = idf * terms[term] * (_K1 + 1)
            for document, count in found:
                norm = count + _K1 * (1 - _B + _B * document.length / average)
                path = document.path
                scores[path] = scores.get(path, 0.0) + weight * count / norm
        return Scores(scores, rarity)

    def _post(self, term: str, number: int, count: int) -> None:
        postings = self._postings.get(term)
        if postings is None:
            if len(self._postings) >= self._max_vocabulary:
                return
            postings = self._postings[term] = array("Q")
        postings.append(number << _TF_BITS | min(count, _MAX_TF))
        self._size += 1

    def _lookup(self, term: str) -> list[tuple[Document, int]]:
        documents = self._documents
        return [
            (document, packed & _MAX_TF)
            for packed in self._postings.get(term, ())
            if (document := documents[packed >> _TF_BITS]) is not None
        ]

    def _sweep(self) -> None:
        alive = [document for document in self._documents if document is not None]
        renumbered = {self._ids[document.path]: new for new, document in enumerate(alive)}
        for term in list(self._postings):
            kept = array(
                "Q",
                (
                    renumbered[packed >> _TF_BITS] << _TF_BITS | packed & _MAX_TF
                    for packed in self._postings[term]
                    if packed >> _TF_BITS in renumbered
                ),
            )
            if kept:
                self._postings[term] = kept
            else:
                del self._postings[term]
        self._size = sum(map(len, self._postings.values()))
        self._documents = list[Document | None](alive)
        self._ids = {document.path: number for number, document in enumerate(alive)}
        self._dead = 0

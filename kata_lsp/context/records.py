"""Owns the values that enter and leave the context engine, and the protocol of its sources.

Must not know how anything is found, read or ranked, and nothing of LSP or pydantic.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = [
    "ContextBundle",
    "ContextDiagnostic",
    "ContextLimits",
    "ContextQuery",
    "ContextSource",
    "Snippet",
    "SourceResult",
]


@dataclass(frozen=True, slots=True)
class ContextQuery:
    """What is asked: the user's prompt about one workspace root."""

    text: str
    root: Path
    limit: int = 12
    """The most distinct files that the answer names."""
    max_tokens: int = 12_000
    """Upper bound of the bundle's estimated tokens."""
    focus: tuple[str, ...] = ()
    """POSIX paths relative to `root` that the user has open or selected: they are preferred."""


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """How much work a source may do; a workspace may lower these but not raise them."""

    max_files: int = 20_000
    """Files indexed per root; the likeliest kinds are kept."""
    max_file_bytes: int = 512 * 1024
    """Larger source files are read up to here, other larger files are skipped."""
    max_total_bytes: int = 256 * 1024 * 1024
    """Bytes read to build the index of one root."""
    excludes: tuple[str, ...] = ()
    """gitignore-style patterns, relative to the root."""
    snippet_lines: int = 60
    """The most lines of one window, before neighbouring windows are merged."""
    timeout: float = 30.0
    """Seconds that one source may take; a source returns what it has before then."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Consecutive lines of one file."""

    path: str
    """POSIX, relative to the query's root."""
    start_line: int
    """1-based."""
    end_line: int
    """1-based, inclusive."""
    text: str
    score: float
    """Comparable within one bundle only; higher is better."""
    source: str
    """Name of the source that found it."""
    reason: str
    """Why it was chosen, in words for the user."""


@dataclass(frozen=True, slots=True)
class ContextDiagnostic:
    """Something that the user should know about an answer that is nevertheless usable."""

    source: str
    code: str
    """A stable snake_case word."""
    message: str
    """What happened, to what, and what to do."""


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What one source found, best first."""

    snippets: tuple[Snippet, ...] = ()
    diagnostics: tuple[ContextDiagnostic, ...] = ()
    files_considered: int = 0


@dataclass(frozen=True, slots=True)
class ContextBundle:
    """The engine's answer: redacted snippets, best first, within the query's budget."""

    snippets: tuple[Snippet, ...] = ()
    diagnostics: tuple[ContextDiagnostic, ...] = ()
    estimated_tokens: int = 0
    files_considered: int = 0


class ContextSource(Protocol):
    """Somewhere snippets come from."""

    @property
    def name(self) -> str:
        """A short constant word, unique among the engine's sources."""
        ...

    async def search(self, query: ContextQuery, limits: ContextLimits) -> SourceResult:
        """Find snippets for a query, best first, without blocking the event loop.

        Raises:
            Exception: Anything; the engine turns it into a diagnostic.
            asyncio.CancelledError: At once when cancelled, with the work stopped.
        """
        ...

    async def aclose(self) -> None:
        """Stop all work and free what the source owns; further calls do nothing."""
        ...

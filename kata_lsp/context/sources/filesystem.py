"""Owns the workspace's files as a source: one search is refresh, shortlist, second look, snippets.

Must not know other sources, budgets or secrets in text; all its work runs in its own thread.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from kata_lsp.context.catalog import Catalog, Refreshed, readable_text
from kata_lsp.context.files.reading import RootReader
from kata_lsp.context.prompt import parse_prompt
from kata_lsp.context.ranking import RankedFile, candidates, rank
from kata_lsp.context.records import (
    ContextDiagnostic,
    ContextLimits,
    ContextQuery,
    Snippet,
    SourceResult,
)
from kata_lsp.context.worker import Stop, Worker

__all__ = ["FilesystemSource"]

_NAME = "filesystem"
_FILES_WITH_MORE_WINDOWS = 3
_MORE_WINDOWS_SHARE = 0.5


class FilesystemSource:
    """Ranked windows of the files below a root.

    Indexes stay in memory between searches and are checked against the disk at every search.
    """

    def __init__(self) -> None:
        self._worker = Worker("kata-context-files")
        self._catalog = Catalog()

    @property
    def name(self) -> str:
        """The source's name in snippets and diagnostics."""
        return _NAME

    async def search(self, query: ContextQuery, limits: ContextLimits) -> SourceResult:
        """Find the files that matter for the query's text.

        A root that cannot be read is a diagnostic, not an error.

        Raises:
            asyncio.CancelledError: At once when cancelled.
        """
        return await self._worker.run(
            lambda stop: _search(self._catalog, query, limits, stop), Stop.within(limits)
        )

    async def aclose(self) -> None:
        """Stop a running search, end the thread and free the indexes."""
        await self._worker.aclose()
        self._catalog.clear()


def _search(
    catalog: Catalog, query: ContextQuery, limits: ContextLimits, stop: Stop
) -> SourceResult:
    # Resolved once: the user may open the workspace through a link, the workspace may not use one.
    root = query.root.expanduser().resolve()
    try:
        reader = RootReader(root)
    except OSError as error:
        return SourceResult(diagnostics=(_unreadable(query.root, error),))
    with reader:
        refreshed = catalog.refresh(root, reader, limits, stop)
        texts: dict[str, str] = {}
        ranked = _rank(refreshed, _reading_into(texts, reader, limits, stop), query, limits)
    snippets = [
        snippet
        for place, file in enumerate(ranked[: max(0, query.limit)])
        for snippet in _snippets(file, place, texts[file.path])
    ]
    return SourceResult(
        snippets=tuple(sorted(snippets, key=lambda s: (-s.score, s.path, s.start_line))),
        diagnostics=_diagnostics(refreshed, query),
        files_considered=len(refreshed.index),
    )


def _rank(
    refreshed: Refreshed,
    read: Callable[[str], str | None],
    query: ContextQuery,
    limits: ContextLimits,
) -> Sequence[RankedFile]:
    prompt = parse_prompt(query.text)
    shortlist = candidates(refreshed.index, prompt, query.focus)
    return rank(shortlist, prompt, query.focus, read, limits.snippet_lines)


def _reading_into(
    texts: dict[str, str], reader: RootReader, limits: ContextLimits, stop: Stop
) -> Callable[[str], str | None]:
    """A reader that keeps what it read: a snippet must come from the text that was ranked."""

    def read(path: str) -> str | None:
        stop.check()
        text = readable_text(reader, path, limits)
        if text is not None:
            texts[path] = text
        return text

    return read


def _snippets(file: RankedFile, place: int, text: str) -> list[Snippet]:
    lines = text.split("\n")
    # Naming one more file is worth more than one more window, except in the best files.
    windows = file.windows if place < _FILES_WITH_MORE_WINDOWS else file.windows[:1]
    return [
        Snippet(
            path=file.path,
            start_line=window.start_line,
            end_line=window.end_line,
            text="\n".join(lines[window.start_line - 1 : window.end_line]),
            score=round(file.score * (1.0 if number == 0 else _MORE_WINDOWS_SHARE), 6),
            source=_NAME,
            reason=file.reason,
        )
        for number, window in enumerate(windows)
    ]


def _unreadable(root: Path, error: OSError) -> ContextDiagnostic:
    return ContextDiagnostic(
        _NAME,
        "root_unreadable",
        f"The workspace folder {str(root)!r} could not be read ({error.strerror}): open "
        "an existing folder or pass --root with one.",
    )


def _diagnostics(refreshed: Refreshed, query: ContextQuery) -> tuple[ContextDiagnostic, ...]:
    found: list[ContextDiagnostic] = []
    if refreshed.left_out:
        found.append(
            ContextDiagnostic(
                _NAME,
                "index_incomplete",
                f"{refreshed.left_out} of {refreshed.files} files in {str(query.root)!r} were not "
                "searched because a context limit was reached: exclude folders that do not matter, "
                "or raise the limit.",
            )
        )
    if refreshed.files == 0:
        found.append(
            ContextDiagnostic(
                _NAME,
                "no_files",
                f"The workspace folder {str(query.root)!r} has no files to search: check the root "
                "and the context excludes.",
            )
        )
    return tuple(found)

"""Owns one retrieval: ask every source, redact, merge and pack into the budget.

Must not know what a source searches; a source that fails costs its snippets, never the answer.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from kata_lsp.context.budget import merge_overlaps, pack
from kata_lsp.context.records import (
    ContextBundle,
    ContextDiagnostic,
    ContextLimits,
    ContextQuery,
    ContextSource,
    Snippet,
    SourceResult,
)
from kata_lsp.context.secrets import redact
from kata_lsp.context.worker import Stop, Worker

__all__ = ["ContextEngine"]

_NAME = "engine"


class ContextEngine:
    """Answers context queries from a fixed set of sources, which it owns and closes.

    Args:
        sources: Asked concurrently; their names must differ.
        limits: Passed to every source; its `timeout` bounds each of them.
    """

    def __init__(self, sources: Sequence[ContextSource], limits: ContextLimits) -> None:
        self._sources = tuple(sources)
        self._limits = limits
        self._worker = Worker("kata-context")

    def configure(self, limits: ContextLimits) -> None:
        """Use other limits from the next query on."""
        self._limits = limits

    async def retrieve(self, query: ContextQuery) -> ContextBundle:
        """Answer a query; failures become diagnostics.

        Raises:
            asyncio.CancelledError: At once when cancelled, with all sources stopped.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(source, query)) for source in self._sources]
        results = [task.result() for task in tasks]
        return await self._worker.run(
            lambda stop: _assemble(query, results, stop), Stop.within(self._limits)
        )

    async def aclose(self) -> None:
        """Stop what runs and close every source, also when one of them fails to close."""
        closing = [source.aclose() for source in self._sources]
        await asyncio.gather(*closing, self._worker.aclose(), return_exceptions=True)

    async def _ask(self, source: ContextSource, query: ContextQuery) -> SourceResult:
        try:
            async with asyncio.timeout(self._limits.timeout):
                return await source.search(query, self._limits)
        except TimeoutError:
            return _failure(
                source.name,
                "source_timeout",
                f"Context source {source.name!r} gave no answer within {self._limits.timeout:g} s: "
                "exclude folders that do not matter, or raise the context time-out.",
            )
        except Exception as error:  # noqa: BLE001 - whatever a source does, the run goes on
            return _failure(
                source.name,
                "source_failed",
                f"Context source {source.name!r} failed ({type(error).__name__}): the answer lacks "
                "its snippets; run the command again or look at the log.",
            )


def _failure(source: str, code: str, message: str) -> SourceResult:
    return SourceResult(diagnostics=(ContextDiagnostic(source, code, message),))


def _assemble(query: ContextQuery, results: Sequence[SourceResult], stop: Stop) -> ContextBundle:
    diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
    merged = merge_overlaps(snippet for result in results for snippet in result.snippets)
    clean, redacted = _redacted(merged, stop)
    chosen, tokens = pack(_first_files(clean, query.limit), query.max_tokens)
    if redacted:
        diagnostics.append(_redaction_notice(redacted))
    return ContextBundle(
        snippets=tuple(chosen),
        diagnostics=tuple(diagnostics),
        estimated_tokens=tokens,
        files_considered=sum(result.files_considered for result in results),
    )


def _redacted(snippets: Sequence[Snippet], stop: Stop) -> tuple[list[Snippet], dict[str, int]]:
    """Snippets without secrets, and the number of secrets by path."""
    clean: list[Snippet] = []
    counts: dict[str, int] = {}
    for snippet in snippets:
        stop.check()
        redaction = redact(snippet.text)
        clean.append(replace(snippet, text=redaction.text))
        if redaction.count:
            counts[snippet.path] = counts.get(snippet.path, 0) + redaction.count
    return clean, counts


def _first_files(snippets: Sequence[Snippet], limit: int) -> list[Snippet]:
    files = list(dict.fromkeys((snippet.source, snippet.path) for snippet in snippets))
    kept = set(files[: max(0, limit)])
    return [snippet for snippet in snippets if (snippet.source, snippet.path) in kept]


def _redaction_notice(counts: dict[str, int]) -> ContextDiagnostic:
    paths = ", ".join(repr(path) for path in sorted(counts))
    return ContextDiagnostic(
        _NAME,
        "secrets_redacted",
        f"{sum(counts.values())} values that look like credentials were replaced in {paths}: "
        "move real ones out of the repository.",
    )

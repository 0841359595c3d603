"""Owns the engine: failures become diagnostics, cancellation passes, nothing leaves unredacted."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kata_lsp.context import (
    ContextEngine,
    ContextLimits,
    ContextQuery,
    Snippet,
    SourceResult,
)

QUERY = ContextQuery("anything", Path("/nowhere"))
KEY = "ghp_" + "a1B2c3D4e5F6" * 3


class ListSource:
    """A source whose answer is given, or which fails, or waits for ever."""

    def __init__(self, name: str, *paths: str, text: str = "x", fail: Callable | None = None):
        self.name = name
        self._paths, self._text, self._fail = paths, text, fail
        self.entered, self.cancelled, self.closed = asyncio.Event(), False, False

    async def search(self, query: ContextQuery, limits: ContextLimits) -> SourceResult:
        self.entered.set()
        try:
            if self._fail is not None:
                await self._fail()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        count = len(self._paths)
        snippets = [
            Snippet(path, 1, 1, self._text, float(count - place), self.name, "given")
            for place, path in enumerate(self._paths)
        ]
        return SourceResult(tuple(snippets), files_considered=count)

    async def aclose(self) -> None:
        self.closed = True
        if self._fail is not None:
            raise RuntimeError("closing failed")


async def boom() -> None:
    raise LookupError("a detail that may hold a secret")


async def for_ever() -> None:
    await asyncio.Event().wait()


async def retrieve(engine: ContextEngine, query: ContextQuery = QUERY):
    try:
        return await engine.retrieve(query)
    finally:
        await engine.aclose()


async def test_sources_are_merged_best_first() -> None:
    """The snippets of all sources come together by score; counts add up."""
    engine = ContextEngine((ListSource("one", "a", "b"), ListSource("two", "c")), ContextLimits())
    bundle = await retrieve(engine)
    assert [s.path for s in bundle.snippets] == ["a", "b", "c"]
    assert bundle.files_considered == 3
    assert bundle.estimated_tokens > 0
    assert bundle.diagnostics == ()


async def test_limit_counts_files() -> None:
    """No more than `limit` files are named."""
    engine = ContextEngine((ListSource("one", *"abcdef"),), ContextLimits())
    bundle = await retrieve(engine, ContextQuery("x", Path(), limit=2))
    assert [s.path for s in bundle.snippets] == ["a", "b"]


async def test_failing_source_is_a_diagnostic() -> None:
    """A source that raises costs only its own snippets, and its details stay out of the message."""
    engine = ContextEngine((ListSource("bad", fail=boom), ListSource("good", "a")), ContextLimits())
    bundle = await retrieve(engine)
    assert [s.path for s in bundle.snippets] == ["a"]
    (diagnostic,) = bundle.diagnostics
    assert (diagnostic.source, diagnostic.code) == ("bad", "source_failed")
    assert "LookupError" in diagnostic.message
    assert "secret" not in diagnostic.message


async def test_slow_source_is_cancelled_and_a_diagnostic() -> None:
    """A source that exceeds the time-out is cancelled; the others' answers count."""
    slow = ListSource("slow", fail=for_ever)
    engine = ContextEngine((slow, ListSource("good", "a")), ContextLimits(timeout=0.05))
    bundle = await retrieve(engine)
    assert [d.code for d in bundle.diagnostics] == ["source_timeout"]
    assert [s.path for s in bundle.snippets] == ["a"]
    assert slow.cancelled


async def test_cancellation_passes_through() -> None:
    """A cancelled retrieval cancels its sources and raises."""
    slow = ListSource("slow", fail=for_ever)
    engine = ContextEngine((slow,), ContextLimits())
    task = asyncio.create_task(engine.retrieve(QUERY))
    await asyncio.wait_for(slow.entered.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.cancelled
    await engine.aclose()


async def test_secrets_are_redacted_and_reported() -> None:
    """No credential leaves the engine; the user is told where they are."""
    engine = ContextEngine((ListSource("one", "conf.py", text=f"k = '{KEY}'"),), ContextLimits())
    bundle = await retrieve(engine)
    assert KEY not in repr(bundle)
    assert "[redacted: github token]" in bundle.snippets[0].text
    (diagnostic,) = bundle.diagnostics
    assert diagnostic.code == "secrets_redacted"
    assert "'conf.py'" in diagnostic.message


async def test_close_closes_every_source() -> None:
    """All sources are closed, also when one of them fails to; closing twice is fine."""
    sources = (ListSource("bad", fail=boom), ListSource("good"))
    engine = ContextEngine(sources, ContextLimits())
    await engine.aclose()
    await engine.aclose()
    assert all(source.closed for source in sources)


async def test_no_sources() -> None:
    """An engine without sources answers with nothing."""
    assert (await retrieve(ContextEngine((), ContextLimits()))).snippets == ()


def test_import_is_cheap() -> None:
    """Importing the package loads neither LSP, pydantic, databases nor the pattern library."""
    code = (
        "import sys, kata_lsp.context\n"
        "heavy = {'pygls', 'lsprotocol', 'pydantic', 'sqlite3', 'pathspec', 'openai'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

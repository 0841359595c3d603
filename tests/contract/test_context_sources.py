"""Owns what every context source promises, whatever it searches."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kata_lsp.context import ContextLimits, ContextQuery, ContextSource, FilesystemSource

SOURCES: list[Callable[[], ContextSource]] = [FilesystemSource]
LIMITS = ContextLimits(timeout=60)
each_source = pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A little workspace in which something can be found."""
    for number in range(8):
        (tmp_path / f"module{number}.py").write_text(
            f"def beacon_{number}():\n    return 'signal'\n" * (number + 1)
        )
    return tmp_path


@each_source
async def test_answers_are_well_formed(make: Callable[[], ContextSource], workspace: Path) -> None:
    """Snippets are best first, name their source, say why, and count lines from 1."""
    source = make()
    result = await source.search(ContextQuery("beacon signal", workspace), LIMITS)
    await source.aclose()
    assert result.snippets
    scores = [snippet.score for snippet in result.snippets]
    assert scores == sorted(scores, reverse=True)
    for snippet in result.snippets:
        assert snippet.source == source.name
        assert snippet.reason
        assert not snippet.path.startswith(("/", "../"))
        assert 1 <= snippet.start_line <= snippet.end_line
        assert snippet.text.count("\n") == snippet.end_line - snippet.start_line


@each_source
async def test_same_question_same_answer(
    make: Callable[[], ContextSource], workspace: Path
) -> None:
    """Asking twice, also at the same time, gives the same answer."""
    source = make()
    query = ContextQuery("beacon signal", workspace)
    first, second = await asyncio.gather(*(source.search(query, LIMITS) for _ in range(2)))
    assert first == second == await source.search(query, LIMITS)
    await source.aclose()


@each_source
async def test_cancellation(make: Callable[[], ContextSource], workspace: Path) -> None:
    """A cancelled search raises and leaves a source that still answers."""
    source = make()
    query = ContextQuery("beacon", workspace)
    task = asyncio.create_task(source.search(query, LIMITS))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await source.search(query, LIMITS)).snippets
    await source.aclose()


@each_source
async def test_missing_root(make: Callable[[], ContextSource], workspace: Path) -> None:
    """A root that does not exist is a diagnostic, not an error."""
    source = make()
    result = await source.search(ContextQuery("beacon", workspace / "gone"), LIMITS)
    await source.aclose()
    assert result.snippets == ()
    assert result.diagnostics


@each_source
async def test_closing(make: Callable[[], ContextSource], workspace: Path) -> None:
    """Closing ends every thread the source started, and may be repeated or come first."""
    before = set(threading.enumerate())
    source = make()
    await source.search(ContextQuery("beacon", workspace), LIMITS)
    await source.aclose()
    await source.aclose()
    assert set(threading.enumerate()) <= before
    await make().aclose()

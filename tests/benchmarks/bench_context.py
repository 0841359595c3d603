"""Times the context engine on a synthetic tree of 3,000 files, and on checkouts given as arguments.

Usage: python tests/benchmarks/bench_context.py [CHECKOUT ...]
"""

import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kata_lsp.context import ContextEngine, ContextLimits, ContextQuery, FilesystemSource

PROMPTS = (
    "streaming response is not closed when the client disconnects early",
    "validate nested models when assignment is enabled",
    "race condition while shutting down the background worker thread",
    "handle missing header in redirect response",
    "cache invalidation of resolved modules after config reload",
    "wrong line offset in diagnostics for multi byte characters",
    "retry connection with exponential backoff after timeout",
    "parse environment variables in configuration file",
    "log a warning when a deprecated option is used",
)
WORDS = sorted({word for prompt in PROMPTS for word in prompt.split()})
FILES = 3000


def synthetic_tree(root: Path) -> None:
    """Write modules of ordinary size whose identifiers are drawn from a skewed vocabulary."""
    chance = random.Random(7)
    vocabulary = WORDS + [f"{a}{b}" for a in WORDS[:40] for b in ("Value", "Item", "State", "Node")]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    for number in range(FILES):
        folder = root / f"pkg{number % 60}"
        folder.mkdir(exist_ok=True)
        words = chance.choices(vocabulary, weights, k=900)
        lines = [
            f"def {a}_{b}({c}):\n    return {d}_{e}({c})\n"
            for a, b, c, d, e in zip(*[iter(words)] * 5, strict=True)
        ]
        (folder / f"{words[0]}_{number}.py").write_text("\n".join(lines))


async def measure(root: Path) -> None:
    """Print the time of the first and of later queries on one root."""
    engine = ContextEngine((FilesystemSource(),), ContextLimits(timeout=300))
    start = time.perf_counter()
    bundle = await engine.retrieve(ContextQuery(PROMPTS[0], root))
    cold = time.perf_counter() - start
    warm: list[float] = []
    for prompt in PROMPTS[1:] * 3:
        start = time.perf_counter()
        await engine.retrieve(ContextQuery(prompt, root))
        warm.append(1000 * (time.perf_counter() - start))
    await engine.aclose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{root}: {bundle.files_considered} files, first query {cold:.2f} s, then "
        f"{statistics.median(warm):.0f} ms (worst {max(warm):.0f} ms), peak {peak:.0f} MB"
    )


def main() -> None:
    """Measure the synthetic tree and every checkout given."""
    with tempfile.TemporaryDirectory() as folder:
        synthetic_tree(Path(folder))
        asyncio.run(measure(Path(folder)))
    for checkout in sys.argv[1:]:
        asyncio.run(measure(Path(checkout)))


if __name__ == "__main__":
    main()

"""Put the pi engine where the tests look for it; quick when it is there already."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fakes.pi_engine import INSTALLATION

from kata_lsp.providers.pi.installing import install


def say(what: str) -> None:
    """Show one step."""
    sys.stderr.write(f"pi engine: {what}\n")


if __name__ == "__main__":
    asyncio.run(install(INSTALLATION, say))

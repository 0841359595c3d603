"""The real pi engine as the tests use it: where it is, and processes it leaves behind.

`make test` installs it into `.cache/pi` (tests/pi_setup.py); `KATA_PI_HOME` names another place.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kata_lsp.providers.pi.installation import (
    HOME_VARIABLE,
    Installation,
    default_root,
    status_of,
)
from kata_lsp.providers.pi.source import PiMode

CHECKOUT = Path(__file__).parents[2]
HOME = os.environ.get(HOME_VARIABLE) or str(CHECKOUT / ".cache" / "pi")
INSTALLATION = Installation(default_root({HOME_VARIABLE: HOME}))

needs_engine = pytest.mark.skipif(
    not status_of(INSTALLATION).ready and "CI" not in os.environ,
    reason="the pi engine is missing: run `python tests/pi_setup.py`",
)
"""Skips on a developer's machine without the engine; CI fails instead."""


@asynccontextmanager
async def pi_mode(
    home: str | Path = HOME, *, subscriptions: bool = False
) -> AsyncGenerator[PiMode]:
    """Runtime mode `pi` on the engine at `home`, ended afterwards."""
    mode = PiMode({**os.environ, HOME_VARIABLE: str(home)}, lambda: subscriptions)
    try:
        yield mode
    finally:
        await mode.aclose()

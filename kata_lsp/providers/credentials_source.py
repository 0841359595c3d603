"""Owns the seam to places outside this process that may hold keys.

Must not know any such place, nor in which order they are asked.
"""

from __future__ import annotations

from typing import Protocol

from kata_lsp.providers.registry import Provider


class KeySourceError(Exception):
    """A source that is set up for a provider failed; the message names it, never its output."""


class KeySource(Protocol):
    """Something outside this process that may hold keys: a command, the keyring."""

    @property
    def name(self) -> str:
        """What the source is called in reports."""
        ...

    async def key(self, provider: Provider) -> str | None:
        """Return the key as the source gives it, None when it has none.

        Raises:
            KeySourceError: The source should have one and failed.
        """
        ...

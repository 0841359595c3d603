"""Owns the list of features: what registers handlers for LSP's own methods.

Must not know what a feature does; each module offers `register(server)`.
"""

from __future__ import annotations

from typing import Final

from kata_lsp.lsp.features import client_events
from kata_lsp.lsp.server import Register

FEATURES: Final[tuple[Register, ...]] = (client_events.register,)

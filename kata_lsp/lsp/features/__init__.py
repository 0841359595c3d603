"""Owns the list of features: what registers handlers for LSP's own methods.

Must not know what a feature does; each module offers `register(server)`. They are named rather
than imported, so that none of them comes to know its siblings through this list.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from kata_lsp.lsp.server import Register

_NAMES: Final = (
    "client_events",
    "diagnostics",
    "code_lens",
    "code_actions",
)


def _register_of(name: str) -> Register:
    return import_module(f"{__name__}.{name}").register


FEATURES: Final[tuple[Register, ...]] = tuple(map(_register_of, _NAMES))

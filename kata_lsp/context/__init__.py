"""Owns context retrieval: a prompt and a workspace become ranked, redacted snippets.

Must not know LSP, pydantic, providers or runs; importing it loads no index.
"""

from kata_lsp.context.engine import ContextEngine
from kata_lsp.context.records import (
    ContextBundle,
    ContextDiagnostic,
    ContextLimits,
    ContextQuery,
    ContextSource,
    Snippet,
    SourceResult,
)
from kata_lsp.context.sources.filesystem import FilesystemSource

__all__ = [
    "ContextBundle",
    "ContextDiagnostic",
    "ContextEngine",
    "ContextLimits",
    "ContextQuery",
    "ContextSource",
    "FilesystemSource",
    "Snippet",
    "SourceResult",
]

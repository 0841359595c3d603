"""Owns everything that speaks LSP; nothing outside this package imports pygls or lsprotocol.

Must not know how runs, providers or specs work: a handler converts, asks the core once, converts
back.
"""

from kata_lsp.lsp import startup as _startup

# Every import of lsprotocol below this package must find the lazily defined classes, so this
# comes before any submodule can import them eagerly. It has no other effect.
_startup.define_lsp_types_lazily()

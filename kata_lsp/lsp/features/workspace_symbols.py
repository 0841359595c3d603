"""Owns workspace symbols: sections and tasks of every spec, open or not.

Must not know where specs are; `spec_search` finds them.
"""

from itertools import chain, islice
from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.symbols import flat

MAX_SYMBOLS = 500


async def workspace_symbols(
    server: KataServer, params: types.WorkspaceSymbolParams
) -> list[dict[str, Any]]:
    """Return the symbols that match a query, open specs first."""
    views = await server.editor.spec_search.views()
    found = chain.from_iterable(flat(view, params.query) for view in views)
    return list(islice(found, MAX_SYMBOLS))

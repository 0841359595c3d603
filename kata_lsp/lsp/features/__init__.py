"""Owns the table of features: which module answers which of LSP's own methods.

Must not know what a feature does, and imports none of them: `initialize` reads this table, and a
feature's module is imported when its method is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

from lsprotocol import types

from kata_lsp.lsp.server import KataServer, Register

TOKEN_TYPES: Final = ("enumMember", "variable", "decorator", "operator", "regexp", "keyword")
TOKEN_MODIFIERS: Final = ("declaration", "readonly")
"""Types and modifiers that LSP predefines, so that every theme has a colour for them."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the table.

    Args:
        method: The method on the wire.
        module: The module of this package that holds the handler.
        handler: Its name in it: `handler(server, params)`, a plain function or a coroutine's.
        options: Makes what `initialize` tells about it, where that is more than that it is there.
    """

    method: str
    module: str
    handler: str
    options: Callable[[], Any] | None = None

    def register(self, server: KataServer) -> None:
        """Add the handler to a server."""
        options = None if self.options is None else self.options()
        server.feature(self.method, options)(partial(self._call, server))

    def _call(self, server: KataServer, params: Any) -> Any:
        return getattr(import_module(f"{__name__}.{self.module}"), self.handler)(server, params)


def _code_actions() -> types.CodeActionOptions:
    return types.CodeActionOptions(code_action_kinds=["quickfix", "refactor.rewrite", "kata"])


def _completion() -> types.CompletionOptions:
    return types.CompletionOptions(trigger_characters=["#", "(", "`", "/"])


def _diagnostics() -> types.DiagnosticOptions:
    return types.DiagnosticOptions(
        inter_file_dependencies=False, workspace_diagnostics=False, identifier="kata"
    )


def _tokens() -> types.SemanticTokensLegend:
    return types.SemanticTokensLegend(
        token_types=list(TOKEN_TYPES), token_modifiers=list(TOKEN_MODIFIERS)
    )


_ROWS: Final = (
    Feature(types.INITIALIZED, "client_events", "initialized"),
    Feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION, "client_events", "configuration_changed"),
    Feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, "client_events", "folders_changed"),
    Feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, "client_events", "progress_cancelled"),
    Feature(types.TEXT_DOCUMENT_DID_OPEN, "diagnostics", "opened"),
    Feature(types.TEXT_DOCUMENT_DID_CHANGE, "diagnostics", "changed"),
    Feature(types.TEXT_DOCUMENT_DID_SAVE, "diagnostics", "saved"),
    Feature(types.TEXT_DOCUMENT_DID_CLOSE, "diagnostics", "closed"),
    Feature(types.TEXT_DOCUMENT_DIAGNOSTIC, "diagnostics", "pulled", _diagnostics),
    Feature(types.TEXT_DOCUMENT_CODE_LENS, "code_lens", "code_lens"),
    Feature(types.TEXT_DOCUMENT_CODE_ACTION, "code_actions", "code_actions", _code_actions),
    Feature(types.TEXT_DOCUMENT_HOVER, "hover", "hover"),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, "document_symbols", "document_symbols"),
    Feature(types.WORKSPACE_SYMBOL, "workspace_symbols", "workspace_symbols"),
    Feature(types.TEXT_DOCUMENT_FOLDING_RANGE, "folding", "folding"),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, "document_links", "document_links"),
    Feature(types.TEXT_DOCUMENT_COMPLETION, "completion", "completion", _completion),
    Feature(types.TEXT_DOCUMENT_DEFINITION, "definition", "definition"),
    Feature(types.TEXT_DOCUMENT_REFERENCES, "references", "references"),
    Feature(types.TEXT_DOCUMENT_PREPARE_RENAME, "rename", "prepare"),
    Feature(types.TEXT_DOCUMENT_RENAME, "rename", "rename"),
    Feature(types.TEXT_DOCUMENT_INLAY_HINT, "inlay_hints", "inlay_hints"),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, "semantic_tokens", "full", _tokens),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, "semantic_tokens", "of_range", _tokens),
)

FEATURES: Final[tuple[Register, ...]] = tuple(row.register for row in _ROWS)

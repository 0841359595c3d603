"""Owns the session's own methods: initialize, shutdown, exit, setTrace and executeCommand.

Must not know what commands and features do.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.protocol.language_server import lsp_method

from kata_lsp.lsp.capabilities import fit
from kata_lsp.lsp.dispatch import CommandTable
from kata_lsp.lsp.documents import Documents
from kata_lsp.lsp.endpoint import Endpoint
from kata_lsp.lsp.initialize import Session, read_session
from kata_lsp.lsp.lifecycle import ParentWatch, Phase

if TYPE_CHECKING:
    from kata_lsp.lsp.server import KataServer

PROTOCOL_VERSION: Final = 1
"""Raised when a client written for the earlier contract would misread the new one."""
NOTIFICATIONS: Final = (
    "kata/run/didChange",
    "kata/run/didStream",
    "kata/status/didChange",
)
_TRACE_LEVELS: Final = {
    types.TraceValue.Messages: logging.INFO,
    types.TraceValue.Verbose: logging.DEBUG,
}


class KataProtocol(Endpoint):
    """The session methods of the server."""

    session: Session | None = None
    commands: CommandTable = CommandTable(())
    notifications: Sequence[str] = NOTIFICATIONS
    _base_level: int | None = None
    _watch: ParentWatch | None = None
    _client_capabilities: types.ClientCapabilities | None = None

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: Any) -> Any:
        """Answer what the server can do; a refused one may be repeated."""
        session = read_session(params)
        encoding = session.position_encoding
        self._workspace = Documents(
            session.root_uri,
            types.TextDocumentSyncKind.Incremental,
            list(session.folders),
            encoding,
        )
        self.session = session
        self._server.process_id = session.process_id
        if session.process_id is not None:
            self._watch = ParentWatch(self.lifecycle)
            self._watch.start(session.process_id)
        self._trace(session.trace)
        self.server_capabilities = self._capabilities(encoding)
        self.lifecycle.phase = Phase.RUNNING
        return types.InitializeResult(
            capabilities=self.server_capabilities, server_info=self.server_info
        )

    def _capabilities(self, encoding: types.PositionEncodingKind) -> types.ServerCapabilities:
        capabilities = ServerCapabilitiesBuilder(
            # The builder asks it only about features that this server does not have.
            types.ClientCapabilities(),
            set(self.registered),
            self.fm.feature_options,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # untyped in pygls
            self.commands.names,
            types.TextDocumentSyncKind.Incremental,
            None,
            encoding,
        ).build()
        fit(capabilities, cast("KataServer", self._server))
        capabilities.experimental = {
            "kata": {
                "protocolVersion": PROTOCOL_VERSION,
                "commands": self.commands.names,
                "notifications": list(self.notifications),
            }
        }
        return capabilities

    @property
    def client_capabilities(self) -> types.ClientCapabilities:
        """The client's capabilities as lsprotocol's classes; those of a wrong type are absent.

        Building them is slow; `Session.capability` looks one up at once.
        """
        if self._client_capabilities is None:
            raw = None if self.session is None else self.session.capabilities
            try:
                found = self._converter.structure(raw or {}, types.ClientCapabilities)
            except Exception:  # noqa: BLE001 - hooks and validators raise whatever they like
                found = types.ClientCapabilities()
            self._client_capabilities = found
        return self._client_capabilities

    @lsp_method(types.INITIALIZED)
    def lsp_initialized(self, *args: Any) -> Any:
        """Tell the features that the session began."""
        return self._user_handler(types.INITIALIZED, *args)

    async def settle(self) -> None:
        """Stop watching the editor too."""
        if self._watch is not None:
            self._watch.close()
        await super().settle()

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_: Any) -> Any:
        """Refuse what follows, cancel what runs, record what was in flight, then answer."""
        self.lifecycle.phase = Phase.SHUT_DOWN
        return self.settle()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> Any:
        """Stop; 0 after a shutdown, 1 without."""
        orderly = self.lifecycle.phase is Phase.SHUT_DOWN
        self.lifecycle.stop(0 if orderly else 1, "exit" if orderly else "exit without shutdown")

    @lsp_method(types.SET_TRACE)
    def lsp_set_trace(self, params: types.SetTraceParams) -> Any:
        """Log more, or as much as the settings say."""
        self._trace(types.TraceValue(params.value))
        return self._user_handler(types.SET_TRACE, params)

    def _trace(self, value: types.TraceValue) -> None:
        self.trace = value
        logger = logging.getLogger("kata_lsp")
        if self._base_level is None:
            self._base_level = logger.level
        logger.setLevel(_TRACE_LEVELS.get(value, self._base_level))

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: Any) -> Any:
        """Run a command of the table."""
        return self.commands.execute(cast("KataServer", self._server), params)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> Any:
        """Hand the token to whoever made the bar, without pygls' warning that it did not."""
        return self._user_handler(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, params)

    def _user_handler(self, method: str, *args: Any) -> Any:
        handler = self.added.get(method)
        return None if handler is None else self._invoke(handler, args, {})

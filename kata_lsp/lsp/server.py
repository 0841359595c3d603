"""Owns the server object that features and commands get, and how it is put together and served.

Must not know what features and commands do; they are handed in as data.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pygls.lsp.server import LanguageServer

from kata_lsp import __version__
from kata_lsp.lsp import serve
from kata_lsp.lsp.dispatch import Command, CommandTable
from kata_lsp.lsp.initialize import Session
from kata_lsp.lsp.lifecycle import Hook
from kata_lsp.lsp.params import converter
from kata_lsp.lsp.session import KataProtocol
from kata_lsp.lsp.transport.outbox import Merge

if TYPE_CHECKING:
    from kata_lsp.app import App
    from kata_lsp.lsp.editor import Editor

_log = logging.getLogger(__name__)

Register = Callable[["KataServer"], None]
"""What a feature module offers: `register(server)` adds its handlers with `@server.feature`."""


class KataServer(LanguageServer):
    """The server as features and commands see it.

    Args:
        app_factory: Makes the composition root when it is first needed, which is not at
            `initialize`.
    """

    protocol: KataProtocol  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, by pygls

    def __init__(self, app_factory: "Callable[[KataServer], App]") -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # untyped in pygls
            "kata-lsp",
            __version__,
            protocol_cls=KataProtocol,
            converter_factory=converter,
        )
        self._app_factory = app_factory
        self._app: App | None = None
        self._editor: Editor | None = None

    @property
    def app(self) -> "App":
        """The composition root, made at the first call."""
        if self._app is None:
            self._app = self._app_factory(self)
        return self._app

    @property
    def editor(self) -> "Editor":
        """The client as the core sees it, made at the first call."""
        if self._editor is None:
            from kata_lsp.lsp.editor import Editor  # noqa: PLC0415 - `initialize` needs none of it

            self._editor = Editor(self)
        return self._editor

    @property
    def session(self) -> Session:
        """What the client told about itself; `session.capability(path)` looks one up.

        Raises:
            RuntimeError: `initialize` has not come yet.
        """
        if self.protocol.session is None:
            raise RuntimeError("there is no session before initialize")
        return self.protocol.session

    def on_shutdown(self, hook: Hook) -> None:
        """Await `hook` when the session ends: shutdown, exit, end of stdin, signal, parent death.

        Called once; the last added first. All hooks together get `lifecycle.HOOKS_SECONDS`.
        """
        self.protocol.lifecycle.on_shutdown(hook)

    def send(
        self, method: str, params: Any, coalesce_key: str | None = None, merge: Merge | None = None
    ) -> None:
        """Send a notification; returns at once however slow the client is.

        Args:
            method: The method.
            params: JSON, a pydantic payload (dumped by alias), or lsprotocol's class.
            coalesce_key: While an earlier message with this key waits for a slow client, this one
                takes its place. Without a key nothing is replaced or dropped.
            merge: `merge(list_of_params) -> params` to send instead of all that wait; for text
                deltas. Messages with it are the first to go when the client does not read.

        Raises:
            TypeError: The params have no JSON form.
        """
        self.protocol.send(method, params, coalesce_key, merge)

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Send a request to the client and return its raw result.

        Ends with the session; giving up (also by cancellation) tells the client.

        Args:
            method: The method.
            params: JSON or lsprotocol's class.
            seconds: How long to wait.

        Raises:
            TimeoutError: No answer in time.
            RpcError: The client answered with an error, or the session ended.
        """
        return await self.protocol.ask(method, params, seconds)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log instead of pygls' pop-up; whoever asked gets an answer anyway."""
        _log.error("%s: %s", getattr(source, "__name__", "error"), type(error).__name__)


def create_server(
    app_factory: "Callable[[KataServer], App]",
    commands: Sequence[Command] | None = None,
    features: Iterable[Register] | None = None,
) -> KataServer:
    """Put a server together; nothing of a command is imported, the app is not made.

    Args:
        app_factory: Makes the composition root when it is first needed.
        commands: The command table; `kata_lsp.lsp.commands.COMMANDS` when omitted.
        features: What registers handlers; `kata_lsp.lsp.features.FEATURES` when omitted.
    """
    # At INFO it would log the payloads of what it handles for us.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    server = KataServer(app_factory)
    server.protocol.commands = CommandTable(_all_commands() if commands is None else commands)
    for register in _all_features() if features is None else features:
        register(server)
    return server


# By name, because the rows and the features import this module; an import statement here would
# make every feature depend on all its siblings.
def _all_commands() -> Sequence[Command]:
    return import_module("kata_lsp.lsp.commands").COMMANDS


def _all_features() -> Iterable[Register]:
    return import_module("kata_lsp.lsp.features").FEATURES


def serve_stdio(server: KataServer) -> int:
    """Serve the process that started us and return the exit code.

    0 after `shutdown` and `exit`, 1 when the session ended without them, 128 + n on a signal.
    """
    return serve.stdio(server.protocol)


def serve_tcp(server: KataServer, host: str = "127.0.0.1", port: int = 0) -> int:
    """Serve one connection on a loopback port, which is logged as a warning; for debugging.

    Raises:
        ValueError: The host is not a loopback address.
    """
    return serve.tcp(server.protocol, host, port)


def serve_ws(server: KataServer, host: str = "127.0.0.1", port: int = 0) -> int:
    """Serve one WebSocket on a loopback port, which is logged as a warning; for debugging.

    Raises:
        ValueError: The host is not a loopback address.
        ImportError: The package `websockets` is not installed.
    """
    return serve.ws(server.protocol, host, port)

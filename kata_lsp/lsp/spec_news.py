"""Owns telling the client that what it shows of a spec is out of date.

Diagnostics are pushed, or refreshed where the client pulls them; lenses are refreshed. Must not
know what any of them says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from kata_lsp.lsp.capabilities import pulls_diagnostics
from kata_lsp.lsp.client import Client
from kata_lsp.lsp.diagnosing import Diagnosing
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.specs import Specs

PAUSE_SECONDS: Final = 0.15
"""How long nobody types before a spec is examined."""
ANSWER_SECONDS: Final = 10.0

_REFRESHES: Final = {
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
}
_PUBLISH: Final = "textDocument/publishDiagnostics"

Own = Callable[[Coroutine[Any, Any, None], str], object]


class SpecNews:
    """Tells the client.

    Args:
        client: Who is told.
        specs: The open specs.
        diagnosing: Finds their problems.
        own: Starts a task and awaits it in the end.
    """

    def __init__(self, client: Client, specs: Specs, diagnosing: Diagnosing, own: Own) -> None:
        self._client = client
        self._specs = specs
        self._diagnosing = diagnosing
        self._own = own
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._published: set[str] = set()
        self._asking: set[str] = set()
        self._again: set[str] = set()

    def typed(self, uri: str) -> None:
        """Examine a document once nobody has typed for a moment."""
        self._in(PAUSE_SECONDS, uri)

    def opened(self, uri: str) -> None:
        """Examine a document at once."""
        self._in(0, uri)

    def closed(self, uri: str) -> None:
        """Take a closed document's diagnostics away."""
        if timer := self._timers.pop(uri, None):
            timer.cancel()
        if uri in self._published:
            self._published.discard(uri)
            self._publish(uri, None, [])

    def around_changed(self, root: str, path: str) -> None:
        """Show anew what depends on a spec's runs and comments."""
        views = [view for view in self._specs.views() if (view.root, view.path) == (root, path)]
        for view in views:
            self._in(0, view.snapshot.uri)
        if views:
            self._refresh()

    def places_changed(self) -> None:
        """Examine every document again: settings or folders say anew which ones are specs."""
        self._specs.forget_all()
        views = self._specs.views()
        uris = {view.snapshot.uri for view in views}
        for uri in tuple(self._published - uris):
            self.closed(uri)
        for uri in uris:
            self._in(0, uri)
        if views:
            self._refresh()

    def _in(self, seconds: float, uri: str) -> None:
        if pulls_diagnostics(self._client):
            return
        if timer := self._timers.pop(uri, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[uri] = loop.call_later(seconds, self._examine, uri)

    def _examine(self, uri: str) -> None:
        self._timers.pop(uri, None)
        self._own(self._push(uri), f"diagnose {uri}")

    async def _push(self, uri: str) -> None:
        view = self._specs.view(uri)
        if view is None:
            return
        found = await self._diagnosing.diagnose(view)
        # Edited or closed meanwhile: whoever did that has set a timer of its own.
        if self._specs.view(uri) is view:
            self._published.add(uri)
            self._publish(uri, view.snapshot.version, found)

    def _publish(self, uri: str, version: int | None, found: list[dict[str, Any]]) -> None:
        params: dict[str, Any] = {"uri": uri, "diagnostics": found}
        if version is not None:
            params["version"] = version
        self._client.send(_PUBLISH, params, coalesce_key=f"{_PUBLISH} {uri}")

    def _refresh(self) -> None:
        for method, capability in _REFRESHES.items():
            if self._client.session.capability(capability) is not True:
                continue
            if method == "workspace/diagnostic/refresh" and not pulls_diagnostics(self._client):
                continue
            if method in self._asking:
                self._again.add(method)
            else:
                self._asking.add(method)
                self._own(self._ask(method), method)

    async def _ask(self, method: str) -> None:
        """Ask the client to ask again; what changes meanwhile makes one more question, not many."""
        try:
            while True:
                self._again.discard(method)
                await self._client.ask(method, None, ANSWER_SECONDS)
                if method not in self._again:
                    return
        except (TimeoutError, RpcError):
            return
        finally:
            self._asking.discard(method)

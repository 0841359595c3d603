"""Owns the client's settings: what it sent, whose values they are, and what all layers make of it.

Must not know what a setting means. A value counts as the user's own only where no repository
could have set it: `initializationOptions.kata`, and configuration that a client pulls from the
user's scope and says so (`experimental.kata.userConfiguration: true`); such a client is also asked
for `kata.workspaceSettings`, and its answers replace what it sent at the start. Everything else,
such as merged editor configuration, may only narrow, as
`initializationOptions.workspaceSettings` does.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from kata_lsp import logs
from kata_lsp.lsp.client import Client
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.settings.files import read_settings
from kata_lsp.settings.model import Settings
from kata_lsp.settings.resolving import Resolved

_log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 10.0
"""How long a client may take to send its configuration before its present one stays."""

_SECTION: Final = "kata"
_WORKSPACE: Final = "workspaceSettings"
_Json = Mapping[str, object]


class Configuration:
    """The settings of a session.

    Args:
        client: Asked for its configuration where it can answer.
        root: Returns the workspace folder whose own settings count.
    """

    def __init__(self, client: Client, root: Callable[[], str | None]) -> None:
        self._client = client
        self._root = root
        self._pulled: _Json | None = None
        self._pulled_workspace: _Json | None = None
        self._mode: str | None = None
        self._resolved: Resolved | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What was not taken, in words that show no value."""
        if self._resolved is None:
            return ()
        return tuple(f"{each.layer}: {each.message}" for each in self._resolved.problems)

    @property
    def settings(self) -> Settings:
        """The settings as of the last `resolve`."""
        return Settings() if self._resolved is None else self._resolved.settings

    def resolve(self) -> Settings:
        """Read the layers again and return what they make; reads two small files."""
        options = _table(self._client.session.options)
        user, workspace = _table(options.get(_SECTION)), _table(options.get(_WORKSPACE))
        if self._splits:
            user = user if self._pulled is None else self._pulled
            workspace = workspace if self._pulled_workspace is None else self._pulled_workspace
        else:
            workspace = _merged(workspace, self._pulled or {})
        if self._mode is not None:
            user = {**user, "runtimeMode": self._mode}
        root = self._root()
        self._resolved = read_settings(
            environment=os.environ,
            root=None if root is None else Path(root),
            client=user,
            client_workspace=workspace,
        )
        self._set_up_logging(self._resolved)
        return self._resolved.settings

    def set_runtime_mode(self, mode: str) -> None:
        """Use a mode for the rest of the session, whatever the layers say."""
        self._mode = mode

    async def subscribe(self) -> None:
        """Ask the client to tell of changes, where it wants to be asked, and for what it has."""
        if self._client.session.capability("workspace.didChangeConfiguration.dynamicRegistration"):
            registration = {
                "id": "kata-configuration",
                "method": "workspace/didChangeConfiguration",
                "registerOptions": {"section": _SECTION},
            }
            await self._ask("client/registerCapability", {"registrations": [registration]})
        await self.update(None)

    async def update(self, pushed: Any) -> None:
        """Take the client's configuration: what it answers when asked, else what it sent."""
        if self._client.session.capability("workspace.configuration") is True:
            sections = [_SECTION, f"{_SECTION}.{_WORKSPACE}"] if self._splits else [_SECTION]
            items = [{"section": section} for section in sections]
            answer = await self._ask("workspace/configuration", {"items": items})
            found = cast("list[Any]", answer) if isinstance(answer, list) else []
            # A client that has nothing under a name says null; what it sent at the start stays.
            if found and isinstance(found[0], Mapping):
                self._pulled = cast("_Json", found[0])
            if len(found) > 1 and isinstance(found[1], Mapping):
                self._pulled_workspace = cast("_Json", found[1])
        elif isinstance(pushed, Mapping):
            self._pulled = _table(cast("_Json", pushed).get(_SECTION))

    @property
    def _splits(self) -> bool:
        """Whether the client keeps its user's own values apart from those of the workspace."""
        return self._client.session.capability("experimental.kata.userConfiguration") is True

    async def _ask(self, method: str, params: Any) -> Any:
        try:
            return await self._client.ask(method, params, ANSWER_SECONDS)
        except (TimeoutError, RpcError) as error:
            _log.info("the client did not answer %s: %s", method, type(error).__name__)
            return None

    def _set_up_logging(self, resolved: Resolved) -> None:
        settings = resolved.settings
        if not {"logLevel", "logFile"} & resolved.origins.keys():
            return
        file = Path(settings.log_file).expanduser() if settings.log_file else None
        try:
            logs.configure(settings.log_level, file)
        except OSError as error:
            _log.warning("kata.logFile cannot be written: %s", error.strerror)


def _table(value: object) -> _Json:
    return cast("_Json", value) if isinstance(value, Mapping) else {}


def _merged(below: _Json, above: _Json) -> _Json:
    """Return both tables; what `above` sets wins, key by key."""
    merged = dict(below)
    for key, value in above.items():
        lower, upper = _table(merged.get(key)), _table(value)
        merged[key] = _merged(lower, upper) if lower and upper else value
    return merged

"""Owns reading `initialize`: what the client told about itself, as one frozen snapshot.

Reads the raw params, because structuring the 300 classes of client capabilities takes longer than
all the rest of a start. A capability of a wrong type counts as absent; anything else that does
not fit is refused by name. Must not know what the server makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

from lsprotocol.types import PositionEncodingKind, TraceValue, WorkspaceFolder

from kata_lsp.lsp.jsonrpc import Code, RpcError

_MAX_PID: Final = 2**31 - 1
_TRACES: Final = tuple(value.value for value in TraceValue)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """The client's side of a session, as `initialize` stated it."""

    process_id: int | None
    root_uri: str | None
    folders: tuple[WorkspaceFolder, ...]
    capabilities: Json
    options: Any
    """Initialization options, untouched; never to be logged."""
    trace: TraceValue
    client_name: str
    client_version: str

    def capability(self, path: str) -> Any:
        """Return a client capability by its path on the wire, or None.

        Args:
            path: For instance `workspace.workspaceEdit.documentChanges`.
        """
        value: Any = self.capabilities
        for name in path.split("."):
            value = cast("Json", value).get(name) if isinstance(value, dict) else None
        return value

    @property
    def position_encoding(self) -> PositionEncodingKind:
        """The first encoding of the client's that we know; UTF-16 when it names none."""
        offered = self.capability("general.positionEncodings")
        for name in cast("list[Any]", offered) if isinstance(offered, list) else ():
            if name in {kind.value for kind in PositionEncodingKind}:
                return PositionEncodingKind(name)
        return PositionEncodingKind.Utf16


def read_session(params: Any) -> Session:
    """Read `InitializeParams`.

    Raises:
        RpcError: -32602, naming the field that does not fit.
    """
    if not isinstance(params, dict):
        raise _misfit("params", "must be an object")
    fields = cast("dict[str, Any]", params)
    if not isinstance(fields.get("capabilities", {}), dict):
        raise _misfit("params.capabilities", "must be an object")
    info: dict[str, Any] = _typed(fields, "clientInfo", dict, "must be an object") or {}
    trace = fields.get("trace") or TraceValue.Off.value
    if trace not in _TRACES:
        raise _misfit("params.trace", f"must be one of {', '.join(_TRACES)}")
    return Session(
        process_id=_process_id(fields.get("processId")),
        root_uri=_root(fields),
        folders=tuple(_folders(fields.get("workspaceFolders"))),
        capabilities=fields.get("capabilities", {}),
        options=fields.get("initializationOptions"),
        trace=TraceValue(trace),
        client_name=str(info.get("name", ""))[:100],
        client_version=str(info.get("version", ""))[:100],
    )


def _process_id(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 < value <= _MAX_PID):
        return value
    raise _misfit("params.processId", "must be a process id or null")


def _root(fields: dict[str, Any]) -> str | None:
    uri = _typed(fields, "rootUri", str, "must be a URI or null")
    path = _typed(fields, "rootPath", str, "must be a path or null")
    if uri is None and path and path.startswith("/"):
        return f"file://{quote(path)}"
    return uri


def _folders(value: Any) -> list[WorkspaceFolder]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _misfit("params.workspaceFolders", "must be an array or null")
    return [_folder(index, each) for index, each in enumerate(cast("list[Any]", value))]


def _folder(index: int, value: Any) -> WorkspaceFolder:
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    uri, name = fields.get("uri"), fields.get("name", "")
    if not isinstance(uri, str) or not isinstance(name, str):
        raise _misfit(f"params.workspaceFolders[{index}]", "must have a uri and a name")
    return WorkspaceFolder(uri=uri, name=name)


def _typed(fields: dict[str, Any], name: str, kind: type, problem: str) -> Any:
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise _misfit(f"params.{name}", problem)
    return value


def _misfit(field: str, problem: str) -> RpcError:
    return RpcError(Code.INVALID_PARAMS, f"{field}: {problem} (initialize)")

"""An editor for tests: pytest-lsp drives the installed server, this plays the buffers and the user.

It advertises what a preset says (VS Code, Neovim, or nothing at all), makes edits as such an editor
would, and remembers everything the server sent.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from clients.text import edited
from clients.workspace import Workspace
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import make_test_lsp_client

SERVER = [str(Path(sys.executable).with_name("kata-lsp")), "serve"]
PATIENCE = 30.0
"""Seconds to wait for anything; a busy machine may need many of them."""

Preset = Literal["visual-studio-code", "neovim", "bare"]
PRESETS: tuple[Preset, ...] = ("visual-studio-code", "neovim", "bare")
Answer = Literal["apply", "refuse", "fail", "silent"]
"""What the editor does with a request: as asked, say no, answer an error, or never answer."""


class CommandFailedError(Exception):
    """The server answered a command with an error."""

    def __init__(self, code: int, message: str, data: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data


@dataclass
class Buffer:
    """An open document."""

    text: str
    version: int = 1


@dataclass
class Editor:
    """A session with the server, and what the user of it sees."""

    client: LanguageClient
    workspace: Workspace
    encoding: str = "utf-16"
    on_edit: Answer = "apply"
    on_question: str | Answer = "silent"
    on_progress: Answer = "apply"
    buffers: dict[str, Buffer] = field(default_factory=dict)
    received: list[tuple[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    initialized: Any = None
    before_edit: Callable[[], None] = lambda: None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _forever: asyncio.Event = field(default_factory=asyncio.Event)
    _unanswered: set[asyncio.Task[Any]] = field(default_factory=set)

    # What the user does

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run a command and return its result as plain JSON."""
        params = types.ExecuteCommandParams(command=name, arguments=list(arguments))
        try:
            return await asyncio.wait_for(
                self.client.workspace_execute_command_async(params), PATIENCE
            )
        except JsonRpcException as error:
            raise CommandFailedError(error.code or 0, error.message, error.data) from None

    async def start(self, prompt: str, **options: Any) -> str:
        """Start a run with the scripted provider unless told otherwise; return its id."""
        options = {"provider": "scripted", **options}
        answer = await self.command("kata.run.start", {"prompt": prompt, **options})
        assert answer["status"] == "queued"
        return answer["runId"]

    async def ended(self, run_id: str) -> dict[str, Any]:
        """Return a run's record once it is terminal."""
        over = {"completed", "failed", "interrupted", "cancelled"}
        return await self.change(run_id, lambda run: run["status"] in over)

    async def change(self, run_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first published record of a run that is as wanted."""
        return await self.message(
            "kata/run/didChange", lambda run: run["runId"] == run_id and wanted(run)
        )

    def changes(self, run_id: str) -> list[dict[str, Any]]:
        """Return every published record of a run, in order."""
        return [run for run in self.sent("kata/run/didChange") if run["runId"] == run_id]

    def streamed(self, run_id: str, kind: str = "text") -> list[dict[str, Any]]:
        """Return the stream notifications of a run, in order."""
        found = self.sent("kata/run/didStream")
        return [each for each in found if each["runId"] == run_id and each["kind"] == kind]

    def sent(self, method: str) -> list[Any]:
        """Return the params of every message of a method, in order."""
        return [params for name, params in self.received if name == method]

    async def message(self, method: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the params of the first message of a method that are as wanted."""

        def found() -> list[Any]:
            return [params for params in self.sent(method) if wanted(params)]

        async with self._news:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._news.wait_for(lambda: bool(found()))
            except TimeoutError:
                names = [name for name, _ in self.received]
                raise AssertionError(f"no such {method}; there were {names}") from None
        return found()[0]

    def open(self, path: Path, text: str | None = None) -> str:
        """Open a file, or a text that is not saved yet; return the URI."""
        uri = path.as_uri()
        content = path.read_bytes().decode("utf-8") if text is None else text
        self.buffers[uri] = Buffer(content)
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=content)
            )
        )
        return uri

    def type(self, uri: str, text: str) -> None:
        """Make a buffer's text another, as if the user had typed it."""
        buffer = self.buffers[uri]
        buffer.text, buffer.version = text, buffer.version + 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version=buffer.version, uri=uri),
                [types.TextDocumentContentChangeWholeDocument(text=text)],
            )
        )

    async def leave(self) -> int:
        """Shut the session down as an editor does, and return the server's exit code."""
        await asyncio.wait_for(self.client.shutdown_async(None), PATIENCE)
        self._forget_unanswered()
        self.client.exit(None)
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait for the server's end."""
        process = self.client._server
        assert process is not None
        return await asyncio.wait_for(process.wait(), PATIENCE)

    # What the editor does

    async def note(self, method: str, params: Any) -> None:
        """Remember a message and wake whoever waits for it."""
        async with self._news:
            self.received.append((method, _plain(params)))
            self._news.notify_all()

    async def apply_edit(self, params: types.ApplyWorkspaceEditParams) -> Any:
        """Make an edit as the client does that was advertised."""
        plain = self.client.protocol._converter.unstructure(params)
        self.edits.append(plain)
        await self.note("workspace/applyEdit", plain)
        self.before_edit()
        if not await self._consents(self.on_edit):
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the user said no")
        edit = plain["edit"]
        try:
            for change in edit.get("documentChanges") or []:
                self._make(change)
            for uri, edits in (edit.get("changes") or {}).items():
                self._edit(uri, edits, None)
        except ValueError as error:
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason=str(error))
        return types.ApplyWorkspaceEditResult(applied=True)

    async def ask(self, params: types.ShowMessageRequestParams) -> Any:
        """Ask the user a question."""
        await self.note("window/showMessageRequest", params)
        if self.on_question in {"silent", "fail"}:
            await self._consents("silent" if self.on_question == "silent" else "fail")
        return next((a for a in params.actions or () if a.title == self.on_question), None)

    async def create_progress(self, params: types.WorkDoneProgressCreateParams) -> None:
        """Make room for a progress bar."""
        await self.note("window/workDoneProgress/create", params)
        await self._consents(self.on_progress)

    def let_go(self) -> None:
        """Answer what has stayed unanswered so far."""
        self._forever.set()
        self._forever = asyncio.Event()

    async def close(self) -> None:
        """End the server if it still runs, and every request that was to stay unanswered."""
        self._forget_unanswered()
        process = self.client._server
        if process is not None and process.returncode is None:
            process.kill()
        await self.client.stop()
        self.client.protocol.writer = None  # what is answered now has nowhere to go
        self._forever.set()
        if self._unanswered:
            await asyncio.wait(self._unanswered)

    def _forget_unanswered(self) -> None:
        # pygls' client takes every open request for one of its own when the server ends.
        open_requests = self.client.protocol._request_futures
        for key, future in list(open_requests.items()):
            if isinstance(future, asyncio.Task):
                self._unanswered.add(future)
                del open_requests[key]

    async def _consents(self, answer: Answer) -> bool:
        if answer == "silent":
            await self._forever.wait()
            return True
        if answer == "fail":
            raise RuntimeError("this editor cannot do that")
        return answer == "apply"

    def _make(self, change: dict[str, Any]) -> None:
        if change.get("kind") == "create":
            path = _path(change["uri"])
            if path.exists():
                raise ValueError("the file exists")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
            return
        document = change["textDocument"]
        self._edit(document["uri"], change["edits"], document.get("version"))

    def _edit(self, uri: str, edits: Sequence[dict[str, Any]], version: int | None) -> None:
        buffer = self.buffers.get(uri)
        if buffer is None:
            path = _path(uri)
            text = edited(path.read_bytes().decode("utf-8"), edits, self.encoding)
            path.write_bytes(text.encode("utf-8"))
            return
        if version not in (None, buffer.version):
            raise ValueError("the document has another version")
        self.type(uri, edited(buffer.text, edits, self.encoding))


def _plain(value: Any) -> Any:
    """Return JSON for the named tuples that pygls makes of messages it does not know."""
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def capabilities(preset: Preset, encoding: str | None = None) -> types.ClientCapabilities:
    """Return what an editor advertises; the bare one nothing at all."""
    found = types.ClientCapabilities() if preset == "bare" else client_capabilities(preset)
    if encoding is not None:
        found.general = types.GeneralClientCapabilities(position_encodings=[encoding])
    return found


async def drafted(editor: Editor, **options: Any) -> str:
    """Run a draft to its end and return the run's id; the draft waits."""
    run_id = await editor.start("Count tokens", **options)
    run = await editor.ended(run_id)
    assert run["draft"]["state"] == "waiting"
    return run_id


@asynccontextmanager
async def editing(
    workspace: Workspace,
    preset: Preset = "visual-studio-code",
    *,
    encoding: str | None = None,
    experimental: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    configuration: dict[str, Any] | None = None,
    folders: Sequence[Path] | None = None,
    env: dict[str, str] | None = None,
) -> AsyncGenerator[Editor]:
    """Start the installed server and a session with it; end both, however the test ends."""
    client = make_test_lsp_client()
    editor = Editor(client, workspace)
    _listen(editor)
    client.set_configuration({"kata": configuration} if configuration else {})
    await client.start_io(*SERVER, env=workspace.environment(**(env or {})))
    try:
        advertised = capabilities(preset, encoding)
        if experimental is not None:
            advertised.experimental = {"kata": experimental}
        roots = [workspace.root] if folders is None else folders
        editor.initialized = await asyncio.wait_for(
            client.initialize_session(
                types.InitializeParams(
                    capabilities=advertised,
                    workspace_folders=[
                        types.WorkspaceFolder(uri=root.as_uri(), name=root.name) for root in roots
                    ],
                    initialization_options=options,
                )
            ),
            PATIENCE,
        )
        editor.encoding = editor.initialized.capabilities.position_encoding or "utf-16"
        yield editor
        if client._server is not None and client._server.returncode is None:
            await editor.leave()
    finally:
        await editor.close()


def _listen(editor: Editor) -> None:
    client = editor.client
    for method in ("kata/run/didChange", "kata/run/didStream", "kata/status/didChange"):
        client.feature(method)(_noting(editor, method))
    client.feature(types.CLIENT_REGISTER_CAPABILITY)(_noting(editor, "client/registerCapability"))
    replaced = client.protocol.fm.features
    for method in (
        types.WINDOW_WORK_DONE_PROGRESS_CREATE,
        types.WINDOW_SHOW_MESSAGE_REQUEST,
        types.WINDOW_SHOW_MESSAGE,
        types.WINDOW_SHOW_DOCUMENT,
        types.PROGRESS,
        types.WORKSPACE_APPLY_EDIT,
    ):
        replaced.pop(method, None)
    client.feature(types.WORKSPACE_APPLY_EDIT)(_bound(editor.apply_edit))
    client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(_bound(editor.ask))
    client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)(_bound(editor.create_progress))
    client.feature(types.WINDOW_SHOW_MESSAGE)(_noting(editor, "window/showMessage"))
    client.feature(types.PROGRESS)(_noting(editor, "$/progress"))

    async def show_document(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        await editor.note("window/showDocument", params)
        return types.ShowDocumentResult(success=True)

    client.feature(types.WINDOW_SHOW_DOCUMENT)(show_document)


def _noting(editor: Editor, method: str) -> Callable[[Any], Any]:
    async def handler(params: Any) -> None:
        await editor.note(method, params)

    return handler


def _bound(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def handler(params: Any) -> Any:
        return await method(params)

    return handler

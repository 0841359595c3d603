"""Owns specs in an editor: an open document's text wins over the disk, edits go through the client.

Must not know drafts; it is handed edits made for a snapshot and applies all of them or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from kata_lsp.lsp.client import Client
from kata_lsp.lsp.convert import Lines
from kata_lsp.lsp.documents import Documents, Snapshot
from kata_lsp.lsp.folders import Folders
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.orchestrator.spec_files import (
    SpecSnapshot,
    WriteResult,
    read_spec,
    resolve_spec,
    write_if_unchanged,
)
from kata_lsp.spec.edits import TextEdit

ANSWER_SECONDS: Final = 30.0
"""How long the client may take over an edit that asks nobody."""
CONFIRM_SECONDS: Final = 900.0
"""How long its user may think about an edit to be confirmed."""

_ANNOTATION: Final = "kata"
_BOM: Final = "\ufeff"
_MAX_REASON: Final = 500


class EditorSpecFiles:
    """Specs as the client has them.

    Args:
        client: Asked to make the edits.
        workspace: Returns the open documents.
        folders: How the client spells a path.
    """

    def __init__(
        self, client: Client, workspace: Callable[[], Documents], folders: Folders
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._folders = folders
        self._asking: set[str] = set()

    async def read(self, root: str, spec_path: str) -> SpecSnapshot:
        """Return the open document's text and version, else the file's.

        Raises:
            InvalidInputError: The path leaves the root, or the file cannot be a spec.
        """
        path = await asyncio.to_thread(resolve_spec, root, spec_path)
        opened = self._workspace().opened_file(str(path))
        if opened is not None:
            return SpecSnapshot(path, opened.text, opened.version, exists=True)
        return await asyncio.to_thread(read_spec, path)

    async def write(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], *, label: str, confirm: bool
    ) -> WriteResult:
        """Have the client make the edits, or write the file where the client cannot.

        Nothing is changed when the spec is no longer what `snapshot` says, when the client
        refuses, or when it does not answer.
        """
        key = str(snapshot.path)
        if key in self._asking:
            return WriteResult("refused", "the editor is still asking about an earlier edit of it")
        self._asking.add(key)
        try:
            return await self._write(snapshot, edits, label=label, confirm=confirm)
        finally:
            self._asking.discard(key)

    async def _write(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], *, label: str, confirm: bool
    ) -> WriteResult:
        if not self._through_client(snapshot):
            return await self._write_file(snapshot, edits)
        if await self._moved_on(snapshot):
            return _stale(snapshot)
        # From here to the request nothing is awaited, so the version cannot change in between.
        edit = self._workspace_edit(snapshot, edits, label if confirm else "")
        asks_the_user = "changeAnnotations" in edit
        refusal = await self._ask(label, edit, CONFIRM_SECONDS if asks_the_user else ANSWER_SECONDS)
        if refusal is None:
            return WriteResult("applied")
        return _stale(snapshot) if await self._moved_on(snapshot) else refusal

    async def _ask(self, label: str, edit: dict[str, Any], seconds: float) -> WriteResult | None:
        """Return None when the client made the edit, else why it did not."""
        params = {"label": label, "edit": edit}
        try:
            answer = await self._client.ask("workspace/applyEdit", params, seconds)
        except TimeoutError:
            return WriteResult("refused", "the editor did not answer; the draft is kept")
        except RpcError as error:
            return WriteResult("refused", f"the editor cannot apply edits: {error.message}")
        reply = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        if reply.get("applied") is True:
            return None
        reason = str(reply.get("failureReason") or "no reason given")[:_MAX_REASON]
        return WriteResult("refused", f"the editor did not apply the edit: {reason}")

    def _through_client(self, snapshot: SpecSnapshot) -> bool:
        can = self._client.session.capability
        if not can("workspace.applyEdit"):
            return False
        return snapshot.exists or self._opened(snapshot) is not None or self._can_create()

    def _can_create(self) -> bool:
        can = self._client.session.capability
        operations = can("workspace.workspaceEdit.resourceOperations")
        return bool(
            can("workspace.workspaceEdit.documentChanges")
            and isinstance(operations, list)
            and "create" in cast("list[Any]", operations)
        )

    def _opened(self, snapshot: SpecSnapshot) -> Snapshot | None:
        return self._workspace().opened_file(str(snapshot.path))

    async def _moved_on(self, snapshot: SpecSnapshot) -> bool:
        if self._opened(snapshot) is None:
            on_disk = await asyncio.to_thread(read_spec, snapshot.path)
            # Opened while the file was read: then the document counts, not the file.
            if self._opened(snapshot) is None:
                return on_disk.text != snapshot.text
        opened = self._opened(snapshot)
        return opened is None or opened.text != snapshot.text

    async def _write_file(self, snapshot: SpecSnapshot, edits: Sequence[TextEdit]) -> WriteResult:
        opened = self._opened(snapshot)
        if opened is not None and opened.text != snapshot.text:
            return _stale(snapshot)
        result = await asyncio.to_thread(write_if_unchanged, snapshot, edits)
        if opened is None or result.outcome == "refused":
            return result
        if result.outcome == "stale":
            return WriteResult("refused", "this editor takes no edits; save the spec and try again")
        return WriteResult("applied", "written to the file; reload it in the editor")

    def _workspace_edit(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], confirm_label: str
    ) -> dict[str, Any]:
        opened = self._opened(snapshot)
        uri = self._folders.uri(snapshot.path) if opened is None else opened.uri
        made = self._text_edits(snapshot, edits, opened)
        can = self._client.session.capability
        if not can("workspace.workspaceEdit.documentChanges"):
            return {"changes": {uri: made}}
        extra: dict[str, Any] = {}
        tag: dict[str, str] = {}
        if confirm_label and can("workspace.workspaceEdit.changeAnnotationSupport") is not None:
            extra["changeAnnotations"] = {
                _ANNOTATION: {"label": confirm_label, "needsConfirmation": True}
            }
            tag = {"annotationId": _ANNOTATION}
        version = None if opened is None else opened.version
        changes: list[dict[str, Any]] = [
            {
                "textDocument": {"uri": uri, "version": version},
                "edits": [edit | tag for edit in made],
            }
        ]
        if not snapshot.exists and opened is None:
            # Without `overwrite` and `ignoreIfExists` a file that appeared meanwhile is safe.
            changes.insert(0, {"kind": "create", "uri": uri, **tag})
        return {"documentChanges": changes, **extra}

    def _text_edits(
        self, snapshot: SpecSnapshot, edits: Sequence[TextEdit], opened: Snapshot | None
    ) -> list[dict[str, Any]]:
        # An editor hides the byte order mark of a file it opens, so it has no position there.
        shift = 1 if opened is None and snapshot.text.startswith(_BOM) else 0
        lines = Lines(snapshot.text[shift:])
        encoding = self._client.session.position_encoding.value

        def place(offset: int) -> dict[str, int]:
            return lines.position(offset - shift, encoding)._asdict()

        return [
            {
                "range": {"start": place(edit.span.start), "end": place(edit.span.end)},
                "newText": edit.new_text,
            }
            for edit in edits
        ]


def _stale(snapshot: SpecSnapshot) -> WriteResult:
    return WriteResult("stale", f"{snapshot.path.name} was edited meanwhile; apply again to merge")

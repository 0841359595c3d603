"""Owns showing a draft as a document: a file under the state directory that the client opens.

Must not know drafts beyond their text. Without `window/showDocument` the user is told the
command that returns the draft.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, cast

import platformdirs

from kata_lsp.lsp.client import Client
from kata_lsp.lsp.convert import path_to_uri
from kata_lsp.lsp.jsonrpc import RpcError

ANSWER_SECONDS: Final = 10.0
"""How long the client may take to open the file."""

_KEPT: Final = 20


def previews_path() -> Path:
    """Return where previews are written, on this platform."""
    return platformdirs.user_state_path("kata-lsp", appauthor=False) / "previews"


def preview_path(run_id: str) -> Path:
    """Return the file that shows the draft of a run, once it was shown."""
    return previews_path() / f"draft-{run_id}.md"


class Previews:
    """Drafts as files, the newest few."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def show(self, run_id: str, text: str) -> str:
        """Have the client open a draft; returns what to tell the user, "" when it is open."""
        instead = f"`kata.draft.show` with runId {run_id} returns the draft and its diff."
        if not self._client.session.capability("window.showDocument.support"):
            return instead
        try:
            path = await asyncio.to_thread(_write, preview_path(run_id), text)
        except OSError as error:
            return f"The preview cannot be written ({error.strerror}). {instead}"
        params = {"uri": path_to_uri(path), "external": False, "takeFocus": True}
        try:
            answer = await self._client.ask("window/showDocument", params, ANSWER_SECONDS)
        except (TimeoutError, RpcError):
            return instead
        reply = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        return "" if reply.get("success") is True else instead


def _write(path: Path, text: str) -> Path:
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    path.chmod(0o600)
    others = sorted(folder.glob("draft-*.md"), key=lambda each: each.stat().st_mtime)
    for old in others[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path

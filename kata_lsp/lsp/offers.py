"""Owns the offer of a finished draft: Apply, Show or Later, where the client can ask its user.

Must not know how drafts are applied. Nobody waits for an answer: a client that ignores the
question, refuses the method or never answers leaves a draft that waits, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from kata_lsp.errors import InvalidInputError, KataError
from kata_lsp.lsp.client import Client, show, wants
from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.orchestrator.events import Event, RunChanged
from kata_lsp.runs.record import DraftState, RunRecord, RunStatus

ANSWER_SECONDS: Final = 3600.0
"""How long a question may stay open; the draft waits longer than that."""

APPLY: Final = "Apply"
SHOW: Final = "Show"
LATER: Final = "Later"
_INFO: Final = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What the answers lead to; both return a message for the user, "" for none."""

    apply: Callable[[RunRecord], Awaitable[str]]
    show: Callable[[RunRecord], Awaitable[str]]


class Offers:
    """Offers a waiting draft once, unless it is only to be kept; one of the core's sinks."""

    def __init__(self, client: Client, choices: Choices) -> None:
        self._client = client
        self._choices = choices
        self._offered: set[str] = set()
        self._open: set[asyncio.Task[None]] = set()

    def __call__(self, event: Event) -> None:
        """Offer a draft when a run has just finished one."""
        if isinstance(event, RunChanged) and self._is_news(event.record):
            self._offered.add(event.record.id)
            self._offer(event.record)

    async def aclose(self) -> None:
        """Withdraw every open question."""
        tasks = tuple(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_news(self, record: RunRecord) -> bool:
        return (
            record.status is RunStatus.COMPLETED
            and _to_be_offered(record)
            and record.draft is not None
            and record.draft.state is DraftState.WAITING
            and record.id not in self._offered
        )

    def _offer(self, record: RunRecord) -> None:
        if not wants(self._client, "offers"):
            return
        if self._client.session.capability("window.showMessage") is None:
            show(self._client, f"{_headline(record)} `kata.draft.apply` applies it.")
            return
        task = asyncio.create_task(self._ask(record), name=f"offer {record.id}")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _ask(self, record: RunRecord) -> None:
        question = {
            "type": _INFO,
            "message": _headline(record),
            "actions": [{"title": title} for title in (APPLY, SHOW, LATER)],
        }
        try:
            answer = await self._client.ask("window/showMessageRequest", question, ANSWER_SECONDS)
        except (TimeoutError, RpcError):
            return
        try:
            message = await self._follow(_title(answer), record)
        except (InvalidInputError, KataError) as error:
            message = str(error)
        if message:
            show(self._client, message)

    async def _follow(self, title: str, record: RunRecord) -> str:
        match title:
            case "Apply":
                return await self._choices.apply(record)
            case "Show":
                return await self._choices.show(record)
            case _:
                return ""


def _to_be_offered(record: RunRecord) -> bool:
    """Whether the run's policy is to ask, or to apply by itself and that did not work out."""
    match record.request.apply:
        case "ask":
            return True
        case "never":
            return False
        case "auto":
            lacks = record.draft is not None and record.draft.missing_sections
            return bool(lacks) or any(note.source == "apply" for note in record.diagnostics)


def _title(answer: Any) -> str:
    fields = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    return str(fields.get("title", ""))


def _headline(record: RunRecord) -> str:
    missing = record.draft.missing_sections if record.draft else ()
    gaps = f" It lacks: {', '.join(missing)}." if missing else ""
    kept = [note.message.rstrip(".") for note in record.diagnostics if note.source == "apply"]
    why = f" It was not applied: {kept[-1]}." if kept else ""
    return f"A draft for {record.request.spec_path} is ready.{gaps}{why}"

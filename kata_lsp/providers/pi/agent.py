"""Owns an agent's work through the engine: its tasks, its tool calls and their permission.

Must not know processes, nor how an answer is judged.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.agents import (
    AGENT_TOOLS,
    AgentEvent,
    AgentFinished,
    AgentTask,
    Permission,
    Permit,
    ToolFinished,
    ToolRequest,
    TurnFinished,
)
from kata_lsp.providers.messages import (
    CompletionRequest,
    Message,
    StopReason,
    StreamStop,
    TextDelta,
    Usage,
)
from kata_lsp.providers.pi.events import AnswerEnd, AnswerReader, call_id

_log = logging.getLogger(__name__)


def check(task: AgentTask, kind: str, *, subscription: bool) -> None:
    """Return when the task can be worked on.

    Raises:
        KataError: `invalid_request`, naming what is wrong with it; `permission_denied` for a
            subscription, whose login tools could read.
    """
    if subscription:
        raise KataError(
            ErrorCode.PERMISSION_DENIED,
            f"{kind!r} writes drafts only: an agent's tools could read its login",
            remediation="Use a provider with an API key for delegated tasks.",
        )
    unknown = [name for name in task.tools if name not in AGENT_TOOLS]
    if unknown or not task.tools:
        raise KataError(
            ErrorCode.INVALID_REQUEST,
            f"an agent's tools are some of {', '.join(AGENT_TOOLS)}, not {unknown or 'none'}",
        )
    if not task.cwd.is_absolute() or not task.cwd.is_dir():
        raise KataError(
            ErrorCode.INVALID_REQUEST, f"the agent's folder {str(task.cwd)!r} is not there"
        )


def request_of(task: AgentTask) -> CompletionRequest:
    """Return the request that begins the task."""
    return CompletionRequest(
        messages=(Message.user(task.prompt),),
        model=task.model,
        system=task.system,
        max_output_tokens=task.max_output_tokens,
    )


async def permission(asked: Mapping[str, Any], permit: Permit) -> str:
    """Return the caller's decision about a tool call, for the bridge; a failure refuses it."""
    request = ToolRequest(call_id(asked["id"]), asked["name"], asked["arguments"])
    try:
        answer = await permit(request)
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001 - whatever the caller's failure, it is no permission
        _log.exception("asking for permission failed; the tool call is refused")
        answer = Permission(allowed=False, reason="The permission could not be asked for.")
    return json.dumps({"allowed": answer.allowed, "reason": answer.reason})


@dataclass(slots=True)
class _Sum:
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    turns: int = 0
    text: str = ""
    reason: StopReason = StopReason.END_TURN

    def add(self, end: AnswerEnd, reason: StopReason) -> TurnFinished:
        self.turns += 1
        self.usage += end.usage
        if end.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + end.cost_usd
        self.reason = reason
        return TurnFinished(self.turns, end.usage, end.cost_usd)


async def events(
    reader: AnswerReader,
    raw_events: AsyncIterator[Mapping[str, Any]],
    task: AgentTask,
    judge: Callable[[AnswerEnd], StreamStop],
) -> AsyncGenerator[AgentEvent]:
    """Yield an agent's events until the engine has settled.

    Raises:
        KataError: An answer failed, or there were too many of them (`truncated_output`).
    """
    total = _Sum()
    async for raw in raw_events:
        match raw.get("type"):
            case "turn_start":
                _bound(total.turns, task)
                total.text = ""
            case "tool_execution_end":
                yield _finished(raw)
            case _:
                pass
        for event in reader.read(raw):
            if isinstance(event, AnswerEnd):
                yield total.add(event, judge(event).reason)
                continue
            if isinstance(event, TextDelta):
                total.text += event.text
            yield event
    yield AgentFinished(total.reason, total.text, total.usage, total.cost_usd, total.turns)


def _bound(turns: int, task: AgentTask) -> None:
    if turns >= task.max_turns:
        raise KataError(
            ErrorCode.TRUNCATED_OUTPUT,
            f"the agent was not done after {task.max_turns} answers of the model",
            remediation="What it changed was kept. Split the task, or allow more turns.",
            partial=True,
        )


def _finished(raw: Mapping[str, Any]) -> ToolFinished:
    result: object = raw.get("result")
    given = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    blocks: list[dict[str, Any]] = given.get("content") or []
    texts = [str(block["text"]) for block in blocks if block.get("type") == "text"]
    return ToolFinished(
        call_id(raw["toolCallId"]), raw["toolName"], "\n".join(texts), raw.get("isError") is True
    )

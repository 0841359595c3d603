"""Owns the seam for an agent: a model that works with tools in a folder until its task is done.

Must not know any engine, nor what a task is for. The engine brings the loop and the tools; every
tool call passes the caller's permission before it happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kata_lsp.providers.messages import AdapterEvent, StopReason, Usage

AGENT_TOOLS = ("read", "write", "edit", "bash")
"""Tools every engine has: read and change files of the folder, and run commands in it."""


@dataclass(frozen=True, slots=True)
class AgentTask:
    """What to do and where. Nothing the folder holds is loaded or obeyed as configuration.

    Attributes:
        prompt: The task.
        cwd: The folder the agent works in, absolute; it may write there.
        model: The provider's model id.
        system: The system prompt.
        tools: Names of `AGENT_TOOLS` the agent may call.
        writable: More folders it may write to, such as a worktree's git directory.
        environment: Variables for its commands, beside a plain path and a private home.
        max_output_tokens: Bound of each answer of the model.
        max_turns: Bound of the model's answers; beyond it the task fails as truncated.
    """

    prompt: str
    cwd: Path
    model: str
    system: str = ""
    tools: tuple[str, ...] = AGENT_TOOLS
    writable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    max_output_tokens: int = 8192
    max_turns: int = 50


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The agent wants to call a tool; `arguments` is the decoded JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer to a `ToolRequest`; the model is told the reason of a refusal."""

    allowed: bool
    reason: str = ""


Permit = Callable[[ToolRequest], Awaitable[Permission]]
"""Decides about one tool call. It may wait for a person; a failure of it refuses the call."""


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool call has ended, refused ones included; `text` is what the model was told."""

    id: str
    name: str
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """One answer of the model is complete; `cost_usd` is None where the engine has no price."""

    number: int
    usage: Usage
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class AgentFinished:
    """The last event of a task that came to its end; sums over all of its turns."""

    reason: StopReason
    text: str
    usage: Usage
    cost_usd: float | None
    turns: int


AgentEvent = AdapterEvent | ToolFinished | TurnFinished | AgentFinished
"""A closed union in arrival order. A `ToolCall` comes when the model asks, before permission."""


@runtime_checkable
class AgentAdapter(Protocol):
    """An adapter whose engine can also work as an agent. Optional, as `PlainAdapter` is."""

    def agent(
        self, task: AgentTask, permit: Permit
    ) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]:
        """Work on a task; leaving the context ends the agent and all it has started, at once.

        Raises:
            KataError: On entering or while iterating, as `Adapter.stream`.
        """
        ...

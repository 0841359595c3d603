"""Owns the JSON form of a script, for a server that runs in a process of its own.

Must not know when a script is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted.script import (
    DEFAULT_ANSWER,
    Fail,
    Hang,
    Script,
    ScriptedAnswer,
    Step,
    WaitForFile,
)
from kata_lsp.providers.messages import (
    StopReason,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)


def parse_script(data: Mapping[str, Any]) -> Script:
    """Build a script from its JSON form.

    Raises:
        KataError: `invalid_request`: it is not a script; the message says where.
    """
    try:
        answers = [_answer(item) for item in data.get("answers", [])]
        default = _answer(data["default"]) if "default" in data else DEFAULT_ANSWER
        record = Path(data["record"]) if "record" in data else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KataError(ErrorCode.INVALID_REQUEST, f"the script is wrong: {error}") from error
    return Script(answers, default, record)


def _answer(data: Mapping[str, Any]) -> ScriptedAnswer:
    steps = tuple(_step(step) for step in data["steps"])
    return ScriptedAnswer(steps, data.get("match"), bool(data.get("repeat", False)))


def _step(data: Mapping[str, Any]) -> Step:
    ((kind, value),) = data.items()
    if kind not in _STEPS:
        raise ValueError(f"unknown step {kind!r}; known ones are {', '.join(_STEPS)}")
    return _STEPS[kind](value)


def _fail(value: Mapping[str, Any]) -> Fail:
    return Fail(
        ErrorCode(value["code"]),
        value.get("message", "the script says so"),
        value.get("retry_after_seconds"),
        value.get("retryable"),
    )


_STEPS: Final[Mapping[str, Callable[[Any], Step]]] = {
    "text": TextDelta,
    "thinking": ThinkingDelta,
    "tool_call": lambda value: ToolCall(value["id"], value["name"], value.get("arguments", {})),
    "tool_call_progress": ToolCallProgress,
    "usage": lambda value: UsageUpdate(Usage(**value)),
    "stop": lambda value: StreamStop(StopReason(value)),
    "error": _fail,
    "wait_for_file": lambda value: WaitForFile(Path(value)),
    "hang": lambda _: Hang(),
}

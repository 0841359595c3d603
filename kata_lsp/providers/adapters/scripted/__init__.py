"""Owns the scripted provider: a deterministic double that answers what a script says.

Must not be picked by itself: it serves only calls that name it. Its script is a Python object
(`scripted_provider`) or, for a server in a process of its own, the JSON file that the variable
`KATA_SCRIPTED_FILE` names, read when the provider is first used:

    {"answers": [{"match": "REGEX on the last user text, optional", "repeat": false,
                  "steps": [{"text": "..."}, {"thinking": "..."}, {"wait_for_file": "PATH"},
                            {"tool_call": {"id": "1", "name": "read", "arguments": {}}},
                            {"usage": {"input_tokens": 10, "output_tokens": 5}},
                            {"error": {"code": "rate_limited", "retry_after_seconds": 1}},
                            {"hang": true}, {"stop": "end_turn"}]}],
     "default": {"steps": [...]}, "record": "PATH of a JSON Lines file"}

An answer is used once unless it repeats; the first unused one that matches is taken, then the
default. Without a `stop` or `error` step an answer ends with `end_turn`.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.scripted.file import parse_script
from kata_lsp.providers.adapters.scripted.script import (
    CAPABILITIES,
    DEFAULT_ANSWER,
    MODEL,
    Fail,
    Gate,
    Hang,
    Script,
    ScriptedAdapter,
    ScriptedAnswer,
    Step,
    WaitForFile,
)
from kata_lsp.providers.base import Adapter, Credential, Endpoint, ProviderSpec

__all__ = [
    "DEFAULT_ANSWER",
    "FILE_VARIABLE",
    "MODEL",
    "PROVIDER",
    "Fail",
    "Gate",
    "Hang",
    "Script",
    "ScriptedAdapter",
    "ScriptedAnswer",
    "Step",
    "WaitForFile",
    "parse_script",
    "scripted_provider",
]

FILE_VARIABLE: Final = "KATA_SCRIPTED_FILE"


def scripted_provider(script: Script, kind: str = "scripted") -> ProviderSpec:
    """Return a provider that plays this script, for tests in the same process."""

    async def connect(_endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        return ScriptedAdapter(script)

    return replace(PROVIDER, kind=kind, connect=connect)


async def _connect(_endpoint: Endpoint, _credential: Credential | None) -> Adapter:
    path = os.environ.get(FILE_VARIABLE, "")
    if not path:
        return ScriptedAdapter(Script())
    try:
        data = json.loads(await asyncio.to_thread(Path(path).read_text, "utf-8"))
    except (OSError, ValueError) as error:
        raise KataError(
            ErrorCode.INVALID_REQUEST,
            f"the script that {FILE_VARIABLE} names cannot be read: {type(error).__name__}",
        ) from error
    return ScriptedAdapter(parse_script(data))


PROVIDER: Final = ProviderSpec(
    kind="scripted",
    display_name="Scripted (tests)",
    connect=_connect,
    capabilities=CAPABILITIES,
    preferred_models=(MODEL,),
)

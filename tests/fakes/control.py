"""Drives a provider server from another process: behaviours as JSON, gates, what arrived.

Routes under `/__control/`, all answering JSON:

- POST `load` `{default?, queue?: [...], rules?: [{contains, behaviour, times?}], models?: [...]}`
- POST `enqueue` `{behaviours: [...], operation?}`, POST `fault` `{id}`, POST `reset`
- POST `release` `{gate}`
- GET `requests?count=&within=`, `hangup?request=&within=`, `arrivals?gate=&count=&within=`,
  `connections`

A behaviour is `{"name": "reply", ...}` with the fields of its class in `NAMES`; a gate is named
by a string. Knows nothing about sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fakes import http1
from fakes.behaviours import AnyBehaviour, DraftReply, Refuse, RetryAfter
from fakes.faults import fault
from fakes.misbehaviours import HANG, Body, Endless, Redirect, SlowHead, Swapped, Wire
from fakes.provider_server import ProviderServer, ServerClosedFirst
from fakes.reply import Reply, ToolCall, Usage
from fakes.steps import Close, Gate, Recorded, Reset

NAMES: Mapping[str, Callable[..., AnyBehaviour]] = {
    "reply": Reply,
    "draft": DraftReply,
    "refuse": Refuse,
    "body": lambda data, **rest: Body(data.encode(), **rest),
    "redirect": Redirect,
    "swapped": Swapped,
    "endless": Endless,
    "slow_head": SlowHead,
    "hang": lambda: HANG,
    "close": lambda: Wire((Close(),)),
    "reset": lambda: Wire((Reset(),)),
    "fault": lambda id: fault(id).behaviours[0],  # noqa: A006 - the field's name on the wire
}


class Control:
    """The control routes of one server."""

    def __init__(self, server: ProviderServer) -> None:
        self._server = server
        self._gates: dict[str, Gate] = {}

    def load(self, script: Mapping[str, Any]) -> None:
        """Arm the server as a script says.

        Raises:
            ValueError: When the script names something that does not exist.
        """
        if unknown := set(script) - {"default", "queue", "rules", "models"}:
            raise ValueError(f"script: unknown {sorted(unknown)}")
        self._server.enqueue(*map(self.behaviour, script.get("queue", ())))
        self._server.enqueue(*map(self.behaviour, script.get("models", ())), operation="models")
        for rule in script.get("rules", ()):
            answer = self.behaviour(rule["behaviour"])
            self._server.when(rule["contains"], answer, rule.get("times"))
        if "default" in script:
            self._server.default = self.behaviour(script["default"])

    def behaviour(self, spec: Mapping[str, Any]) -> AnyBehaviour:
        """Build a behaviour from its JSON.

        Raises:
            ValueError: When the name or a field is unknown.
        """
        fields = dict(spec)
        name = fields.pop("name", None)
        if name not in NAMES:
            raise ValueError(f"behaviour {name!r}: one of {sorted(NAMES)}")
        if "usage" in fields and fields["usage"] is not None:
            fields["usage"] = Usage(**fields["usage"])
        if "tool_calls" in fields:
            fields["tool_calls"] = tuple(ToolCall(**call) for call in fields["tool_calls"])
        if "gates" in fields:
            fields["gates"] = {int(at): self.gate(gate) for at, gate in fields["gates"].items()}
        if fields.get("retry_after"):
            fields["retry_after"] = RetryAfter(**fields["retry_after"])
        try:
            return NAMES[name](**fields)
        except TypeError as error:
            raise ValueError(f"behaviour {name!r}: {error}") from error

    def gate(self, name: str) -> Gate:
        """The gate of this name, made on first mention."""
        return self._gates.setdefault(name, Gate(name))

    async def handle(self, request: http1.Request) -> Any:
        """Answer one control request with what becomes JSON; an exception becomes a 400."""
        url = urlsplit(request.head.target)
        query = dict(parse_qsl(url.query))
        route = f"{request.head.method} {url.path.rpartition('/')[2]}"
        try:
            if request.head.method == "GET":
                return await self._read(route, query)
            return self._write(route, json.loads(request.body or b"{}"))
        except (ValueError, KeyError, TimeoutError, ServerClosedFirst) as error:
            return ValueError(f"{route}: {type(error).__name__} {error}")

    def _write(self, route: str, given: Mapping[str, Any]) -> Any:
        match route:
            case "POST load":
                self.load(given)
            case "POST enqueue":
                made = [self.behaviour(spec) for spec in given["behaviours"]]
                self._server.enqueue(*made, operation=given.get("operation", "generate"))
            case "POST fault":
                self._server.serve(*fault(given["id"]).behaviours)
            case "POST release":
                self.gate(given["gate"]).release()
            case "POST reset":
                self._gates.clear()
                self._server.reset()
            case _:
                raise ValueError("no such route")
        return {}

    async def _read(self, route: str, query: Mapping[str, str]) -> Any:
        within = float(query.get("within", "20"))
        match route:
            case "GET requests":
                await self._server.wait_for_requests(int(query.get("count", "0")), within=within)
                return {"requests": [_shown(request) for request in self._server.requests]}
            case "GET hangup":
                number = int(query["request"])
                return {"at": await self._server.wait_for_hangup(number, within=within)}
            case "GET arrivals":
                gate, count = self.gate(query["gate"]), int(query.get("count", "1"))
                await gate.wait_for_arrivals(count, within=within)
                return {"arrivals": gate.arrivals}
            case "GET connections":
                return {"open": self._server.open_connections}
            case _:
                raise ValueError("no such route")


def _shown(request: Recorded) -> dict[str, Any]:
    return {
        "number": request.number,
        "method": request.method,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body,
        "surface": request.surface,
        "operation": request.operation,
        "startedAt": request.started_at,
        "sentAt": request.sent_at,
        "hungUpAt": request.hung_up_at,
    }

"""Which request asks for what, and the answers that need no behaviour.

Knows nothing about sockets or scripts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from fakes import http1, wire_anthropic, wire_chat
from fakes.behaviours import json_answer
from fakes.steps import Operation, Recorded, Surface

ROUTES: Mapping[tuple[str, str], tuple[Surface, Operation]] = {
    ("POST", "/messages"): ("anthropic", "generate"),
    ("POST", "/messages/count_tokens"): ("anthropic", "count_tokens"),
    ("POST", "/chat/completions"): ("chat", "generate"),
    ("POST", "/responses"): ("responses", "generate"),
}


def record(request: http1.Request, number: int) -> Recorded:
    """What arrived, with its surface and operation."""
    url = urlsplit(request.head.target)
    headers = request.head.headers
    surface, operation = route(request.head.method, url.path, headers)
    try:
        body = json.loads(request.body) if request.body else None
    except ValueError:
        body = None
    return Recorded(
        number=number,
        method=request.head.method,
        path=url.path,
        query=dict(parse_qsl(url.query)),
        headers=headers,
        raw_body=request.body,
        body=body,
        surface=surface,
        operation=operation,
        started_at=time.monotonic(),
    )


def route(method: str, path: str, headers: Mapping[str, str]) -> tuple[Surface, Operation]:
    """What a request asks for; any prefix before `/v1` is allowed, as gateways have one."""
    surface: Surface = "anthropic" if "anthropic-version" in headers else "chat"
    _, found, tail = path.rpartition("/v1")
    if not found:
        return surface, "unknown"
    if method == "GET" and (tail == "/models" or tail.startswith("/models/")):
        return surface, "models"
    return ROUTES.get((method, tail), (surface, "unknown"))


def complaint(request: Recorded) -> tuple[int, str, str] | None:
    """Why the real API would refuse the request, if it would."""
    wire = wire_anthropic if request.surface == "anthropic" else wire_chat
    return wire.complaint(request)


def correct_answer(request: Recorded) -> bytes:
    """The answer to what needs no behaviour: models, token counts, wrong routes, refusals."""
    if request.operation == "unknown":
        return http1.response(404, b"404 page not found\n", content_type="text/plain")
    if problem := complaint(request):
        status, kind, message = problem
        if request.surface == "anthropic":
            payload = wire_anthropic.error_body(kind, message, request)
        else:
            payload = wire_chat.error_body(kind, message, None)
        return json_answer(payload, request, status=status)
    if request.operation == "count_tokens":
        return json_answer(wire_anthropic.token_count(request), request)
    if request.surface == "anthropic":
        return json_answer(wire_anthropic.models_page(request), request)
    return json_answer(wire_chat.models_page(), request)

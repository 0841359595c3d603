"""Faults before or instead of an answer: statuses, waits, redirects, sockets, heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakes import http1
from fakes.behaviours import Refuse, RetryAfter
from fakes.fault_row import SUCCESS, Fault
from fakes.misbehaviours import HANG, Body, Redirect, SlowHead, TooShort, Wire
from fakes.reply import DEFAULT_TEXT, Reply
from fakes.steps import Close, Hang, Reset, Send

FINE = Reply()
_HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
_UNAVAILABLE = frozenset({"provider_unavailable"})
_RATE_LIMITED = frozenset({"rate_limited"})
_NO_RETRY: Mapping[str, str] = {"x-should-retry": "false"}


def _refused(name: str, code: str, requests: int = 1, **more: Any) -> Fault:
    """An error of `API_ERRORS`, under its own status."""
    return Fault(name, (Refuse(name),), frozenset({code}), (requests, requests), **more)


def _limited(fault_id: str, wait: RetryAfter | None, requests: int) -> Fault:
    waits = (wait.seconds,) * (requests - 1) if wait else ()
    answer = Refuse("rate_limited", retry_after=wait)
    return Fault(fault_id, (answer,), _RATE_LIMITED, (requests, requests), waits=waits)


_STATUSES = (
    _refused("invalid_request", "invalid_request"),
    _refused("conflict", "invalid_request"),
    _refused("unprocessable", "invalid_request"),
    _refused("prompt_too_long", "context_too_large"),
    _refused("request_too_large", "context_too_large"),
    _refused("credit_balance", "quota_exhausted", notes="OpenAI: 429 insufficient_quota"),
    _refused("billing", "quota_exhausted"),
    _refused("spend_limit", "quota_exhausted"),
    _refused("invalid_key", "invalid_auth", notes="the body echoes the key"),
    _refused("expired_session", "session_expired"),
    _refused("forbidden", "permission_denied"),
    _refused("model_not_found", "model_not_found"),
    _refused("server_error", "provider_unavailable", 3),
    _refused("bad_gateway", "provider_unavailable", 3),
    _refused("unavailable", "provider_unavailable", 3),
    _refused("overloaded", "provider_unavailable", 3),
    Fault("status_529", (Refuse("overloaded", status=529),), _UNAVAILABLE, (3, 3)),
    _refused("teapot", "unexpected_error"),
    Fault(
        "content_policy",
        (Refuse("content_policy"),),
        frozenset({"content_refused", "invalid_request"}),
    ),
    Fault(
        "gateway_timeout",
        (Refuse("gateway_timeout"),),
        frozenset({"provider_unavailable", "timeout"}),
        (3, 3),
    ),
    Fault(
        "wrong_route",
        (Body(b"404 page not found\n", 404, "text/plain"),),
        frozenset({"bad_endpoint"}),
    ),
    Fault(
        "method_not_allowed",
        (Body(b"Method Not Allowed", 405, "text/plain"),),
        frozenset({"bad_endpoint", "unexpected_error", "invalid_request"}),
    ),
    Fault("gateway_html", (Body(_HTML, 502, "text/html"),), _UNAVAILABLE, (3, 3)),
    Fault(
        "unauthorized_html",
        (Body(b"<html>Sign in</html>", 401, "text/html"),),
        frozenset({"invalid_auth"}),
    ),
    Fault("error_body_empty", (Body(b"", 500),), _UNAVAILABLE, (3, 3)),
    Fault("error_body_null", (Body(b"null", 400),), frozenset({"invalid_request"})),
    Fault("error_body_list", (Body(b'[{"error":"no"}]', 400),), frozenset({"invalid_request"})),
    Fault("error_body_text", (Body(b'{"error":"no"}', 400),), frozenset({"invalid_request"})),
    Fault("error_body_not_utf8", (Body(b'{"error":"\xff\xfe"}', 500),), _UNAVAILABLE, (3, 3)),
    Fault(
        "server_error_no_retry",
        (Refuse("server_error", headers=_NO_RETRY),),
        _UNAVAILABLE,
    ),
    Fault(
        "server_error_twice_then_fine",
        (Refuse("server_error"), Refuse("server_error"), FINE),
        SUCCESS,
        (3, 3),
        text=DEFAULT_TEXT,
    ),
    Fault(
        "rate_limited_then_fine",
        (Refuse("rate_limited", retry_after=RetryAfter(0.15, "ms")), FINE),
        SUCCESS,
        (2, 2),
        text=DEFAULT_TEXT,
        waits=(0.15,),
    ),
    Fault(
        "reset_then_fine",
        (Wire((Reset(),)), FINE),
        SUCCESS,
        (2, 2),
        text=DEFAULT_TEXT,
    ),
)

_LIMITS = (
    _limited("rate_limited", None, 3),
    _limited("rate_limited_1s", RetryAfter(1), 3),
    _limited("rate_limited_150ms", RetryAfter(0.15, "ms"), 3),
    _limited("rate_limited_date_1s", RetryAfter(1, "date"), 3),
    _limited("rate_limited_90s", RetryAfter(90), 1),
    _limited("rate_limited_3600s", RetryAfter(3600), 1),
    _limited("rate_limited_date_90s", RetryAfter(90, "date"), 1),
    _limited("rate_limited_90000ms", RetryAfter(90, "ms"), 1),
    Fault(
        "rate_limited_no_retry",
        (Refuse("rate_limited", retry_after=RetryAfter(1), headers=_NO_RETRY),),
        _RATE_LIMITED,
    ),
    Fault(
        "rate_limited_nonsense_wait",
        (Refuse("rate_limited", headers={"retry-after": "soon"}),),
        _RATE_LIMITED,
        (3, 3),
        notes="a value that cannot be read is no value",
    ),
    Fault(
        "rate_limited_negative_wait",
        (Refuse("rate_limited", headers={"retry-after": "-5"}),),
        _RATE_LIMITED,
        (3, 3),
    ),
    Fault(
        "rate_limited_date_past",
        (Refuse("rate_limited", headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),),
        _RATE_LIMITED,
        (3, 3),
    ),
    Fault(
        "unavailable_wait_1s",
        (Refuse("unavailable", retry_after=RetryAfter(1)),),
        _UNAVAILABLE,
        (3, 3),
        waits=(1, 1),
    ),
)

_REDIRECTS = tuple(
    Fault(
        f"redirect_{status}_{'other' if other else 'same'}_origin",
        (Redirect(status, other_origin=other),),
        frozenset({"bad_endpoint"}),
        notes="following it would be a second request, to /elsewhere",
    )
    for status in (301, 302, 303, 307, 308)
    for other in (False, True)
)

_SOCKETS = (
    Fault("closed_before_headers", (Wire((Close(),)),), _UNAVAILABLE, (3, 3)),
    Fault("reset_before_headers", (Wire((Reset(),)),), _UNAVAILABLE, (3, 3)),
    Fault(
        "closed_inside_head",
        (Wire((Send(b"HTTP/1.1 200 OK\r\ncontent-ty"), Close())),),
        frozenset({"provider_unavailable", "bad_response"}),
        (1, 3),
    ),
    Fault("headers_never", (HANG,), frozenset({"timeout"}), (1, 3), deadline=True),
    Fault("headers_dribble", (SlowHead(),), frozenset({"timeout"}), (1, 3), deadline=True),
    Fault(
        "headers_then_silence",
        (Wire((Send(http1.stream_head()), Hang())),),
        frozenset({"timeout"}),
        (1, 3),
        deadline=True,
    ),
    Fault(
        "not_http",
        (Wire((Send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), Close())),),
        frozenset({"bad_response", "provider_unavailable", "bad_endpoint"}),
        (1, 3),
    ),
    Fault(
        "head_too_large",
        (Body(b"{}", headers={"x-noise": "n" * 200_000}),),
        frozenset({"bad_response", "provider_unavailable"}),
        (1, 3),
    ),
    Fault(
        "content_length_too_long_then_close",
        (TooShort(Close()),),
        frozenset({"bad_response", "provider_unavailable", "stream_interrupted"}),
        (1, 3),
        notes="streamed, three deltas precede the end, so it is one request there",
    ),
    Fault(
        "content_length_too_long_then_silence",
        (TooShort(Hang()),),
        frozenset({"timeout", "bad_response", "provider_unavailable"}),
        (1, 3),
        deadline=True,
    ),
)

ROWS: tuple[Fault, ...] = (*_STATUSES, *_LIMITS, *_REDIRECTS, *_SOCKETS)

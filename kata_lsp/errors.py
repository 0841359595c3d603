"""Owns the error family: every failure a user can meet, as code, message and remedy.

Knows nothing of HTTP, vendors, LSP or the store; those layers translate into it or out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class ErrorCode(StrEnum):
    """The closed set of error codes; clients may switch on them."""

    MISSING_AUTH = "missing_auth"
    INVALID_AUTH = "invalid_auth"
    SESSION_EXPIRED = "session_expired"
    RATE_LIMITED = "rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    UNEXPECTED_ERROR = "unexpected_error"
    PERMISSION_DENIED = "permission_denied"
    QUOTA_EXHAUSTED = "quota_exhausted"
    TIMEOUT = "timeout"
    STREAM_INTERRUPTED = "stream_interrupted"
    CONTEXT_TOO_LARGE = "context_too_large"
    TRUNCATED_OUTPUT = "truncated_output"
    CONTENT_REFUSED = "content_refused"
    EMPTY_OUTPUT = "empty_output"
    MODEL_NOT_FOUND = "model_not_found"
    BAD_ENDPOINT = "bad_endpoint"
    INVALID_REQUEST = "invalid_request"
    BAD_RESPONSE = "bad_response"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is always true of a code: what to do about it, and whether trying again can help."""

    remediation: str
    retryable: bool = False


CODE_FACTS: Mapping[ErrorCode, CodeFacts] = MappingProxyType(
    {
        ErrorCode.MISSING_AUTH: CodeFacts(
            "Set the provider's API key: `kata-lsp auth set PROVIDER`, its environment variable, "
            "or the editor's key command. `kata-lsp doctor` shows which sources were tried."
        ),
        ErrorCode.INVALID_AUTH: CodeFacts(
            "The provider does not accept this credential. Replace it and run the request again."
        ),
        ErrorCode.SESSION_EXPIRED: CodeFacts(
            "Sign in again, or switch to an API key for this provider."
        ),
        ErrorCode.RATE_LIMITED: CodeFacts(
            "Wait for the time the provider asks for, then resume the run.", retryable=True
        ),
        ErrorCode.PROVIDER_UNAVAILABLE: CodeFacts(
            "Check the provider's status page and your connection, then resume the run.",
            retryable=True,
        ),
        ErrorCode.UNEXPECTED_ERROR: CodeFacts(
            "Run `kata-lsp doctor`, look at the server's log, and report the request id if any."
        ),
        ErrorCode.PERMISSION_DENIED: CodeFacts(
            "This credential may not use this model or feature. Use another model or credential."
        ),
        ErrorCode.QUOTA_EXHAUSTED: CodeFacts(
            "Add credit or raise the spending limit, or choose another provider."
        ),
        ErrorCode.TIMEOUT: CodeFacts(
            "Resume the run; if it happens often, raise the deadline in the settings.",
            retryable=True,
        ),
        ErrorCode.STREAM_INTERRUPTED: CodeFacts(
            "The text received so far was kept. Resume the run to ask again."
        ),
        ErrorCode.CONTEXT_TOO_LARGE: CodeFacts(
            "Lower the context budget, shorten the prompt, or choose a model with a larger window."
        ),
        ErrorCode.TRUNCATED_OUTPUT: CodeFacts(
            "The text received so far was kept. Raise the output limit and resume the run."
        ),
        ErrorCode.CONTENT_REFUSED: CodeFacts("Rephrase the prompt, or choose another model."),
        ErrorCode.EMPTY_OUTPUT: CodeFacts("Run the request again, or choose another model."),
        ErrorCode.MODEL_NOT_FOUND: CodeFacts(
            "Choose a model that `kata-lsp models` lists for this provider."
        ),
        ErrorCode.BAD_ENDPOINT: CodeFacts(
            "Check the provider's base URL in your user settings; `kata-lsp doctor` tests it."
        ),
        ErrorCode.INVALID_REQUEST: CodeFacts(
            "The provider refused the request as built. Check the model and its options."
        ),
        ErrorCode.BAD_RESPONSE: CodeFacts(
            "Something that is not the provider's API answered (a proxy or a login page?). "
            "Check the base URL and your network."
        ),
        ErrorCode.CANCELLED: CodeFacts("Start or resume the run when you want to go on."),
    }
)


class KataError(Exception):
    """A failure with a code, one sentence of what happened and one of what to do.

    Args:
        code: Which of the closed set it is.
        message: What happened, to what. Never a secret, header, body or traceback.
        remediation: What to do; the code's standing advice when omitted.
        retryable: Whether the same request may succeed later; the code's default when omitted.
        provider_id: The provider that failed, if one did.
        runtime_mode: `native` or `pi`, if a provider call failed.
        retry_after_seconds: How long the provider asked us to wait.
        request_id: The provider's own id of the failed request.
        partial: Whether output arrived before the failure (it is kept, never applied).
        attempts: How many requests were sent.
    """

    def __init__(  # noqa: PLR0913 - the fields of the wire payload, all by keyword
        self,
        code: ErrorCode,
        message: str,
        *,
        remediation: str | None = None,
        retryable: bool | None = None,
        provider_id: str | None = None,
        runtime_mode: str | None = None,
        retry_after_seconds: float | None = None,
        request_id: str | None = None,
        partial: bool = False,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        facts = CODE_FACTS[code]
        self.code = code
        self.message = message
        self.remediation = facts.remediation if remediation is None else remediation
        self.retryable = facts.retryable if retryable is None else retryable
        self.provider_id = provider_id
        self.runtime_mode = runtime_mode
        self.retry_after_seconds = retry_after_seconds
        self.request_id = request_id
        self.partial = partial
        self.attempts = attempts

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form that is stored and sent: camelCase, absent values left out."""
        fields = {
            "code": self.code.value,
            "message": self.message,
            "remediation": self.remediation,
            "retryable": self.retryable,
            "providerId": self.provider_id,
            "runtimeMode": self.runtime_mode,
            "retryAfterSeconds": self.retry_after_seconds,
            "requestId": self.request_id,
            "partial": self.partial,
            "attempts": self.attempts,
        }
        return {name: value for name, value in fields.items() if value is not None}


class InvalidInputError(Exception):
    """The caller asked for something that cannot be: names the field and the remedy.

    Becomes -32602 on the wire and exit code 2 in a terminal.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message

"""Owns one request and its answer as far as errors must tell of it: every failure, translated.

Must not know any vendor; it is given the vendor's words and the class of its SDK's status errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.faults import (
    FaultWords,
    ReportedFailureError,
    classify,
    describe,
    failure_of,
    retry_after,
)
from kata_lsp.providers.readers import EventReader
from kata_lsp.providers.wire import UnreadableReplyError

if TYPE_CHECKING:
    import httpx2

_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass(slots=True)
class Exchange:
    """One request to one model; `reader` is set once its answer is being streamed."""

    provider: str
    model: str
    words: FaultWords
    request_id_header: str
    status_error: type[Exception]
    clock: Callable[[], float]
    request_id: str | None = None
    opened: bool = False
    reader: EventReader | None = None

    def open(self, headers: Mapping[str, str]) -> None:
        """Note that the answer's head has arrived."""
        self.opened = True
        given = headers.get(self.request_id_header, "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else None

    @contextmanager
    def translated(self) -> Generator[None]:
        """Turn whatever fails inside into a `KataError`; the cause stays, its text does not."""
        try:
            yield
        except KataError:
            raise
        except Exception as error:
            raise self._translation(error) from error

    def cut_off(self) -> KataError:
        """Return the error of an answer that stopped before its end."""
        if self._has_content:
            return self.fault(ErrorCode.STREAM_INTERRUPTED)
        return self.fault(ErrorCode.BAD_RESPONSE, "it ended before any of the answer")

    def fault(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> KataError:
        """Return the error of that code, with everything that is known of the exchange."""
        headers = {} if headers is None else headers
        give_up = headers.get("x-should-retry", "").strip().lower() == "false"
        return KataError(
            code,
            describe(code, self.provider, self.model, detail=detail, status=status),
            retryable=False if give_up else None,
            provider_id=self.provider,
            retry_after_seconds=retry_after(headers, self.clock()),
            request_id=self.request_id,
            partial=self.reader is not None and self.reader.partial,
        )

    @property
    def _has_content(self) -> bool:
        return self.reader is not None and self.reader.content

    def _translation(self, error: Exception) -> KataError:
        if isinstance(error, self.status_error):
            return self._refusal(error)
        if isinstance(error, ReportedFailureError):
            return self.fault(classify(error.failure, self.words), status=error.failure.status)
        if isinstance(error, UnreadableReplyError):
            return self.fault(ErrorCode.BAD_RESPONSE, str(error))
        return self._transport_fault(error)

    def _transport_fault(self, error: Exception) -> KataError:
        from kata_lsp.providers import http_stack  # noqa: PLC0415 - loaded with the SDK by now

        found = http_stack.fault_of(error, opened=self.opened)
        if found is None:
            return self.fault(ErrorCode.UNEXPECTED_ERROR, type(error).__name__)
        code, remark = found
        if code is ErrorCode.PROVIDER_UNAVAILABLE and self._has_content:
            return self.cut_off()
        return self.fault(code, remark)

    def _refusal(self, error: Any) -> KataError:
        """Return the error of an answer whose status was not a success."""
        response: httpx2.Response = error.response
        self.open(response.headers)
        body: object = None
        # RuntimeError: the body was not read, because the connection broke first.
        with suppress(orjson.JSONDecodeError, RuntimeError):
            body = orjson.loads(response.content)
        status = response.status_code
        code = classify(failure_of(body, status), self.words)
        return self.fault(code, status=status, headers=response.headers)

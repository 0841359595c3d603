"""Owns bringing a vendor's SDK up: off the event loop, warm, quiet, with a usable credential.

Must not know any vendor; each adapter's loader imports its own SDK.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Credential, Endpoint

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sdk:
    """A loaded SDK: a client bound to one endpoint and credential, and its status error."""

    client: Any
    status_error: type[Exception]


async def off_loop(function: Callable[[], _T]) -> _T:
    """Run a blocking function in a thread of its own and return its result.

    Not in the default pool, which other work may have filled.
    """
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kata-sdk")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, _uncollected, function)
    finally:
        executor.shutdown(wait=False)


def _uncollected(function: Callable[[], _T]) -> _T:
    """Run it without the garbage collector, then exempt what was imported from collections.

    A collection that walks the thousands of classes of an SDK holds the interpreter, and with it
    the event loop, for 60 ms and more; they live as long as the process anyway.
    """
    collecting, modules = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        return function()
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        if collecting:
            gc.enable()


async def bring_up(endpoint: Endpoint, load: Callable[[], Sdk]) -> Sdk:
    """Run an adapter's loader off the event loop.

    Raises:
        KataError: `bad_endpoint`: the base URL is none; `unexpected_error`: anything else, such
            as an SDK that is not installed or certificates that cannot be read.
    """
    try:
        return await off_loop(load)
    except Exception as error:
        kind = type(error).__name__
        bad_url = kind == "InvalidURL"
        raise KataError(
            ErrorCode.BAD_ENDPOINT if bad_url else ErrorCode.UNEXPECTED_ERROR,
            f"the client for {endpoint.provider_id!r} cannot be set up ({kind})",
            provider_id=endpoint.provider_id,
        ) from error


def warm_up(client: Any) -> None:
    """Run a client's first request inside the process; call it in the thread that built it.

    SDKs and their HTTP client import, build models and look up the platform on that request,
    which would hold the event loop for up to a second.
    """
    from kata_lsp.providers import http_stack  # noqa: PLC0415 - imports the HTTP library

    async def first_request() -> None:
        response = await client.post(
            http_stack.WARM_UP_URL,
            cast_to=http_stack.httpx2.Response,
            content=b"{}",
            stream=True,
        )
        await response.aread()
        await http_stack.load_backend()

    asyncio.run(first_request())


def quiet(logger_name: str) -> None:
    """Keep an SDK from logging requests, whatever its own environment variable says."""
    logging.getLogger(logger_name).setLevel(logging.WARNING)


def secret_of(endpoint: Endpoint, credential: Credential | None) -> str | None:
    """Return the credential's value, fit for a header; None when there is none.

    Raises:
        KataError: `missing_auth`: the value is blank, or no header can carry it.
    """
    if credential is None:
        return None
    value = credential.secret.value.strip()
    if value and value.isascii() and value.isprintable():
        return value
    raise KataError(
        ErrorCode.MISSING_AUTH,
        f"the credential for {endpoint.provider_id!r} from {credential.source} is blank or holds "
        "a character that no header can carry",
        provider_id=endpoint.provider_id,
    )

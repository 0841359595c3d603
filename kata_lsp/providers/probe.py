"""Owns finding out why a base URL does not answer as a provider's API should.

Must not know credentials: it sends none, so any answer of an API, a refusal included, is a good
sign. The request goes where the user's own settings point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10.0
_NOT_FOUND = 404
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found; `problem` is "" when an API answered."""

    problem: str = ""
    remedy: str = ""


async def probe(base_url: str) -> Probe:
    """Ask `base_url` for its models without a credential, and judge the answer.

    Redirects are not followed: a provider's API does not redirect, a login page does.
    """
    import httpx  # noqa: PLC0415 - only the doctor needs it

    where = urlsplit(base_url).netloc
    try:
        async with httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=True
        ) as client:
            answer = await client.get(f"{base_url.rstrip('/')}/models")
    except httpx.InvalidURL:
        return Probe("the base URL is not a URL", "Correct `baseUrl`: http(s)://HOST[:PORT]/v1")
    except httpx.TimeoutException:
        return Probe(
            f"{where} did not answer within {TIMEOUT_SECONDS:g} s",
            "Is the server running, and does a firewall or proxy stand in between?",
        )
    except httpx.ConnectError as error:
        return Probe(
            f"cannot connect to {where} ({type(error.__cause__ or error).__name__})",
            "Start the server, or correct host, port and http/https in `baseUrl`.",
        )
    except httpx.HTTPError as error:
        return Probe(
            f"{where} does not speak HTTP as expected ({type(error).__name__})",
            "Check that `baseUrl` names the API's port.",
        )
    return _judge(answer, where)


def _judge(answer: httpx.Response, where: str) -> Probe:
    if answer.is_redirect:
        return Probe(
            f"{where} redirects elsewhere", "Set `baseUrl` to the address it redirects to."
        )
    if answer.status_code == _NOT_FOUND:
        return Probe(
            f"{where} has no /models below the base URL",
            "Most servers want `/v1` at the end of `baseUrl`.",
        )
    if answer.status_code >= _SERVER_ERROR:
        return Probe(
            f"{where} answers with status {answer.status_code}", "Look at the server's own log."
        )
    if "json" not in answer.headers.get("content-type", ""):
        return Probe(
            f"{where} answers with something that is not JSON",
            "A proxy or login page may stand in between; open the URL in a browser.",
        )
    return Probe()

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
_VERSION = "/v1"
_NOT_FOUND = 404
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found; `problem` is "" when an API answered."""

    problem: str = ""
    remedy: str = ""


async def probe(
    base_url: str, models_path: str = "/models", *, timeout_seconds: float = TIMEOUT_SECONDS
) -> Probe:
    """Ask for the models below `base_url` without a credential, and judge the answer.

    Redirects are not followed: a provider's API does not redirect, a login page does. Where
    nothing is found, the address that users most often mean is tried, too.
    """
    import httpx  # noqa: PLC0415 - only the doctor needs it

    base, where = base_url.rstrip("/"), urlsplit(base_url).netloc
    if models_path.startswith(_VERSION):
        base = base.removesuffix(_VERSION)
    try:
        async with httpx.AsyncClient(
            timeout=timeout_seconds, follow_redirects=False, trust_env=True
        ) as client:
            answer = await client.get(base + models_path)
            if answer.status_code == _NOT_FOUND and _VERSION not in base + models_path:
                meant = await client.get(base + _VERSION + models_path)
                if not _judge(meant, where).problem:
                    return Probe(
                        _nothing_at(where), "Add `/v1` to `baseUrl`: an API answers there."
                    )
    except httpx.InvalidURL:
        return Probe("the base URL is not a URL", "Correct `baseUrl`: http(s)://HOST[:PORT]/v1")
    except httpx.TimeoutException:
        return Probe(
            f"{where} did not answer within {timeout_seconds:g} s",
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


def _nothing_at(where: str) -> str:
    return f"{where} has no model list below the base URL"


def _judge(answer: httpx.Response, where: str) -> Probe:
    if answer.is_redirect:
        return Probe(
            f"{where} redirects elsewhere", "Set `baseUrl` to the address it redirects to."
        )
    if answer.status_code == _NOT_FOUND:
        return Probe(_nothing_at(where), "Compare `baseUrl` with the server's documentation.")
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

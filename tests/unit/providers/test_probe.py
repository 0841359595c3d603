"""The doctor's look at a base URL: what stands there, and what to correct."""

from __future__ import annotations

import socket

import pytest
from fakes.behaviours import AnyBehaviour, Refuse
from fakes.misbehaviours import HANG, Body, Redirect, Wire
from fakes.provider_server import ProviderServer
from fakes.steps import Close, Send

from kata_lsp.providers.probe import probe

_PATIENCE = 30.0


@pytest.mark.parametrize(
    ("suffix", "models_path"),
    [
        ("/v1", "/models"),
        ("/v1/", "/models"),
        ("", "/v1/models"),
        ("/v1", "/v1/models"),
        ("/gateway/v1/", "/v1/models"),
    ],
)
async def test_an_api_is_recognised_without_a_key(suffix, models_path):
    """Its refusal of a request without a key is a good sign; one request is enough to see it."""
    async with ProviderServer() as server:
        found = await probe(server.url + suffix, models_path)
        assert found.problem == ""
        (asked,) = server.requests
        assert asked.path.endswith("/v1/models")
        assert "/v1/v1" not in asked.path
        assert not {"authorization", "x-api-key"} & set(asked.headers)


async def test_a_base_url_without_v1_is_answered_with_the_right_one():
    """Where `/v1/models` would have answered, the remedy says so."""
    async with ProviderServer() as server:
        found = await probe(server.url)
        assert "no model list" in found.problem
        assert found.remedy == "Add `/v1` to `baseUrl`: an API answers there."
        assert [request.path for request in server.requests] == ["/models", "/v1/models"]


PAGE = Body(b"<html>Welcome</html>", content_type="text/html")


@pytest.mark.parametrize(
    ("answer", "problem", "remedy"),
    [
        (Redirect(), "redirects", "redirects to"),
        (PAGE, "not JSON", "login page"),
        (Refuse("server_error"), "status 500", "server's own log"),
        (Body(b"{}", status=404), "no model list", "documentation"),
        (Wire((Send(b"220 mail.example ESMTP\r\n"), Close())), "does not speak HTTP", "port"),
    ],
)
async def test_what_stands_in_the_way_is_named(answer: AnyBehaviour, problem: str, remedy: str):
    """Each has its own remedy, and none quotes what the server said."""
    async with ProviderServer(strict=False) as server:
        server.enqueue(answer, operation="models")
        found = await probe(server.openai_url)
        assert problem in found.problem
        assert remedy in found.remedy
        assert "example" not in found.problem + found.remedy


async def test_silence_ends_at_the_deadline():
    """A server that accepts and says nothing."""
    async with ProviderServer(strict=False) as server:
        server.enqueue(HANG, operation="models")
        found = await probe(server.openai_url, timeout_seconds=0.2)
        assert "did not answer within 0.2 s" in found.problem


async def test_nothing_listens():
    """The port is free: the server has to be started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = await probe(f"http://127.0.0.1:{port}/v1", timeout_seconds=_PATIENCE)
    assert f"cannot connect to 127.0.0.1:{port}" in found.problem
    assert "Start the server" in found.remedy

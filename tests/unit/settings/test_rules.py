"""Which spec paths and base URLs are acceptable, and what a refused URL does to its provider."""

from __future__ import annotations

import pytest

from kata_lsp.settings.layers import table_layer
from kata_lsp.settings.resolving import Resolved, load_settings
from kata_lsp.settings.rules import base_url_fault, spec_path_fault


@pytest.mark.parametrize("path", [".kata/spec.md", "a/b c/é.markdown", "./spec.MD", "..a/b..c.md"])
def test_spec_paths_inside(path: str) -> None:
    """Relative Markdown paths are fine."""
    assert spec_path_fault(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "", " ", "../spec.md", "a/../../spec.md", "a/..", "/etc/spec.md", "~/spec.md", "C:/spec.md",
        "c:spec.md", "\\\\host\\spec.md", "..\\spec.md", "a\0.md", "a\n.md", ".git/config.md",
        "x/.GIT/hooks/a.md", ".github/workflows/ci.yml", ".kata/settings.toml", "spec",
    ],
)  # fmt: skip
def test_spec_paths_outside(path: str) -> None:
    """Escapes, control characters, git's own files and other kinds of files are refused."""
    assert spec_path_fault(path)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1", "http://localhost:11434/v1", "https://[::1]:8443"]
)
def test_base_urls(url: str) -> None:
    """Http and https URLs with a host are fine."""
    assert base_url_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com", "file:///etc/passwd", "https://", "https://:443",
        "https://user@example.com", "https://user:pw@example.com", "https://@example.com",
        "https://example.com:99999", "https://example.com:x", "https://[::1", "https://e.com/a b",
        "https://e.com/\n", "https://e.com/v1?key=1", "https://e.com/#x", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_wrong_base_urls(url: str) -> None:
    """Other schemes, user names, queries and malformed URLs are refused."""
    assert base_url_fault(url)


def with_url(url: str, *, allow: bool | None = None, earlier: str | None = None) -> Resolved:
    own = {"baseUrl": url} | ({} if allow is None else {"allowInsecureHttp": allow})
    return load_settings(
        [
            table_layer("file", {"providers": {"openai": {"baseUrl": earlier}}}),
            table_layer("client", {"providers": {"openai": own}}),
        ]
    )


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.0.0.9", "http://[::1]:8", "https://example.com"]
)
def test_secure_urls(url: str) -> None:
    """Https anywhere and http on this machine are taken."""
    resolved = with_url(url)
    assert resolved.problems == ()
    assert resolved.settings.providers["openai"].base_url == url


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://10.0.0.1:8000/v1", "http://localhost.evil.example"]
)
def test_http_to_other_machines(url: str) -> None:
    """Http to another machine needs the provider's explicit permission."""
    refused = with_url(url)
    assert [problem.severity for problem in refused.problems] == ["error"]
    assert "allowInsecureHttp" in refused.problems[0].message
    assert refused.settings.providers["openai"].base_url is None
    assert with_url(url, allow=True).settings.providers["openai"].base_url == url


def test_a_permission_from_a_later_layer_counts() -> None:
    """Where the permission stands in the layers does not matter."""
    resolved = load_settings(
        [
            table_layer("file", {"providers": {"box": {"baseUrl": "http://10.0.0.1"}}}),
            table_layer("client", {"providers": {"box": {"allowInsecureHttp": True}}}),
        ]
    )
    assert resolved.problems == ()


@pytest.mark.parametrize("url", ["http://example.com", "https://user:pw@example.com"])
def test_a_refused_url_does_not_fall_back_to_the_vendor(url: str) -> None:
    """A provider whose URL was refused may not be used, and the password is not repeated."""
    resolved = with_url(url)
    own = resolved.settings.providers["openai"]
    assert own.refused.startswith("its base URL must")
    assert "pw" not in own.refused + resolved.problems[0].message


def test_an_earlier_valid_url_stays() -> None:
    """A malformed URL leaves the user's earlier one in use."""
    own = with_url("nonsense", earlier="https://gateway.example").settings.providers["openai"]
    assert (own.base_url, own.refused) == ("https://gateway.example", "")

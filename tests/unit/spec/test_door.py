"""The package's door: everything promised is there, and opening it is cheap."""

import subprocess
import sys

import pytest

from kata_lsp import spec


def test_every_promised_name_loads():
    """A misspelt home would only show on first use."""
    assert all(getattr(spec, name) is not None for name in spec.__all__)


def test_an_unknown_name_is_refused():
    """As for any module."""
    with pytest.raises(AttributeError, match="nonsense"):
        _ = spec.nonsense


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import kata_lsp.spec", "markdown_it dataclasses json kata_lsp.spec.parser"),
        ("from kata_lsp.spec import parse, merge, check", "markdown_it"),
    ],
)
def test_importing_costs_no_markdown_parser(code, absent):
    """A server that has not met a spec does not pay for one."""
    probe = f"import sys; {code}; print(*[n for n in {absent.split()!r} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=30
    )
    assert result.stdout.strip() == ""

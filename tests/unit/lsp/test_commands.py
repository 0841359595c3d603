"""Tests of the command table: it is the contract's, and nothing of it is imported early."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import typing

import pytest

from kata_lsp import protocol
from kata_lsp.lsp.commands import COMMANDS

SPECS = {spec.name: spec for spec in protocol.COMMANDS}


def test_the_table_is_the_contracts():
    """Same commands, same order."""
    assert [row.name for row in COMMANDS] == list(SPECS)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_a_row_names_a_handler_of_the_contracts_types(row):
    """Its payload model and what it returns are those of the contract."""
    spec = SPECS[row.name]
    handler = getattr(importlib.import_module(row.module), row.handler)
    assert inspect.iscoroutinefunction(handler)
    assert handler.__doc__
    hints = typing.get_type_hints(handler)
    assert hints["return"] is spec.result
    _, params = inspect.signature(handler).parameters
    assert hints[params] is spec.params
    assert getattr(protocol, row.params) is spec.params


def test_reading_the_table_imports_no_command():
    """`initialize` needs the names only: no pydantic, no core, no command module."""
    program = (
        "import sys; from kata_lsp.lsp.commands import COMMANDS; "
        "print([n for n in sys.modules if n.split('.')[0] in ('pydantic', 'anthropic', 'openai') "
        "or n.startswith(('kata_lsp.app', 'kata_lsp.protocol', 'kata_lsp.lsp.commands.'))])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50
    )
    assert found.stdout.strip() == "[]"


def test_making_a_server_imports_no_core():
    """Nor does putting it together with every feature."""
    program = (
        "import sys; from kata_lsp.lsp.server import create_server; "
        "from kata_lsp.lsp.session_app import app_factory; create_server(app_factory); "
        "print([n for n in sys.modules if n.split('.')[0] in ('anthropic', 'openai', 'keyring') "
        "or n in ('kata_lsp.app', 'kata_lsp.protocol', 'kata_lsp.lsp.editor')])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50
    )
    assert found.stdout.strip() == "[]"

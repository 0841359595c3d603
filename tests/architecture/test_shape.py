"""The shape of the code: sizes, docstrings, and words that hide what a module is for."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "kata_lsp"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
# A payload table is one long list by nature; splitting it would hide the contract.
LONG_BY_NATURE = {"protocol.py"}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_stay_small(path):
    """A file or function past the cap is hiding something that wants a name of its own."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= MAX_MODULE_LINES or name_of(path) in LONG_BY_NATURE
    sizes = {
        node.name: _lines_of_code(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def _lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the length from the first line to the last, the docstring left out."""
    assert function.end_lineno is not None
    documentation = ast.get_docstring(function) or ""
    return function.end_lineno - function.lineno + 1 - len(documentation.splitlines())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_owns(path):
    """The first words of a module tell a stranger whether they are in the right room."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert docstring.endswith(".")


def test_no_module_has_a_name_that_says_nothing():
    """Names such as `utils` collect what has no home."""
    assert [name_of(path) for path in MODULES if path.stem in VAGUE_NAMES] == []

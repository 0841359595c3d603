# Every target sets up what it needs; `make test` is the gate and `make check` the fast loop.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
# An editable install without cached bytecode starts twice as slowly, and the tests start it often.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo check lint types test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## create .venv with the locked dependencies

$(VENV)/.ready: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(BIN)/pip install -q uv
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --active --inexact --all-extras --group dev
	@touch $@

demo: setup ## draft a spec for a real prompt over this repository, with no key and no network
	@$(BIN)/kata-lsp draft --root . --provider local "Show the token count of every run in the runs list"

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --verbose | tail -n 20
	@$(BIN)/interrogate -q tests

types: setup
	@$(BIN)/pyright

check: lint types ## the fast loop: lint, types, imports, unit and architecture tests (under a minute)
	@$(BIN)/pytest -q -n 2 tests/unit tests/architecture

test: lint types ## the gate: everything
	@$(BIN)/pytest -n 2 tests/unit tests/contract tests/architecture tests/protocol tests/cli

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache

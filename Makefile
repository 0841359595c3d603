# Every target sets up what it needs; `make test` is the gate and `make check` the fast loop.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# An editable install without cached bytecode starts twice as slowly, and the tests start it often.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo lint types check test test-editors test-editors-latest fuzz bench \
	setup-engine setup-editors clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: $(VENV)/.ready ## create .venv with the locked dependencies

$(VENV)/.ready: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(BIN)/pip install -q uv
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --active --inexact --all-extras --group dev --compile-bytecode
	@touch $@

demo: setup ## draft a spec for a real prompt over this repository, with no key and no network
	@$(BIN)/kata-lsp draft --root . --provider local "Show the token count of every run in the runs list"

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --verbose | tail -n 12
	@$(BIN)/interrogate -q tests

lint-editors: setup-editors
	@tests/editors/lint_lua.sh
	@cd editors/vscode && npm run --silent check

types: setup
	@$(BIN)/pyright

check: lint types ## the fast loop: lint, types, imports, unit and architecture tests
	@$(BIN)/pytest -q -n 2 tests/unit tests/architecture

# Tests that wait for other processes get one more try, and the summary names each that needed it;
# unit tests, which wait for nothing, do not.
RETRY := --reruns 1 -rR

test: lint types setup-engine lint-editors ## the gate: everything
	@$(BIN)/pytest -n 2 tests/unit tests/architecture
	@$(BIN)/pytest -n 2 $(RETRY) tests/contract tests/protocol tests/cli tests/fuzz
	@$(MAKE) --no-print-directory test-editors

test-editors: setup-editors ## real editors: Neovim 0.10 and 0.11, Helix, VS Code 1.100
	@$(BIN)/pytest -n 2 $(RETRY) tests/editors/neovim tests/editors/helix
	@$(BIN)/pytest $(RETRY) tests/editors/vscode

test-editors-latest: setup ## the newest VS Code that was tried
	@tests/editors/install_vscode.sh latest
	@VSCODE_EDITION=latest $(BIN)/pytest tests/editors/vscode

fuzz: setup ## the protocol fuzzer; ARGS="--count 100000", or "--seed S --first N --count 1" to replay
	@$(BIN)/python tests/fuzz/fuzz_protocol.py $(ARGS)

bench: setup setup-engine ## print the figures of every benchmark
	@for each in tests/benchmarks/bench_*.py; do echo "== $$each"; $(BIN)/python $$each; done

# The pi engine of the contract tests, and the sandbox it runs in where the platform has one.
setup-engine: setup
	@command -v bwrap >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get -qq update && apt-get -qq install -y --no-install-recommends bubblewrap >/dev/null; } || true
	@$(BIN)/python tests/pi_setup.py

setup-editors: setup
	@tests/editors/install_neovim.sh >/dev/null
	@tests/editors/install_helix.sh >/dev/null
	@tests/editors/install_vscode.sh floor

clean: ## remove what the targets made
	rm -rf $(VENV) .cache build dist .pytest_cache .ruff_cache .hypothesis

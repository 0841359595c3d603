"""Real Neovims, installed on first use, with the local provider server to draft with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from editors.neovim.headless import Neovim
from fakes.provider_process import ProviderProcess

HERE = Path(__file__).parent
VERSIONS = ("0.10", "0.11")
"""In the order in which the installer prints their paths."""


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The Neovims by version; only one of the test workers installs them."""
    lock = tmp_path_factory.getbasetemp().parent / "install_neovim.lock"
    command = ["flock", str(lock), str(HERE.parent / "install_neovim.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(zip(VERSIONS, map(Path, done.stdout.split()), strict=True))


@pytest.fixture
def provider():
    """The provider server; it answers every request with a draft unless told otherwise."""
    with ProviderProcess() as server:
        server.load(default={"name": "draft"})
        yield server


@pytest.fixture(params=VERSIONS)
def start(request, programs, provider, tmp_path):
    """Start a Neovim whose plugin is set up with options, written in Lua, beside the provider."""
    started: list[Neovim] = []

    def start(options: str = "", setup: str = "") -> Neovim:
        fake = f"kind = 'openai-compatible', baseUrl = '{provider.openai_url}', needsKey = false"
        settings = f"provider = 'fake', model = 'm1', providers = {{ fake = {{ {fake} }} }}"
        call = f"require('kata').setup({{ settings = {{ {settings} }}, {options} }})"
        neovim = Neovim(programs[request.param], tmp_path, setup or call)
        started.append(neovim)
        neovim.wait_for_start()
        return neovim

    yield start
    for neovim in started:
        neovim.close()


@pytest.fixture
def neovim(start):
    """A Neovim whose server is ready."""
    editor = start()
    editor.wait("vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] and true")
    return editor

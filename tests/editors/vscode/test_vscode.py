"""The extension in a real VS Code, against the real server and the local fake provider."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.provider_process import ProviderProcess

from .conftest import CACHE, EXTENSION, Drive, path

pytestmark = [pytest.mark.editor, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("suite", "trust"), [("index", False), ("untrusted", True)])
def test_in_the_extension_host(drive: Drive, package: Path, suite: str, trust: bool):
    """Commands, settings, drafts, refusals and trust are as other code in VS Code sees them."""
    assert package.exists()
    server = path(with_server=True)
    said = drive(
        "inhost.mjs", EXTENSION, f"inhost-{suite}", path=server, suite=f"{suite}.mjs", trust=trust
    )
    assert "[test] ok" in said


def test_the_whole_loop_unpacked(drive: Drive, package: Path, provider: ProviderProcess):
    """A user drafts, reviews, applies, cancels, resolves, switches and restarts; PATH has it."""
    assert package.exists()
    drive(
        "loop.mjs",
        EXTENSION,
        "unpacked",
        path=path(with_server=True),
        provider=provider.url,
        installs=False,
    )


def test_the_whole_loop_packaged(drive: Drive, package: Path, provider: ProviderProcess):
    """The same from the `.vsix`, whose server is installed first, on the user's consent."""
    drive(
        "loop.mjs",
        package,
        "vsix",
        path=path(with_server=False),
        provider=provider.url,
        installs=True,
        env={"PIP_CACHE_DIR": str(CACHE / "pip")},
    )

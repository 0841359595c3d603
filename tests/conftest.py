"""Fixtures that several kinds of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.provider_process import ProviderProcess


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ProviderProcess]:
    """A provider process, started once for all tests that use `provider`."""
    with ProviderProcess() as provider:
        yield provider


@pytest.fixture
def provider(provider_process: ProviderProcess) -> ProviderProcess:
    """That process, with nothing of an earlier test in it."""
    provider_process.reset()
    return provider_process

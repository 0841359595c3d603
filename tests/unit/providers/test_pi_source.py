"""Runtime mode `pi` before anything is started: what it offers, refuses and leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.pi import PROVIDERS
from kata_lsp.providers.adapters.scripted import Script, scripted_provider
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.pi.installation import (
    HOME_VARIABLE,
    NODE_VERSION,
    PI_VERSION,
    Installation,
)
from kata_lsp.providers.pi.source import SUBSCRIPTION_KINDS, PiMode, offered
from kata_lsp.providers.registry import discover

CLAUDE = Endpoint("claude-subscription")


def complete(root: Path) -> Installation:
    """A folder that looks installed, judged by its files."""
    here = Installation(root)
    for program in (here.node, here.rpc):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
    here.marker.write_text(json.dumps({"pi": PI_VERSION, "node": NODE_VERSION}))
    return here


def mode_at(root: Path, *, subscriptions: bool = False) -> PiMode:
    return PiMode({HOME_VARIABLE: str(root)}, lambda: subscriptions)


async def refused(mode: PiMode) -> KataError:
    with pytest.raises(KataError) as caught:
        await mode.connect(PROVIDERS[0], CLAUDE, None)
    return caught.value


async def test_embedded_providers_work_without_the_engine(tmp_path: Path):
    """They ask nobody, so mode `pi` is no reason to fail."""
    adapter = await mode_at(tmp_path).connect(
        scripted_provider(Script()), Endpoint("scripted"), None
    )
    assert await adapter.list_models()


async def test_a_subscription_is_off_until_it_is_allowed(tmp_path: Path):
    """The refusal carries the notice; allowing it without a login names the next step."""
    complete(tmp_path)
    error = await refused(mode_at(tmp_path))
    assert error.code is ErrorCode.PERMISSION_DENIED
    assert "identifies itself" in error.remediation
    error = await refused(mode_at(tmp_path, subscriptions=True))
    assert error.code is ErrorCode.MISSING_AUTH
    assert "kata-lsp pi login" in error.remediation


async def test_a_subscription_is_nothing_for_native():
    """Its login belongs to the engine."""
    with pytest.raises(KataError) as caught:
        await PROVIDERS[0].connect(CLAUDE, None)
    assert "runtime mode 'pi'" in caught.value.message


def test_subscriptions_are_not_offered_unasked():
    """They are in nobody's list of providers by default."""
    assert {spec.kind for spec in PROVIDERS} == SUBSCRIPTION_KINDS
    for allowed in (False, True):
        shown = {spec.kind for spec in offered(discover(), subscriptions=allowed) if spec.builtin}
        assert bool(SUBSCRIPTION_KINDS & shown) is allowed


async def test_a_kind_of_the_future_is_refused_by_name(tmp_path: Path):
    """A provider that the engine cannot reach says so, and what to do."""
    complete(tmp_path)
    spec = replace(PROVIDERS[0], kind="telepathy")
    with pytest.raises(KataError) as caught:
        await mode_at(tmp_path).connect(spec, Endpoint("t"), None)
    assert "telepathy" in caught.value.message
    assert "native" in caught.value.remediation

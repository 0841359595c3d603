"""The OS keyring as a source of keys: never on the loop, never in the way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest

from kata_lsp.providers.adapters.scripted import Script, scripted_provider
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.credentials_keyring import SERVICE, KeyringSource
from kata_lsp.providers.credentials_source import KeySourceError
from kata_lsp.providers.registry import Provider

ACME = Provider("acme", scripted_provider(Script()), Endpoint("acme"))


@dataclass
class Ring:
    """A keyring in memory; `locked` makes it wait like one whose owner is away."""

    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    failure: Exception | None = None
    locked: threading.Event | None = None
    threads: set[int] = field(default_factory=set)

    def get_password(self, service: str, username: str) -> str | None:
        """See `Keyring`."""
        self.threads.add(threading.get_ident())
        if self.locked:
            self.locked.wait()
        if self.failure:
            raise self.failure
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """See `Keyring`."""
        if self.failure:
            raise self.failure
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """See `Keyring`."""
        del self.secrets[service, username]


def source(ring: Ring, timeout: float = 30.0) -> KeyringSource:
    """The source over that keyring."""
    return KeyringSource(lambda: ring, timeout)


async def test_a_key_is_set_found_and_cleared():
    """Under the service name of the project and the provider's id."""
    ring = Ring()
    keys = source(ring)
    assert await keys.key(ACME) is None
    await keys.set("acme", "key")
    assert ring.secrets == {(SERVICE, "acme"): "key"}
    assert await keys.key(ACME) == "key"
    assert await keys.clear("acme")
    assert not await keys.clear("acme")
    assert await keys.key(ACME) is None


async def test_the_keyring_is_asked_off_the_loop():
    """It may ask its owner for a password."""
    ring = Ring()
    await source(ring).key(ACME)
    assert threading.get_ident() not in ring.threads


async def test_a_keyring_that_fails_has_no_key():
    """Most machines without a desktop have none; that is not an error until one is written to."""
    broken = source(Ring(failure=RuntimeError("no backend, secret sk-canary")))
    assert await broken.key(ACME) is None
    for change in (broken.set("acme", "key"), broken.clear("acme")):
        with pytest.raises(KeySourceError, match="cannot be used") as caught:
            await change
        assert "canary" not in str(caught.value)


async def test_a_locked_keyring_is_given_up_on():
    """Its thread is left behind; neither the loop nor the end of the process waits for it."""
    ring = Ring(locked=threading.Event())
    keys = source(ring, timeout=0.05)
    with pytest.raises(KeySourceError, match="did not answer"):
        await keys.key(ACME)
    with pytest.raises(KeySourceError, match="still waiting"):
        await keys.key(ACME)
    assert len(ring.threads) == 1
    assert ring.locked is not None
    left = [thread for thread in threading.enumerate() if thread.name == "kata-keyring"]
    assert all(thread.daemon for thread in left)
    ring.locked.set()


async def test_the_real_keyring_is_asked_without_harm(monkeypatch: pytest.MonkeyPatch):
    """The platform's own library answers through the same calls."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    other = replace(ACME, id="kata-test-provider")
    assert await KeyringSource().key(other) is None
    assert not await KeyringSource().clear(other.id)


async def test_a_keyring_that_keeps_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch):
    """Its owner turned it off: nobody is told that the key was stored."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with pytest.raises(KeySourceError, match="cannot be used"):
        await KeyringSource().set("kata-test-provider", "key")

"""Owns keys in the OS keyring, under the service name `kata-lsp`.

Must not block the event loop nor the end of the process: a keyring may wait for its owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeVar, cast

from kata_lsp.providers.credentials_source import KeySourceError
from kata_lsp.providers.registry import Provider

_log = logging.getLogger(__name__)

SERVICE: Final = "kata-lsp"
_TIMEOUT_SECONDS: Final = 10.0

T = TypeVar("T")


class Keyring(Protocol):
    """The part of the `keyring` library that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, None when there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store the secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Remove the secret."""
        ...


def system_keyring() -> Keyring:
    """Return the platform's keyring. Imports it, which is slow: call it off the loop."""
    import keyring  # noqa: PLC0415 - only when a key is looked for

    # The library's decorators hide the parameters that the base class documents.
    return cast("Keyring", keyring.get_keyring())


class KeyringSource:
    """Looks keys up in the keyring; one that is missing or locked has none.

    Args:
        open_keyring: Returns the keyring; called off the loop.
        timeout: Seconds to wait for it.
    """

    name = "keyring"

    def __init__(
        self,
        open_keyring: Callable[[], Keyring] = system_keyring,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._open = open_keyring
        self._timeout = timeout
        self._stuck: threading.Thread | None = None

    async def key(self, provider: Provider) -> str | None:
        """Return the provider's key, None when the keyring has none or there is no keyring.

        Raises:
            KeySourceError: The keyring did not answer in time.
        """
        return await self._asked(lambda: _lookup(self._open, provider.id))

    async def set(self, provider_id: str, key: str) -> None:
        """Store a provider's key.

        Raises:
            KeySourceError: There is no usable keyring.
        """
        await self._asked(lambda: _changed(lambda: _store(self._open(), provider_id, key)))

    async def clear(self, provider_id: str) -> bool:
        """Remove a provider's key; return whether there was one.

        Raises:
            KeySourceError: There is no usable keyring.
        """
        return await self._asked(lambda: _changed(lambda: _remove(self._open(), provider_id)))

    async def _asked(self, work: Callable[[], T]) -> T:
        if self._stuck is not None and self._stuck.is_alive():
            # The last question still waits; to ask again would only cost another ten seconds.
            raise KeySourceError("the OS keyring is still waiting for its owner (is it locked?)")
        thread, answer = _on_daemon_thread(work)
        try:
            async with asyncio.timeout(self._timeout):
                return await answer
        except TimeoutError as error:
            self._stuck = thread
            raise KeySourceError(
                f"the OS keyring did not answer within {self._timeout:g} s (is it locked?)"
            ) from error


def _lookup(open_keyring: Callable[[], Keyring], provider_id: str) -> str | None:
    try:
        return open_keyring().get_password(SERVICE, provider_id)
    except Exception as error:  # noqa: BLE001 - backends raise what they like; none is fatal
        _log.debug("the keyring has nothing for us (%s)", type(error).__name__)
        return None


def _store(keyring: Keyring, provider_id: str, key: str) -> None:
    keyring.set_password(SERVICE, provider_id, key)
    if keyring.get_password(SERVICE, provider_id) != key:
        # The library's null backend takes everything and keeps nothing.
        raise LookupError


def _remove(keyring: Keyring, provider_id: str) -> bool:
    if keyring.get_password(SERVICE, provider_id) is None:
        return False
    keyring.delete_password(SERVICE, provider_id)
    return True


def _changed(work: Callable[[], T]) -> T:
    try:
        return work()
    except Exception as error:
        raise KeySourceError(
            f"the OS keyring cannot be used ({type(error).__name__}); set the environment "
            "variable or `apiKeyCommand` instead"
        ) from error


def _on_daemon_thread(work: Callable[[], T]) -> tuple[threading.Thread, asyncio.Future[T]]:
    """Run blocking work where nobody has to wait for it, not even the end of the process.

    The loop's own pool would be joined at shutdown, and a locked keyring may never return.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def fail(error: Exception) -> None:
        if not outcome.done():
            outcome.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits
            deliver = partial(fail, error)
        else:
            deliver = partial(succeed, result)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(deliver)

    thread = threading.Thread(target=run, name="kata-keyring", daemon=True)
    thread.start()
    return thread, outcome

"""Owns when the server lives: its phase, the shutdown hooks, and every reason to stop.

Must not know messages or transports; the endpoint asks it, the transports tell it.
"""

import asyncio
import enum
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

_log = logging.getLogger(__name__)

HOOKS_SECONDS: Final = 1.5
"""What all the shutdown hooks together may take."""
EXIT_SECONDS: Final = 2.0
"""From the reason to stop until the process is gone, whatever still hangs."""
_POLL_SECONDS: Final = 1.0

Hook = Callable[[], Awaitable[None]]


class Phase(enum.Enum):
    """Where the session stands; it only moves forward."""

    NEW = enum.auto()
    RUNNING = enum.auto()
    SHUT_DOWN = enum.auto()


class Lifecycle:
    """The session's phase, its hooks, and the one place that decides to stop.

    Args:
        exit_process: Ends the process at once; only called when stopping takes too long.
    """

    def __init__(self, exit_process: Callable[[int], Any] = os._exit) -> None:
        self.phase = Phase.NEW
        self._hooks: list[Hook] = []
        self._hooks_task: asyncio.Task[None] | None = None
        self._stopped: asyncio.Event = asyncio.Event()
        self._exit_process = exit_process
        self._exit_code: int | None = None
        self._watchdog: threading.Timer | None = None

    def on_shutdown(self, hook: Hook) -> None:
        """Await `hook` once when the session ends, for whatever reason; the last added runs first.

        All of them share `HOOKS_SECONDS`; what a hook needs longer for is cancelled.
        """
        self._hooks.append(hook)

    def stop(self, code: int, reason: str) -> None:
        """End the session: the first reason counts. Only from the event loop."""
        if self._exit_code is None:
            self._exit_code = code
            _log.log(logging.INFO if code == 0 else logging.WARNING, "stopping: %s", reason)
            self.limit_exit(code)
            self._stopped.set()

    def limit_exit(self, code: int) -> None:
        """Make sure that the process is gone in `EXIT_SECONDS`, even if the loop is blocked."""
        if self._watchdog is None:
            self._watchdog = threading.Timer(EXIT_SECONDS, self._exit_process, (code,))
            self._watchdog.daemon = True
            self._watchdog.start()

    async def stopped(self) -> int:
        """Wait for a reason to stop and return the exit code."""
        await self._stopped.wait()
        return self._exit_code or 0

    async def run_hooks(self) -> None:
        """Run the hooks, once however often it is asked for, and wait for their end."""
        if self._hooks_task is None:
            self._hooks_task = asyncio.create_task(self._run_hooks(), name="shutdown hooks")
        await asyncio.shield(self._hooks_task)

    async def _run_hooks(self) -> None:
        try:
            async with asyncio.timeout(HOOKS_SECONDS):
                for hook in reversed(self._hooks):
                    await _run(hook)
        except TimeoutError:
            _log.error("shutdown hooks took more than %s s and were cut off", HOOKS_SECONDS)


async def _run(hook: Hook) -> None:
    try:
        await hook()
    except Exception:  # noqa: BLE001 - the other hooks still have to run
        _log.exception("a shutdown hook failed")


@contextmanager
def signals(lifecycle: Lifecycle) -> Generator[None]:
    """Stop on SIGTERM, SIGINT and SIGHUP while the block runs; exit code 128 + signal.

    Plain signal handlers, because the loop's own would not run while the loop is blocked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, _frame: FrameType | None) -> None:
        code = 128 + number
        lifecycle.limit_exit(code)
        loop.call_soon_threadsafe(lifecycle.stop, code, signal.Signals(number).name)

    caught = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in caught}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class ParentWatch:
    """Stops the session when the editor's process is gone.

    Args:
        lifecycle: Told to stop.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._handle: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, process_id: int) -> None:
        """Watch `process_id`, by a process handle where the kernel has them, else by asking."""
        try:
            os.kill(process_id, 0)
        except PermissionError:
            pass
        except (ProcessLookupError, OverflowError):
            # Whoever sent this is alive, so the id comes from another pid namespace (a container,
            # a remote editor). The end of stdin will tell instead.
            _log.warning("the editor's process id %s does not exist here; not watched", process_id)
            return
        loop = asyncio.get_running_loop()
        try:
            self._handle = os.pidfd_open(process_id)
            loop.add_reader(self._handle, self._gone)
        except (AttributeError, OSError):
            self._timer = loop.call_later(_POLL_SECONDS, self._poll, process_id)

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
        if self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = None

    def _gone(self) -> None:
        self.close()
        code = 0 if self._lifecycle.phase is Phase.SHUT_DOWN else 1
        self._lifecycle.stop(code, "the editor's process has ended")

    def _poll(self, process_id: int) -> None:
        with suppress(PermissionError):
            try:
                os.kill(process_id, 0)
            except ProcessLookupError:
                self._gone()
                return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_POLL_SECONDS, self._poll, process_id)

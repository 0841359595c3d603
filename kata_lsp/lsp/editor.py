"""Owns the client's side of the core: folders, settings, open specs, and the sinks that show runs.

Must not know what a command does; commands and features come here for what the editor knows.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp.configuration import Configuration
from kata_lsp.lsp.diagnosing import Diagnosing, Surroundings
from kata_lsp.lsp.documents import Documents
from kata_lsp.lsp.folders import Folders
from kata_lsp.lsp.known_paths import KnownPaths
from kata_lsp.lsp.offers import Choices, Offers
from kata_lsp.lsp.previews import Previews
from kata_lsp.lsp.progress import Progress
from kata_lsp.lsp.publisher import Publisher
from kata_lsp.lsp.spec_files import EditorSpecFiles
from kata_lsp.lsp.spec_news import SpecNews
from kata_lsp.lsp.spec_runs import MAX_RUNS, RunsBySpec, SpecRuns
from kata_lsp.lsp.spec_search import SpecSearch
from kata_lsp.lsp.specs import Specs, SpecView
from kata_lsp.lsp.tally import Tally
from kata_lsp.orchestrator.events import Event, Sink, StatusChanged
from kata_lsp.orchestrator.living_spec import read_threads
from kata_lsp.runs.lifecycle import TERMINAL
from kata_lsp.runs.record import RunRecord
from kata_lsp.runs.store import RunFilter
from kata_lsp.spec.threads import Thread

if TYPE_CHECKING:
    from kata_lsp.app import App
    from kata_lsp.lsp.server import KataServer
    from kata_lsp.protocol import StatusPayload

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Editor:
    """The editor as the core sees it.

    Args:
        server: The connection to it.
    """

    def __init__(self, server: KataServer) -> None:
        self._server = server
        self.folders = Folders(self.documents)
        self.configuration = Configuration(server, self.folders.first)
        self.spec_files = EditorSpecFiles(server, self.documents, self.folders)
        self.specs = Specs(self.documents, self.folders, self._spec_path)
        self.spec_search = SpecSearch(
            self.specs,
            self.folders,
            lambda: server.session.position_encoding.value,
            self._spec_path,
        )
        self.runs_by_spec = RunsBySpec(lambda place: self._spec_changed(*place))
        self.threads: dict[tuple[str, str], tuple[Thread, ...]] = {}
        self.paths = KnownPaths(time.monotonic)
        around = Surroundings(
            self.runs_by_spec.of, lambda root, path: self.threads.get((root, path), ())
        )
        self.diagnosing = Diagnosing(server, around, self.paths)
        self.spec_news = SpecNews(server, self.specs, self.diagnosing, self.own)
        self._spec_listeners: list[Callable[[str, str], None]] = [self.spec_news.around_changed]
        self._tally = Tally()
        self._publisher = Publisher(server, self.status)
        self._progress = Progress(server)
        self._offers = Offers(server, Choices(self._apply, self.show_draft))
        self._previews = Previews(server)
        self._app: App | None = None
        self._opening: asyncio.Task[App] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        server.on_shutdown(self._close)

    def documents(self) -> Documents:
        """Return the open documents."""
        return cast("Documents", self._server.workspace)

    def _spec_path(self) -> str:
        return self.configuration.settings.spec_path

    def sink(self, event: Event) -> None:
        """Take an event of the orchestrator: count it, then show it in every way there is."""
        listeners: tuple[Sink, ...] = (
            self._tally,
            self.runs_by_spec,
            self._publisher,
            self._progress,
            self._offers,
        )
        for listener in listeners:
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - what cannot be shown must not stop its run
                _log.exception("an event could not be shown by %s", type(listener).__name__)

    async def core(self) -> App:
        """Return the core, opened at the first call: nothing is stored or asked before that.

        Raises:
            StoreError: The store cannot be used; the next call tries again.
        """
        if self._app is not None:
            return self._app
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open(), name="open the core")
        # One opening serves every command that waits for it, so none of them may cancel it.
        return await asyncio.shield(self._opening)

    def own(self, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """Start work that may outlive the command that asked for it; ended at shutdown."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def on_spec_changed(self, listener: Callable[[str, str], None]) -> None:
        """Call `listener(root, path)` when what is known of a spec beside its text changes."""
        self._spec_listeners.append(listener)

    async def read_comments(self, root: str, path: str) -> None:
        """Read a spec's comment threads again; a file that cannot be read counts as none."""
        try:
            found = await read_threads(root, path)
        except InvalidInputError as error:
            _log.warning("comments: %s", error)
            found = ()
        if found != self.threads.get((root, path), ()):
            self.threads[root, path] = found
            self._spec_changed(root, path)

    def runs_of(self, view: SpecView) -> SpecRuns:
        """Return the runs about an open spec."""
        return self.runs_by_spec.of(view.root, view.path)

    def threads_of(self, view: SpecView) -> tuple[Thread, ...]:
        """Return the comment threads of an open spec."""
        return self.threads.get((view.root, view.path), ())

    def _spec_changed(self, root: str, path: str) -> None:
        for listener in self._spec_listeners:
            listener(root, path)

    async def reconfigure(self) -> None:
        """Put the settings in force as they are now; which files are specs is one of them."""
        before = self.configuration.settings.spec_path, self.folders.all()
        settings = await asyncio.to_thread(self.configuration.resolve)
        if before != (settings.spec_path, self.folders.all()):
            self.spec_news.places_changed()
        if self._app is not None:
            self._app.configure(settings)
            self.sink(StatusChanged())

    async def cancel_progress(self, token: object) -> None:
        """Cancel the run whose progress bar has `token`; other bars are somebody else's."""
        run_id = self._progress.run_of(token)
        if run_id is not None:
            await (await self.core()).orchestrator.cancel(run_id)

    def status(self) -> StatusPayload:
        """Return what the status line shows now."""
        from kata_lsp.lsp import payloads  # noqa: PLC0415 - brings pydantic along

        totals = self._tally.totals(
            ready=self.folders.first() is not None, problems=len(self.configuration.problems)
        )
        return payloads.status(totals, self.configuration.settings)

    async def _open(self) -> App:
        await asyncio.to_thread(self._prepare)
        app = self._server.app
        await app.open()
        self._app = app
        for root in self.folders.all():
            # Oldest first: the newest are the last to be forgotten.
            runs = await app.orchestrator.list(RunFilter(root=root, limit=MAX_RUNS))
            ended = (run for run in reversed(runs) if run.status in TERMINAL)
            self.runs_by_spec.load(ended)
        return app

    def _prepare(self) -> None:
        """Do what takes a while off the loop: import the core, read the settings' files."""
        importlib.import_module("kata_lsp.app")
        self.configuration.resolve()

    async def _apply(self, record: RunRecord) -> str:
        outcome = await (await self.core()).drafts.apply(record.id, record.request.root)
        return "" if outcome.outcome == "applied" else outcome.message

    async def show_draft(self, record: RunRecord) -> str:
        """Have the client open a draft; returns what to tell the user, "" when it is open."""
        view = await (await self.core()).drafts.show(record.id, record.request.root)
        return await self._previews.show(record.id, view.draft.text)

    async def _close(self) -> None:
        await self._offers.aclose()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._app is not None:
            await self._app.aclose()
        self._publisher.close()
        await self._progress.aclose()

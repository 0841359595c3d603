"""A core with a scripted provider over a small repository, as tests of whole runs use it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from kata_lsp.app import App, build_app
from kata_lsp.orchestrator.events import Event, RunChanged, RunStreamed
from kata_lsp.providers.adapters.scripted import Script, ScriptedAnswer, scripted_provider
from kata_lsp.providers.registry import discover
from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus
from kata_lsp.settings.model import Settings

SECTIONS = (
    "Goal",
    "Tasks",
    "Acceptance Criteria",
    "Non-goals",
    "Assumptions",
    "Verification Plan",
)
BODIES = {"Tasks": "- [ ] T001 Change `app.py`\n- [ ] T002 [P] Test it (after T001)"}


def draft_text(*sections: str, title: str = "Greet the user", **bodies: str) -> str:
    """Return a draft with these sections, all of them when none is named."""
    parts = [f"# {title}\n"]
    for name in sections or SECTIONS:
        body = bodies.get(name.split()[0].lower()) or BODIES.get(name, f"- {name} of it")
        parts.append(f"## {name}\n\n{body}\n")
    return "\n".join(parts)


@dataclass
class Bench:
    """The core, its root, and everything it told."""

    app: App
    root: Path
    script: Script
    events: list[Event] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def sink(self, event: Event) -> None:
        """Keep an event and wake who waits for one."""
        self.events.append(event)
        self._changed.set()

    def request(self, prompt: str = "Greet the user by name", **changes: object) -> RunRequest:
        """Return a request to the scripted provider."""
        plain = RunRequest(prompt, str(self.root), ".kata/spec.md", provider="scripted")
        return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name

    async def run(self, prompt: str = "Greet the user by name", **changes: object) -> RunRecord:
        """Carry a run out."""
        started = await self.app.orchestrator.start(self.request(prompt, **changes))
        return await self.app.orchestrator.wait(started.id)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until an event makes `condition` true."""
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def statuses(self, run_id: str) -> list[RunStatus]:
        """Return the statuses told of a run, repetitions left out."""
        records = [event.record for event in self.events if isinstance(event, RunChanged)]
        told = [record.status for record in records if record.id == run_id]
        return [status for status, _ in itertools.groupby(told)]

    def streamed(self, run_id: str) -> str:
        """Return the text streamed of a run."""
        return "".join(
            e.delta
            for e in self.events
            if isinstance(e, RunStreamed) and e.run_id == run_id and e.kind == "text"
        )

    @property
    def spec(self) -> Path:
        """The spec's file."""
        return self.root / ".kata" / "spec.md"


@asynccontextmanager
async def bench(
    root: Path, answers: Sequence[ScriptedAnswer] = (), settings: Settings | None = None
) -> AsyncGenerator[Bench]:
    """Open a core over a repository with one file."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "app.py").write_text("def greet(user):\n    return 'hello'\n")
    script = Script(answers, default=ScriptedAnswer.text(draft_text(), repeat=True))
    specs = [spec for spec in discover() if spec.kind != "scripted"]
    told: list[Bench] = []
    app = build_app(
        settings or Settings(max_retries=0),
        sink=lambda event: told[0].sink(event) if told else None,
        store_path=root.parent / "state" / "runs.db",
        environ={},
        specs=[*specs, scripted_provider(script)],
    )
    made = Bench(app, root, script)
    told.append(made)
    await app.open()
    try:
        yield made
    finally:
        await app.aclose()

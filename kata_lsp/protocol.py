"""Owns the wire contract: names of commands and notifications, and the payloads they carry.

Must not know the core: it imports only pydantic, so that clients' types can be generated from it
and a change of a core record never changes the wire by accident. Every payload is camelCase and
refuses fields it does not know. Times are epoch seconds, costs US dollars, lines 1-based and
inclusive, paths posix and relative to the run's root unless a field says `uri` or `root`.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

PROTOCOL_VERSION = 1
"""Grows when a client written for the previous number would misunderstand something."""

MAX_PROMPT_CHARS = 200_000

RuntimeMode = Literal["native", "pi"]
RunStatus = Literal["queued", "running", "completed", "failed", "interrupted", "cancelled"]
Phase = Literal["context", "prompt", "provider", "validate", "repair"]
ApplyPolicy = Literal["ask", "auto", "never"]
Profile = Literal["standard", "lite"]
AuthMode = Literal["api_key", "token_session"]
DraftState = Literal["none", "waiting", "applied", "discarded"]
ErrorCode = Literal[
    "missing_auth",
    "invalid_auth",
    "session_expired",
    "rate_limited",
    "provider_unavailable",
    "unexpected_error",
    "permission_denied",
    "quota_exhausted",
    "timeout",
    "stream_interrupted",
    "context_too_large",
    "truncated_output",
    "content_refused",
    "empty_output",
    "model_not_found",
    "bad_endpoint",
    "invalid_request",
    "bad_response",
    "cancelled",
]

Prompt = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT_CHARS)
]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Payload(BaseModel):
    """The base of everything on the wire."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        # Models are built at the first command, not when the module is imported.
        defer_build=True,
    )

    def to_json(self) -> dict[str, Any]:
        """Return the wire form: camelCase, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class NoParams(Payload):
    """A command without arguments."""


class RunRef(Payload):
    """Names a run."""

    run_id: Identifier


# Runs


class StartRunParams(Payload):
    """What `kata.run.start` takes; only the prompt is required."""

    prompt: Prompt
    root: str | None = Field(None, description="Workspace folder: a path or a file URI.")
    session: Identifier | None = Field(None, description="Groups runs; usage is summed by it.")
    provider: Identifier | None = None
    model: Identifier | None = None
    runtime_mode: RuntimeMode | None = None
    spec: str | None = Field(
        None, description="The spec to write or refine, relative to the root. Default: a setting."
    )
    apply: ApplyPolicy | None = None
    profile: Profile | None = Field(None, description="`lite` asks for less in a small change.")
    selection: str | None = Field(
        None, max_length=MAX_PROMPT_CHARS, description="Text the prompt is about."
    )
    selection_path: str | None = Field(None, description="The file `selection` comes from.")
    max_cost_usd: float | None = Field(None, ge=0)
    max_requests: int | None = Field(None, ge=1)


class RunAccepted(Payload):
    """The answer to `kata.run.start`, `.cancel` and `.resume`: never model output."""

    run_id: str
    status: RunStatus


class UsagePayload(Payload):
    """Tokens as the provider counted them; a missing count was not reported."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


class ErrorPayload(Payload):
    """A failure: what happened, and what to do."""

    code: ErrorCode
    message: str
    remediation: str
    retryable: bool
    provider_id: str | None = None
    runtime_mode: RuntimeMode | None = None
    retry_after_seconds: float | None = None
    request_id: str | None = None
    partial: bool = False
    attempts: int = 0


class TimelineEntry(Payload):
    """When the run entered a status."""

    status: RunStatus
    at: float


class AttemptPayload(Payload):
    """One request to one provider. `code` is missing for a success."""

    provider: str
    model: str
    runtime_mode: RuntimeMode
    started_at: float
    seconds: float
    waited_seconds: float
    purpose: Literal["draft", "repair", "execute"]
    code: ErrorCode | None = None
    request_id: str | None = None
    usage: UsagePayload
    cost_usd: float | None = Field(None, description="Missing when the price is unknown.")


class ContextRefPayload(Payload):
    """A snippet that went into the prompt."""

    path: str
    start_line: int
    end_line: int
    score: float
    reason: str = ""


class DiagnosticPayload(Payload):
    """Something that went wrong without failing the run."""

    source: str
    code: str
    message: str


class DraftSummary(Payload):
    """What became of the draft; its text is fetched with `kata.draft.show`."""

    state: DraftState
    complete: bool
    missing_sections: list[str]


class RunPayload(Payload):
    """A run, without the text of its draft."""

    run_id: str
    seq: int
    status: RunStatus
    phase: Phase | None = None
    prompt: str
    root: str
    spec: str
    session: str | None = None
    profile: Profile
    apply: ApplyPolicy
    provider: str | None = None
    model: str | None = None
    runtime_mode: RuntimeMode
    origin: str | None = Field(None, description="The run this one resumes.")
    created_at: float
    updated_at: float
    timeline: list[TimelineEntry]
    attempts: list[AttemptPayload]
    usage: UsagePayload
    cost_usd: float | None = Field(None, description="Missing when a price is unknown.")
    cost_note: str = ""
    waiting_until: float | None = None
    context: list[ContextRefPayload]
    diagnostics: list[DiagnosticPayload]
    draft: DraftSummary | None = None
    error: ErrorPayload | None = None


class GetRunResult(Payload):
    """A run with the output received so far."""

    run: RunPayload
    text: str = Field("", description="The draft, or what has been streamed of it.")


class ListRunsParams(Payload):
    """Which runs to list, newest first."""

    root: str | None = None
    session: Identifier | None = None
    status: list[RunStatus] | None = None
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = None


class SpendingPayload(Payload):
    """What requests have used. `costUsd` is what is known; the rest is counted beside it."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unknown_cost_requests: int


class ListRunsResult(Payload):
    """A page of runs, and what all runs of the root and session have used."""

    runs: list[RunPayload]
    next_cursor: str | None = None
    spending: SpendingPayload


# Drafts


class ShowDraftParams(Payload):
    """Which draft; without a run, the newest one that waits for the spec."""

    run_id: Identifier | None = None
    root: str | None = None


class OpenDraftParams(ShowDraftParams):
    """Which draft to show; `open` also has the editor open it."""

    open: bool = False


class ConflictPayload(Payload):
    """A place where both the reader and the draft changed the same thing."""

    id: str
    kind: Literal["title", "section", "task"]
    subject: str = Field(description="The section's title, or the task's id or title.")
    message: str
    mine: str
    theirs: str


class DraftPayload(Payload):
    """A draft, and what applying it would do now."""

    run_id: str
    state: DraftState
    complete: bool
    text: str
    spec: str
    spec_uri: str
    merged: str = Field(description="The spec with everything applied that is in no conflict.")
    diff: str = Field(description="Unified diff from the spec as it is to the spec as applied.")
    conflicts: list[ConflictPayload]
    missing_sections: list[str]


ConflictChoice = Literal["mine", "draft", "both"]


class ApplyDraftParams(Payload):
    """Apply a draft. `choices` answers conflicts by id; `choice` answers the rest."""

    run_id: Identifier | None = None
    root: str | None = None
    choice: ConflictChoice | None = None
    choices: dict[str, ConflictChoice] | None = None
    confirm: bool = Field(
        default=True,
        description="Have the editor ask its user; false where the client has shown a diff.",
    )


class ApplyDraftResult(Payload):
    """What came of it.

    `pending` means that the editor is asking its user; the outcome follows as a change of the
    run. `conflict`, `stale` and `refused` leave the draft waiting.
    """

    run_id: str
    outcome: Literal["applied", "unchanged", "pending", "conflict", "stale", "refused"]
    message: str
    spec_uri: str
    conflicts: list[ConflictPayload] = []


class DiscardDraftResult(Payload):
    """The draft's new state."""

    run_id: str
    state: DraftState


# The living spec

TaskStatus = Literal["todo", "in_progress", "done"]


class SpecRef(Payload):
    """Which spec: by `uri`, or by `spec` (relative to `root`); the setting's when both are out."""

    uri: str | None = None
    root: str | None = None
    spec: str | None = None


class SetTaskStatusParams(SpecRef):
    """Tick a task. Without a status it takes the next one."""

    task_id: Identifier
    status: TaskStatus | None = None


class SetTaskStatusResult(Payload):
    """The task's status now; `stale` and `refused` changed nothing."""

    task_id: str
    status: TaskStatus
    outcome: Literal["applied", "stale", "refused"]
    message: str


Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class AddCommentParams(SpecRef):
    """Begin a thread on a section, named by its title."""

    section: Identifier
    text: Remark
    author: Identifier = "you"


class ReplyCommentParams(SpecRef):
    """Answer in a thread."""

    thread_id: Identifier
    text: Remark
    author: Identifier = "you"


class ResolveCommentParams(SpecRef):
    """Mark a thread as resolved, or as open again."""

    thread_id: Identifier
    resolved: bool = True


class CommentPayload(Payload):
    """One remark; `createdAt` is ISO 8601."""

    author: str
    text: str
    created_at: str


class ThreadPayload(Payload):
    """Remarks on one section. `section` holds the headings down to it."""

    thread_id: str
    section: list[str]
    resolved: bool
    comments: list[CommentPayload]


class ListCommentsResult(Payload):
    """The threads of a spec."""

    threads: list[ThreadPayload]


# Providers


class ResolveAuthParams(Payload):
    """Ask which credential a provider would use."""

    provider: Identifier
    mode: AuthMode | None = None
    allow_api_key_fallback: bool = True


class ResolveAuthResult(Payload):
    """Which source answered; never the value."""

    provider: str
    ok: bool
    mode: AuthMode | None = None
    source: str | None = None
    fell_back: bool = False
    error: ErrorPayload | None = None


class ListModelsParams(Payload):
    """Whose models to list; without a provider, the one a run would use."""

    provider: Identifier | None = None
    refresh: bool = False
    runtime_mode: RuntimeMode | None = None


class ModelPayload(Payload):
    """A model a provider offers."""

    id: str
    display_name: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    default: bool = False


class ListModelsResult(Payload):
    """The provider's models, in its own order."""

    provider: str
    models: list[ModelPayload]


class ExecuteParams(Payload):
    """One plain request to a provider, outside any run."""

    prompt: Prompt
    provider: Identifier | None = None
    model: Identifier | None = None
    system: str = ""
    max_output_tokens: int | None = Field(None, ge=1)
    runtime_mode: RuntimeMode | None = None


class ExecuteResult(Payload):
    """The model's finished answer and what it used."""

    text: str
    provider: str
    model: str
    runtime_mode: RuntimeMode
    stop_reason: Literal["end_turn", "tool_use"]
    usage: UsagePayload
    cost_usd: float | None = None
    request_id: str | None = None
    attempts: list[AttemptPayload]


class SetCredentialParams(Payload):
    """Give a provider a credential, kept in the server's memory only; null takes it back."""

    provider: Identifier
    api_key: str | None = Field(None, repr=False)
    token: str | None = Field(None, repr=False)
    expires_at: float | None = None


class EstimateParams(Payload):
    """What a run with this prompt would send, without sending it."""

    prompt: Prompt
    root: str | None = None
    provider: Identifier | None = None
    model: Identifier | None = None


class EstimateResult(Payload):
    """A bound before anything is spent. Token counts are estimates."""

    provider: str
    model: str
    input_tokens: int
    max_output_tokens: int
    max_cost_usd: float | None = Field(None, description="Missing when the price is unknown.")
    note: str = ""


# Runtime mode


class RuntimeModeParams(Payload):
    """The mode to switch to."""

    mode: RuntimeMode


class RuntimeModeResult(Payload):
    """The mode new runs will use."""

    mode: RuntimeMode
    available: bool = True
    message: str = ""


# Context


class RetrieveContextParams(Payload):
    """What to look for in the workspace."""

    query: Prompt
    root: str | None = None
    limit: int | None = Field(None, ge=1, le=100)
    max_tokens: int | None = Field(None, ge=100, le=1_000_000)
    focus: list[str] = Field([], description="Files to prefer, relative to the root.")


class SnippetPayload(Payload):
    """A piece of a file, with secrets masked."""

    path: str
    uri: str
    start_line: int
    end_line: int
    text: str
    score: float
    source: str
    reason: str = ""


class RetrieveContextResult(Payload):
    """Ranked snippets, best first."""

    snippets: list[SnippetPayload]
    diagnostics: list[DiagnosticPayload]
    estimated_tokens: int
    files_considered: int


# Status


class StatusPayload(Payload):
    """What a status line shows. `tokens` and `costUsd` sum this server's runs."""

    kind: Literal["normal", "busy", "warning", "error", "inactive"]
    message: str
    provider: str | None = None
    model: str | None = None
    runtime_mode: RuntimeMode
    tokens: int = 0
    cost_usd: float | None = None
    active_runs: list[str] = []
    waiting_drafts: list[str] = []


class ServerInfo(Payload):
    """Which server answers."""

    name: Literal["kata-lsp"] = "kata-lsp"
    version: str
    protocol_version: int
    pid: int


class StatusResult(Payload):
    """The status, with what is behind it."""

    status: StatusPayload
    server: ServerInfo
    root: str | None = None
    settings_problems: list[str] = []


class DoctorParams(Payload):
    """Checks; `network` also asks each configured provider for its models."""

    network: bool = False


class DoctorCheck(Payload):
    """One finding, and its remedy where there is something to do."""

    name: str
    state: Literal["ok", "warning", "error"]
    detail: str
    remedy: str = ""


class DoctorResult(Payload):
    """All findings."""

    ok: bool
    checks: list[DoctorCheck]


# Notifications


class RunStreamParams(Payload):
    """More model output. `offset` is where it begins in the text of its kind."""

    run_id: str
    task_id: str | None = None
    seq: int
    kind: Literal["text", "thinking"]
    delta: str
    offset: int


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command of the contract."""

    name: str
    params: type[Payload]
    result: type[Payload]
    summary: str


@dataclass(frozen=True, slots=True)
class NotificationSpec:
    """A notification the server sends."""

    name: str
    params: type[Payload]
    summary: str


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("kata.run.start", StartRunParams, RunAccepted, "Start a run; answers at once."),
    CommandSpec("kata.run.cancel", RunRef, RunAccepted, "End a run at once."),
    CommandSpec("kata.run.resume", RunRef, RunAccepted, "Go on where a run ended, as a new run."),
    CommandSpec("kata.run.get", RunRef, GetRunResult, "A run with its output so far."),
    CommandSpec("kata.run.list", ListRunsParams, ListRunsResult, "Runs, newest first."),
    CommandSpec("kata.draft.show", OpenDraftParams, DraftPayload, "A draft and its diff."),
    CommandSpec("kata.draft.apply", ApplyDraftParams, ApplyDraftResult, "Edit the spec by it."),
    CommandSpec("kata.draft.discard", ShowDraftParams, DiscardDraftResult, "Put it aside."),
    CommandSpec(
        "kata.task.setStatus", SetTaskStatusParams, SetTaskStatusResult, "Tick a task, by id."
    ),
    CommandSpec("kata.comment.add", AddCommentParams, ThreadPayload, "Comment on a section."),
    CommandSpec("kata.comment.reply", ReplyCommentParams, ThreadPayload, "Answer in a thread."),
    CommandSpec("kata.comment.resolve", ResolveCommentParams, ThreadPayload, "Settle a thread."),
    CommandSpec("kata.comment.list", SpecRef, ListCommentsResult, "The threads of a spec."),
    CommandSpec(
        "kata.provider.resolveAuth", ResolveAuthParams, ResolveAuthResult, "Which credential."
    ),
    CommandSpec("kata.provider.listModels", ListModelsParams, ListModelsResult, "Its models."),
    CommandSpec("kata.provider.execute", ExecuteParams, ExecuteResult, "One plain request."),
    CommandSpec(
        "kata.provider.setCredential", SetCredentialParams, ResolveAuthResult, "In memory only."
    ),
    CommandSpec("kata.provider.estimate", EstimateParams, EstimateResult, "Cost before a run."),
    CommandSpec("kata.runtime.getMode", NoParams, RuntimeModeResult, "`native` or `pi`."),
    CommandSpec("kata.runtime.setMode", RuntimeModeParams, RuntimeModeResult, "Switch, live."),
    CommandSpec(
        "kata.context.retrieve", RetrieveContextParams, RetrieveContextResult, "Ranked snippets."
    ),
    CommandSpec("kata.status.get", NoParams, StatusResult, "What the status line shows."),
    CommandSpec("kata.doctor", DoctorParams, DoctorResult, "What works and what to fix."),
)

NOTIFICATIONS: tuple[NotificationSpec, ...] = (
    NotificationSpec("kata/run/didChange", RunPayload, "A run changed; it is stored already."),
    NotificationSpec("kata/run/didStream", RunStreamParams, "More output, coalesced."),
    NotificationSpec("kata/status/didChange", StatusPayload, "The status line changed."),
)


def schema() -> dict[str, Any]:
    """Return the contract as one JSON Schema document (2020-12).

    Payloads stand under `$defs`; `commands` and `notifications` refer to them by name.
    """
    payloads: dict[str, type[Payload]] = {}
    for spec in COMMANDS:
        payloads |= {spec.params.__name__: spec.params, spec.result.__name__: spec.result}
    for spec in NOTIFICATIONS:
        payloads[spec.params.__name__] = spec.params
    payloads[ErrorPayload.__name__] = ErrorPayload
    _, document = models_json_schema(
        [(model, "validation") for model in payloads.values()], by_alias=True
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kata-lsp wire contract",
        "protocolVersion": PROTOCOL_VERSION,
        "commands": {
            spec.name: {
                "summary": spec.summary,
                "params": _ref(spec.params),
                "result": _ref(spec.result),
            }
            for spec in COMMANDS
        },
        "notifications": {
            spec.name: {"summary": spec.summary, "params": _ref(spec.params)}
            for spec in NOTIFICATIONS
        },
        **document,
    }


def _ref(model: type[Payload]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}

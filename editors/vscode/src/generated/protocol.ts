// Generated from the wire contract by editors/generate_types.py; do not edit.

export const PROTOCOL_VERSION = 1;

/** Begin a thread on a section, named by its title. */
export interface AddCommentParams {
  uri?: string;
  root?: string;
  spec?: string;
  section: string;
  text: string;
  author?: string;
}

/** Apply a draft. `choices` answers conflicts by id; `choice` answers the rest. */
export interface ApplyDraftParams {
  runId?: string;
  root?: string;
  choice?: "mine" | "draft" | "both";
  choices?: Record<string, "mine" | "draft" | "both">;
  /** Have the editor ask its user; false where the client has shown a diff. */
  confirm?: boolean;
}

/** What came of it. `pending` means that the editor is asking its user; the outcome follows as a change of the run. `conflict`, `stale` and `refused` leave the draft waiting. */
export interface ApplyDraftResult {
  runId: string;
  outcome: "applied" | "unchanged" | "pending" | "conflict" | "stale" | "refused";
  message: string;
  specUri: string;
  conflicts?: ConflictPayload[];
}

/** One request to one provider. `code` is missing for a success. */
export interface AttemptPayload {
  provider: string;
  model: string;
  runtimeMode: "native" | "pi";
  startedAt: number;
  seconds: number;
  waitedSeconds: number;
  purpose: "draft" | "repair" | "execute";
  code?: "missing_auth" | "invalid_auth" | "session_expired" | "rate_limited" | "provider_unavailable" | "unexpected_error" | "permission_denied" | "quota_exhausted" | "timeout" | "stream_interrupted" | "context_too_large" | "truncated_output" | "content_refused" | "empty_output" | "model_not_found" | "bad_endpoint" | "invalid_request" | "bad_response" | "cancelled";
  requestId?: string;
  usage: UsagePayload;
  /** Missing when the price is unknown. */
  costUsd?: number;
}

/** One remark; `createdAt` is ISO 8601. */
export interface CommentPayload {
  author: string;
  text: string;
  createdAt: string;
}

/** A place where both the reader and the draft changed the same thing. */
export interface ConflictPayload {
  id: string;
  kind: "title" | "section" | "task";
  /** The section's title, or the task's id or title. */
  subject: string;
  message: string;
  mine: string;
  theirs: string;
}

/** A snippet that went into the prompt. */
export interface ContextRefPayload {
  path: string;
  startLine: number;
  endLine: number;
  score: number;
  reason?: string;
}

/** Something that went wrong without failing the run. */
export interface DiagnosticPayload {
  source: string;
  code: string;
  message: string;
}

/** The draft's new state. */
export interface DiscardDraftResult {
  runId: string;
  state: "none" | "waiting" | "applied" | "discarded";
}

/** One finding, and its remedy where there is something to do. */
export interface DoctorCheck {
  name: string;
  state: "ok" | "warning" | "error";
  detail: string;
  remedy?: string;
}

/** Checks; `network` also asks each configured provider for its models. */
export interface DoctorParams {
  network?: boolean;
}

/** All findings. */
export interface DoctorResult {
  ok: boolean;
  checks: DoctorCheck[];
}

/** A draft, and what applying it would do now. */
export interface DraftPayload {
  runId: string;
  state: "none" | "waiting" | "applied" | "discarded";
  complete: boolean;
  text: string;
  spec: string;
  specUri: string;
  /** The spec with everything applied that is in no conflict. */
  merged: string;
  /** Unified diff from the spec as it is to the spec as applied. */
  diff: string;
  conflicts: ConflictPayload[];
  missingSections: string[];
}

/** What became of the draft; its text is fetched with `kata.draft.show`. */
export interface DraftSummary {
  state: "none" | "waiting" | "applied" | "discarded";
  complete: boolean;
  missingSections: string[];
}

/** A failure: what happened, and what to do. */
export interface ErrorPayload {
  code: "missing_auth" | "invalid_auth" | "session_expired" | "rate_limited" | "provider_unavailable" | "unexpected_error" | "permission_denied" | "quota_exhausted" | "timeout" | "stream_interrupted" | "context_too_large" | "truncated_output" | "content_refused" | "empty_output" | "model_not_found" | "bad_endpoint" | "invalid_request" | "bad_response" | "cancelled";
  message: string;
  remediation: string;
  retryable: boolean;
  providerId?: string;
  runtimeMode?: "native" | "pi";
  retryAfterSeconds?: number;
  requestId?: string;
  partial?: boolean;
  attempts?: number;
}

/** What a run with this prompt would send, without sending it. */
export interface EstimateParams {
  prompt: string;
  root?: string;
  provider?: string;
  model?: string;
}

/** A bound before anything is spent. Token counts are estimates. */
export interface EstimateResult {
  provider: string;
  model: string;
  inputTokens: number;
  maxOutputTokens: number;
  /** Missing when the price is unknown. */
  maxCostUsd?: number;
  note?: string;
}

/** One plain request to a provider, outside any run. */
export interface ExecuteParams {
  prompt: string;
  provider?: string;
  model?: string;
  system?: string;
  maxOutputTokens?: number;
  runtimeMode?: "native" | "pi";
}

/** The model's finished answer and what it used. */
export interface ExecuteResult {
  text: string;
  provider: string;
  model: string;
  runtimeMode: "native" | "pi";
  stopReason: "end_turn" | "tool_use";
  usage: UsagePayload;
  costUsd?: number;
  requestId?: string;
  attempts: AttemptPayload[];
}

/** A run with the output received so far. */
export interface GetRunResult {
  run: RunPayload;
  /** The draft, or what has been streamed of it. */
  text?: string;
}

/** The threads of a spec. */
export interface ListCommentsResult {
  threads: ThreadPayload[];
}

/** Whose models to list; without a provider, the one a run would use. */
export interface ListModelsParams {
  provider?: string;
  refresh?: boolean;
  runtimeMode?: "native" | "pi";
}

/** The provider's models, in its own order. */
export interface ListModelsResult {
  provider: string;
  models: ModelPayload[];
}

/** Which runs to list, newest first. */
export interface ListRunsParams {
  root?: string;
  session?: string;
  status?: ("queued" | "running" | "completed" | "failed" | "interrupted" | "cancelled")[];
  limit?: number;
  cursor?: string;
}

/** A page of runs, and what all runs of the root and session have used. */
export interface ListRunsResult {
  runs: RunPayload[];
  nextCursor?: string;
  spending: SpendingPayload;
}

/** A model a provider offers. */
export interface ModelPayload {
  id: string;
  displayName?: string;
  contextTokens?: number;
  maxOutputTokens?: number;
  default?: boolean;
}

/** A command without arguments. */
export interface NoParams {
}

/** Which draft to show; `open` also has the editor open it. */
export interface OpenDraftParams {
  runId?: string;
  root?: string;
  open?: boolean;
}

/** Answer in a thread. */
export interface ReplyCommentParams {
  uri?: string;
  root?: string;
  spec?: string;
  threadId: string;
  text: string;
  author?: string;
}

/** Ask which credential a provider would use. */
export interface ResolveAuthParams {
  provider: string;
  mode?: "api_key" | "token_session";
  allowApiKeyFallback?: boolean;
}

/** Which source answered; never the value. */
export interface ResolveAuthResult {
  provider: string;
  ok: boolean;
  mode?: "api_key" | "token_session";
  source?: string;
  fellBack?: boolean;
  error?: ErrorPayload;
}

/** Mark a thread as resolved, or as open again. */
export interface ResolveCommentParams {
  uri?: string;
  root?: string;
  spec?: string;
  threadId: string;
  resolved?: boolean;
}

/** What to look for in the workspace. */
export interface RetrieveContextParams {
  query: string;
  root?: string;
  limit?: number;
  maxTokens?: number;
  /** Files to prefer, relative to the root. */
  focus?: string[];
}

/** Ranked snippets, best first. */
export interface RetrieveContextResult {
  snippets: SnippetPayload[];
  diagnostics: DiagnosticPayload[];
  estimatedTokens: number;
  filesConsidered: number;
}

/** The answer to `kata.run.start`, `.cancel` and `.resume`: never model output. */
export interface RunAccepted {
  runId: string;
  status: "queued" | "running" | "completed" | "failed" | "interrupted" | "cancelled";
}

/** A run, without the text of its draft. */
export interface RunPayload {
  runId: string;
  seq: number;
  status: "queued" | "running" | "completed" | "failed" | "interrupted" | "cancelled";
  phase?: "context" | "prompt" | "provider" | "validate" | "repair";
  prompt: string;
  root: string;
  spec: string;
  session?: string;
  profile: "standard" | "lite";
  apply: "ask" | "auto" | "never";
  provider?: string;
  model?: string;
  runtimeMode: "native" | "pi";
  /** The run this one resumes. */
  origin?: string;
  createdAt: number;
  updatedAt: number;
  timeline: TimelineEntry[];
  attempts: AttemptPayload[];
  usage: UsagePayload;
  /** Missing when a price is unknown. */
  costUsd?: number;
  costNote?: string;
  waitingUntil?: number;
  context: ContextRefPayload[];
  diagnostics: DiagnosticPayload[];
  draft?: DraftSummary;
  error?: ErrorPayload;
}

/** Names a run. */
export interface RunRef {
  runId: string;
}

/** More model output. `offset` is where it begins in the text of its kind. */
export interface RunStreamParams {
  runId: string;
  taskId?: string;
  seq: number;
  kind: "text" | "thinking";
  delta: string;
  offset: number;
}

/** The mode to switch to. */
export interface RuntimeModeParams {
  mode: "native" | "pi";
}

/** The mode new runs will use. */
export interface RuntimeModeResult {
  mode: "native" | "pi";
  available?: boolean;
  message?: string;
}

/** Which server answers. */
export interface ServerInfo {
  name?: "kata-lsp";
  version: string;
  protocolVersion: number;
  pid: number;
}

/** Give a provider a credential, kept in the server's memory only; null takes it back. */
export interface SetCredentialParams {
  provider: string;
  apiKey?: string;
  token?: string;
  expiresAt?: number;
}

/** Tick a task. Without a status it takes the next one. */
export interface SetTaskStatusParams {
  uri?: string;
  root?: string;
  spec?: string;
  taskId: string;
  status?: "todo" | "in_progress" | "done";
}

/** The task's status now; `stale` and `refused` changed nothing. */
export interface SetTaskStatusResult {
  taskId: string;
  status: "todo" | "in_progress" | "done";
  outcome: "applied" | "stale" | "refused";
  message: string;
}

/** Which draft; without a run, the newest one that waits for the spec. */
export interface ShowDraftParams {
  runId?: string;
  root?: string;
}

/** A piece of a file, with secrets masked. */
export interface SnippetPayload {
  path: string;
  uri: string;
  startLine: number;
  endLine: number;
  text: string;
  score: number;
  source: string;
  reason?: string;
}

/** Which spec: by `uri`, or by `spec` (relative to `root`); the setting's when both are out. */
export interface SpecRef {
  uri?: string;
  root?: string;
  spec?: string;
}

/** What requests have used. `costUsd` is what is known; the rest is counted beside it. */
export interface SpendingPayload {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number;
  unknownCostRequests: number;
}

/** What `kata.run.start` takes; only the prompt is required. */
export interface StartRunParams {
  prompt: string;
  /** Workspace folder: a path or a file URI. */
  root?: string;
  /** Groups runs; usage is summed by it. */
  session?: string;
  provider?: string;
  model?: string;
  runtimeMode?: "native" | "pi";
  /** The spec to write or refine, relative to the root. Default: a setting. */
  spec?: string;
  apply?: "ask" | "auto" | "never";
  /** `lite` asks for less in a small change. */
  profile?: "standard" | "lite";
  /** Text the prompt is about. */
  selection?: string;
  /** The file `selection` comes from. */
  selectionPath?: string;
  maxCostUsd?: number;
  maxRequests?: number;
}

/** What a status line shows. `tokens` and `costUsd` sum this server's runs. */
export interface StatusPayload {
  kind: "normal" | "busy" | "warning" | "error" | "inactive";
  message: string;
  provider?: string;
  model?: string;
  runtimeMode: "native" | "pi";
  tokens?: number;
  costUsd?: number;
  activeRuns?: string[];
  waitingDrafts?: string[];
}

/** The status, with what is behind it. */
export interface StatusResult {
  status: StatusPayload;
  server: ServerInfo;
  root?: string;
  settingsProblems?: string[];
}

/** Remarks on one section. `section` holds the headings down to it. */
export interface ThreadPayload {
  threadId: string;
  section: string[];
  resolved: boolean;
  comments: CommentPayload[];
}

/** When the run entered a status. */
export interface TimelineEntry {
  status: "queued" | "running" | "completed" | "failed" | "interrupted" | "cancelled";
  at: number;
}

/** Tokens as the provider counted them; a missing count was not reported. */
export interface UsagePayload {
  inputTokens?: number;
  outputTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
}

/** What each command takes and answers. */
export interface Commands {
  /** Start a run; answers at once. */
  "kata.run.start": { params: StartRunParams; result: RunAccepted };
  /** End a run at once. */
  "kata.run.cancel": { params: RunRef; result: RunAccepted };
  /** Go on where a run ended, as a new run. */
  "kata.run.resume": { params: RunRef; result: RunAccepted };
  /** A run with its output so far. */
  "kata.run.get": { params: RunRef; result: GetRunResult };
  /** Runs, newest first. */
  "kata.run.list": { params: ListRunsParams; result: ListRunsResult };
  /** A draft and its diff. */
  "kata.draft.show": { params: OpenDraftParams; result: DraftPayload };
  /** Edit the spec by it. */
  "kata.draft.apply": { params: ApplyDraftParams; result: ApplyDraftResult };
  /** Put it aside. */
  "kata.draft.discard": { params: ShowDraftParams; result: DiscardDraftResult };
  /** Tick a task, by id. */
  "kata.task.setStatus": { params: SetTaskStatusParams; result: SetTaskStatusResult };
  /** Comment on a section. */
  "kata.comment.add": { params: AddCommentParams; result: ThreadPayload };
  /** Answer in a thread. */
  "kata.comment.reply": { params: ReplyCommentParams; result: ThreadPayload };
  /** Settle a thread. */
  "kata.comment.resolve": { params: ResolveCommentParams; result: ThreadPayload };
  /** The threads of a spec. */
  "kata.comment.list": { params: SpecRef; result: ListCommentsResult };
  /** Which credential. */
  "kata.provider.resolveAuth": { params: ResolveAuthParams; result: ResolveAuthResult };
  /** Its models. */
  "kata.provider.listModels": { params: ListModelsParams; result: ListModelsResult };
  /** One plain request. */
  "kata.provider.execute": { params: ExecuteParams; result: ExecuteResult };
  /** In memory only. */
  "kata.provider.setCredential": { params: SetCredentialParams; result: ResolveAuthResult };
  /** Cost before a run. */
  "kata.provider.estimate": { params: EstimateParams; result: EstimateResult };
  /** `native` or `pi`. */
  "kata.runtime.getMode": { params: NoParams; result: RuntimeModeResult };
  /** Switch, live. */
  "kata.runtime.setMode": { params: RuntimeModeParams; result: RuntimeModeResult };
  /** Ranked snippets. */
  "kata.context.retrieve": { params: RetrieveContextParams; result: RetrieveContextResult };
  /** What the status line shows. */
  "kata.status.get": { params: NoParams; result: StatusResult };
  /** What works and what to fix. */
  "kata.doctor": { params: DoctorParams; result: DoctorResult };
}

/** What each notification carries. */
export interface Notifications {
  /** A run changed; it is stored already. */
  "kata/run/didChange": RunPayload;
  /** More output, coalesced. */
  "kata/run/didStream": RunStreamParams;
  /** The status line changed. */
  "kata/status/didChange": StatusPayload;
}

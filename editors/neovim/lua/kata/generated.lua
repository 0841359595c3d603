-- Generated from the wire contract by editors/generate_types.py; do not edit.

---Begin a thread on a section, named by its title.
---@class (exact) kata.AddCommentParams
---@field uri? string
---@field root? string
---@field spec? string
---@field section string
---@field text string
---@field author? string

---Apply a draft. `choices` answers conflicts by id; `choice` answers the rest.
---@class (exact) kata.ApplyDraftParams
---@field runId? string
---@field root? string
---@field choice? 'mine'|'draft'|'both'
---@field choices? table<string, 'mine'|'draft'|'both'>
---@field confirm? boolean Have the editor ask its user; false where the client has shown a diff.

---What came of it. `pending` means that the editor is asking its user; the outcome follows as a change of the run. `conflict`, `stale` and `refused` leave the draft waiting.
---@class (exact) kata.ApplyDraftResult
---@field runId string
---@field outcome 'applied'|'unchanged'|'pending'|'conflict'|'stale'|'refused'
---@field message string
---@field specUri string
---@field conflicts? kata.ConflictPayload[]

---One request to one provider. `code` is missing for a success.
---@class (exact) kata.AttemptPayload
---@field provider string
---@field model string
---@field runtimeMode 'native'|'pi'
---@field startedAt number
---@field seconds number
---@field waitedSeconds number
---@field purpose 'draft'|'repair'|'execute'
---@field code? 'missing_auth'|'invalid_auth'|'session_expired'|'rate_limited'|'provider_unavailable'|'unexpected_error'|'permission_denied'|'quota_exhausted'|'timeout'|'stream_interrupted'|'context_too_large'|'truncated_output'|'content_refused'|'empty_output'|'model_not_found'|'bad_endpoint'|'invalid_request'|'bad_response'|'cancelled'
---@field requestId? string
---@field usage kata.UsagePayload
---@field costUsd? number Missing when the price is unknown.

---One remark; `createdAt` is ISO 8601.
---@class (exact) kata.CommentPayload
---@field author string
---@field text string
---@field createdAt string

---A place where both the reader and the draft changed the same thing.
---@class (exact) kata.ConflictPayload
---@field id string
---@field kind 'title'|'section'|'task'
---@field subject string The section's title, or the task's id or title.
---@field message string
---@field mine string
---@field theirs string

---A snippet that went into the prompt.
---@class (exact) kata.ContextRefPayload
---@field path string
---@field startLine integer
---@field endLine integer
---@field score number
---@field reason? string

---Something that went wrong without failing the run.
---@class (exact) kata.DiagnosticPayload
---@field source string
---@field code string
---@field message string

---The draft's new state.
---@class (exact) kata.DiscardDraftResult
---@field runId string
---@field state 'none'|'waiting'|'applied'|'discarded'

---One finding, and its remedy where there is something to do.
---@class (exact) kata.DoctorCheck
---@field name string
---@field state 'ok'|'warning'|'error'
---@field detail string
---@field remedy? string

---Checks; `network` also asks each configured provider for its models.
---@class (exact) kata.DoctorParams
---@field network? boolean

---All findings.
---@class (exact) kata.DoctorResult
---@field ok boolean
---@field checks kata.DoctorCheck[]

---A draft, and what applying it would do now.
---@class (exact) kata.DraftPayload
---@field runId string
---@field state 'none'|'waiting'|'applied'|'discarded'
---@field complete boolean
---@field text string
---@field spec string
---@field specUri string
---@field merged string The spec with everything applied that is in no conflict.
---@field diff string Unified diff from the spec as it is to the spec as applied.
---@field conflicts kata.ConflictPayload[]
---@field missingSections string[]

---What became of the draft; its text is fetched with `kata.draft.show`.
---@class (exact) kata.DraftSummary
---@field state 'none'|'waiting'|'applied'|'discarded'
---@field complete boolean
---@field missingSections string[]

---A failure: what happened, and what to do.
---@class (exact) kata.ErrorPayload
---@field code 'missing_auth'|'invalid_auth'|'session_expired'|'rate_limited'|'provider_unavailable'|'unexpected_error'|'permission_denied'|'quota_exhausted'|'timeout'|'stream_interrupted'|'context_too_large'|'truncated_output'|'content_refused'|'empty_output'|'model_not_found'|'bad_endpoint'|'invalid_request'|'bad_response'|'cancelled'
---@field message string
---@field remediation string
---@field retryable boolean
---@field providerId? string
---@field runtimeMode? 'native'|'pi'
---@field retryAfterSeconds? number
---@field requestId? string
---@field partial? boolean
---@field attempts? integer

---What a run with this prompt would send, without sending it.
---@class (exact) kata.EstimateParams
---@field prompt string
---@field root? string
---@field provider? string
---@field model? string

---A bound before anything is spent. Token counts are estimates.
---@class (exact) kata.EstimateResult
---@field provider string
---@field model string
---@field inputTokens integer
---@field maxOutputTokens integer
---@field maxCostUsd? number Missing when the price is unknown.
---@field note? string

---One plain request to a provider, outside any run.
---@class (exact) kata.ExecuteParams
---@field prompt string
---@field provider? string
---@field model? string
---@field system? string
---@field maxOutputTokens? integer
---@field runtimeMode? 'native'|'pi'

---The model's finished answer and what it used.
---@class (exact) kata.ExecuteResult
---@field text string
---@field provider string
---@field model string
---@field runtimeMode 'native'|'pi'
---@field stopReason 'end_turn'|'tool_use'
---@field usage kata.UsagePayload
---@field costUsd? number
---@field requestId? string
---@field attempts kata.AttemptPayload[]

---A run with the output received so far.
---@class (exact) kata.GetRunResult
---@field run kata.RunPayload
---@field text? string The draft, or what has been streamed of it.

---The threads of a spec.
---@class (exact) kata.ListCommentsResult
---@field threads kata.ThreadPayload[]

---Whose models to list; without a provider, the one a run would use.
---@class (exact) kata.ListModelsParams
---@field provider? string
---@field refresh? boolean
---@field runtimeMode? 'native'|'pi'

---The provider's models, in its own order.
---@class (exact) kata.ListModelsResult
---@field provider string
---@field models kata.ModelPayload[]

---Which runs to list, newest first.
---@class (exact) kata.ListRunsParams
---@field root? string
---@field session? string
---@field status? ('queued'|'running'|'completed'|'failed'|'interrupted'|'cancelled')[]
---@field limit? integer
---@field cursor? string

---A page of runs, and what all runs of the root and session have used.
---@class (exact) kata.ListRunsResult
---@field runs kata.RunPayload[]
---@field nextCursor? string
---@field spending kata.SpendingPayload

---A model a provider offers.
---@class (exact) kata.ModelPayload
---@field id string
---@field displayName? string
---@field contextTokens? integer
---@field maxOutputTokens? integer
---@field default? boolean

---A command without arguments.
---@class (exact) kata.NoParams

---Which draft to show; `open` also has the editor open it.
---@class (exact) kata.OpenDraftParams
---@field runId? string
---@field root? string
---@field open? boolean

---Answer in a thread.
---@class (exact) kata.ReplyCommentParams
---@field uri? string
---@field root? string
---@field spec? string
---@field threadId string
---@field text string
---@field author? string

---Ask which credential a provider would use.
---@class (exact) kata.ResolveAuthParams
---@field provider string
---@field mode? 'api_key'|'token_session'
---@field allowApiKeyFallback? boolean

---Which source answered; never the value.
---@class (exact) kata.ResolveAuthResult
---@field provider string
---@field ok boolean
---@field mode? 'api_key'|'token_session'
---@field source? string
---@field fellBack? boolean
---@field error? kata.ErrorPayload

---Mark a thread as resolved, or as open again.
---@class (exact) kata.ResolveCommentParams
---@field uri? string
---@field root? string
---@field spec? string
---@field threadId string
---@field resolved? boolean

---What to look for in the workspace.
---@class (exact) kata.RetrieveContextParams
---@field query string
---@field root? string
---@field limit? integer
---@field maxTokens? integer
---@field focus? string[] Files to prefer, relative to the root.

---Ranked snippets, best first.
---@class (exact) kata.RetrieveContextResult
---@field snippets kata.SnippetPayload[]
---@field diagnostics kata.DiagnosticPayload[]
---@field estimatedTokens integer
---@field filesConsidered integer

---The answer to `kata.run.start`, `.cancel` and `.resume`: never model output.
---@class (exact) kata.RunAccepted
---@field runId string
---@field status 'queued'|'running'|'completed'|'failed'|'interrupted'|'cancelled'

---A run, without the text of its draft.
---@class (exact) kata.RunPayload
---@field runId string
---@field seq integer
---@field status 'queued'|'running'|'completed'|'failed'|'interrupted'|'cancelled'
---@field phase? 'context'|'prompt'|'provider'|'validate'|'repair'
---@field prompt string
---@field root string
---@field spec string
---@field session? string
---@field profile 'standard'|'lite'
---@field apply 'ask'|'auto'|'never'
---@field provider? string
---@field model? string
---@field runtimeMode 'native'|'pi'
---@field origin? string The run this one resumes.
---@field createdAt number
---@field updatedAt number
---@field timeline kata.TimelineEntry[]
---@field attempts kata.AttemptPayload[]
---@field usage kata.UsagePayload
---@field costUsd? number Missing when a price is unknown.
---@field costNote? string
---@field waitingUntil? number
---@field context kata.ContextRefPayload[]
---@field diagnostics kata.DiagnosticPayload[]
---@field draft? kata.DraftSummary
---@field error? kata.ErrorPayload

---Names a run.
---@class (exact) kata.RunRef
---@field runId string

---More model output. `offset` is where it begins in the text of its kind.
---@class (exact) kata.RunStreamParams
---@field runId string
---@field taskId? string
---@field seq integer
---@field kind 'text'|'thinking'
---@field delta string
---@field offset integer

---The mode to switch to.
---@class (exact) kata.RuntimeModeParams
---@field mode 'native'|'pi'

---The mode new runs will use.
---@class (exact) kata.RuntimeModeResult
---@field mode 'native'|'pi'
---@field available? boolean
---@field message? string

---Which server answers.
---@class (exact) kata.ServerInfo
---@field name? 'kata-lsp'
---@field version string
---@field protocolVersion integer
---@field pid integer

---Give a provider a credential, kept in the server's memory only; null takes it back.
---@class (exact) kata.SetCredentialParams
---@field provider string
---@field apiKey? string
---@field token? string
---@field expiresAt? number

---Tick a task. Without a status it takes the next one.
---@class (exact) kata.SetTaskStatusParams
---@field uri? string
---@field root? string
---@field spec? string
---@field taskId string
---@field status? 'todo'|'in_progress'|'done'

---The task's status now; `stale` and `refused` changed nothing.
---@class (exact) kata.SetTaskStatusResult
---@field taskId string
---@field status 'todo'|'in_progress'|'done'
---@field outcome 'applied'|'stale'|'refused'
---@field message string

---Which draft; without a run, the newest one that waits for the spec.
---@class (exact) kata.ShowDraftParams
---@field runId? string
---@field root? string

---A piece of a file, with secrets masked.
---@class (exact) kata.SnippetPayload
---@field path string
---@field uri string
---@field startLine integer
---@field endLine integer
---@field text string
---@field score number
---@field source string
---@field reason? string

---Which spec: by `uri`, or by `spec` (relative to `root`); the setting's when both are out.
---@class (exact) kata.SpecRef
---@field uri? string
---@field root? string
---@field spec? string

---What requests have used. `costUsd` is what is known; the rest is counted beside it.
---@class (exact) kata.SpendingPayload
---@field requests integer
---@field inputTokens integer
---@field outputTokens integer
---@field costUsd number
---@field unknownCostRequests integer

---What `kata.run.start` takes; only the prompt is required.
---@class (exact) kata.StartRunParams
---@field prompt string
---@field root? string Workspace folder: a path or a file URI.
---@field session? string Groups runs; usage is summed by it.
---@field provider? string
---@field model? string
---@field runtimeMode? 'native'|'pi'
---@field spec? string The spec to write or refine, relative to the root. Default: a setting.
---@field apply? 'ask'|'auto'|'never'
---@field profile? 'standard'|'lite' `lite` asks for less in a small change.
---@field selection? string Text the prompt is about.
---@field selectionPath? string The file `selection` comes from.
---@field maxCostUsd? number
---@field maxRequests? integer

---What a status line shows. `tokens` and `costUsd` sum this server's runs.
---@class (exact) kata.StatusPayload
---@field kind 'normal'|'busy'|'warning'|'error'|'inactive'
---@field message string
---@field provider? string
---@field model? string
---@field runtimeMode 'native'|'pi'
---@field tokens? integer
---@field costUsd? number
---@field activeRuns? string[]
---@field waitingDrafts? string[]

---The status, with what is behind it.
---@class (exact) kata.StatusResult
---@field status kata.StatusPayload
---@field server kata.ServerInfo
---@field root? string
---@field settingsProblems? string[]

---Remarks on one section. `section` holds the headings down to it.
---@class (exact) kata.ThreadPayload
---@field threadId string
---@field section string[]
---@field resolved boolean
---@field comments kata.CommentPayload[]

---When the run entered a status.
---@class (exact) kata.TimelineEntry
---@field status 'queued'|'running'|'completed'|'failed'|'interrupted'|'cancelled'
---@field at number

---Tokens as the provider counted them; a missing count was not reported.
---@class (exact) kata.UsagePayload
---@field inputTokens? integer
---@field outputTokens? integer
---@field cacheReadTokens? integer
---@field cacheWriteTokens? integer

return {
  protocol_version = 1,
  commands = {
    'kata.run.start',
    'kata.run.cancel',
    'kata.run.resume',
    'kata.run.get',
    'kata.run.list',
    'kata.draft.show',
    'kata.draft.apply',
    'kata.draft.discard',
    'kata.task.setStatus',
    'kata.comment.add',
    'kata.comment.reply',
    'kata.comment.resolve',
    'kata.comment.list',
    'kata.provider.resolveAuth',
    'kata.provider.listModels',
    'kata.provider.execute',
    'kata.provider.setCredential',
    'kata.provider.estimate',
    'kata.runtime.getMode',
    'kata.runtime.setMode',
    'kata.context.retrieve',
    'kata.status.get',
    'kata.doctor',
  },
  notifications = {
    'kata/run/didChange',
    'kata/run/didStream',
    'kata/status/didChange',
  },
}

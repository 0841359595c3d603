"""Owns the table of commands: which module answers which name of the contract.

Must not know what a command does, and imports none of them: `initialize` reads this table, and a
command's module and payloads are imported when it is first called.
"""

from __future__ import annotations

from typing import Final

from kata_lsp.lsp.dispatch import Command

_HERE: Final = __name__


def _command(name: str, module: str, handler: str, params: str) -> Command:
    return Command(name, f"{_HERE}.{module}", handler, params)


COMMANDS: Final = (
    _command("kata.run.start", "runs", "start", "StartRunParams"),
    _command("kata.run.cancel", "runs", "cancel", "RunRef"),
    _command("kata.run.resume", "runs", "resume", "RunRef"),
    _command("kata.run.get", "runs", "get", "RunRef"),
    _command("kata.run.list", "runs", "list_runs", "ListRunsParams"),
    _command("kata.draft.show", "drafts", "show", "OpenDraftParams"),
    _command("kata.draft.apply", "drafts", "apply", "ApplyDraftParams"),
    _command("kata.draft.discard", "drafts", "discard", "ShowDraftParams"),
    _command("kata.task.setStatus", "specs", "set_status", "SetTaskStatusParams"),
    _command("kata.comment.add", "specs", "add_comment", "AddCommentParams"),
    _command("kata.comment.reply", "specs", "reply_comment", "ReplyCommentParams"),
    _command("kata.comment.resolve", "specs", "resolve_comment", "ResolveCommentParams"),
    _command("kata.comment.list", "specs", "list_comments", "SpecRef"),
    _command("kata.provider.resolveAuth", "providers", "resolve_auth", "ResolveAuthParams"),
    _command("kata.provider.listModels", "providers", "list_models", "ListModelsParams"),
    _command("kata.provider.execute", "providers", "execute", "ExecuteParams"),
    _command("kata.provider.setCredential", "providers", "set_credential", "SetCredentialParams"),
    _command("kata.provider.estimate", "providers", "estimate", "EstimateParams"),
    _command("kata.runtime.getMode", "runtime", "get_mode", "NoParams"),
    _command("kata.runtime.setMode", "runtime", "set_mode", "RuntimeModeParams"),
    _command("kata.context.retrieve", "context", "retrieve", "RetrieveContextParams"),
    _command("kata.status.get", "status", "get_status", "NoParams"),
    _command("kata.doctor", "status", "doctor", "DoctorParams"),
)
"""Every command of `kata_lsp.protocol.COMMANDS`, in its order; a test keeps the two equal."""

"""Owns how a failure of the core looks on the wire: the code, message and data of a response.

Must not know commands; whatever any of them raises comes through here.
"""

from __future__ import annotations

from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.lsp.jsonrpc import Code, RpcError


def to_rpc(error: BaseException) -> RpcError | None:
    """Return the response error for a failure of the core, or None when it is a defect.

    `InvalidInputError` is -32602 and names the field as the payload models' own refusals do.
    A `KataError` is -32803 (LSP's RequestFailed) with its payload as data, except that a
    cancelled request is -32800. What is left is nobody's fault but ours: the caller answers an
    opaque -32603.
    """
    match error:
        case RpcError():
            return error
        case InvalidInputError():
            problem = {"field": error.field, "problem": error.message}
            return RpcError(
                Code.INVALID_PARAMS, str(error), {"code": "invalid_params", "fields": [problem]}
            )
        case KataError(code=ErrorCode.CANCELLED):
            return RpcError(Code.REQUEST_CANCELLED, error.message, error.to_dict())
        case KataError():
            end = "" if error.message.endswith((".", "!", "?")) else "."
            text = f"{error.message}{end} {error.remediation}".strip()
            return RpcError(Code.REQUEST_FAILED, text, error.to_dict())
        case _:
            return None

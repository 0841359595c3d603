"""The error family: every code has a remedy, and the wire knows exactly the same codes."""

from typing import get_args

from kata_lsp import protocol
from kata_lsp.errors import CODE_FACTS, ErrorCode, InvalidInputError, KataError


def test_every_code_says_what_to_do():
    """No failure leaves its reader without a next step."""
    assert set(CODE_FACTS) == set(ErrorCode)
    assert [code for code, facts in CODE_FACTS.items() if not facts.remediation] == []


def test_the_wire_has_the_same_codes():
    """A client can switch on them; none is missing, none is never sent."""
    assert set(get_args(protocol.ErrorCode)) == {code.value for code in ErrorCode}


def test_an_error_is_sent_as_the_contract_describes_it():
    """The JSON form fits the payload; what is not known is left out."""
    error = KataError(ErrorCode.RATE_LIMITED, "slow down", provider_id="x", attempts=3)
    sent = error.to_dict()
    payload = protocol.ErrorPayload.model_validate(sent)
    assert (payload.code, payload.retryable, payload.attempts) == ("rate_limited", True, 3)
    assert "retryAfterSeconds" not in sent


def test_wrong_input_names_its_field():
    """The field stands first, for people and for programs."""
    error = InvalidInputError("root", "is not a folder")
    assert (str(error), error.field) == ("root: is not a folder", "root")

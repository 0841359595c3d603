"""A bounded run of the protocol fuzzer; `make fuzz` runs the same without a bound."""

import pytest
from fixtures.lsp.wire import PROBE
from fuzz.fuzz_protocol import fuzz
from fuzz.mutants import mutant


@pytest.mark.parametrize("seed", ["kata", "lsp"])
def test_mutants_neither_kill_nor_wedge_the_server(seed: str) -> None:
    """Every mutant that owes an answer gets one, and the server serves on after each."""
    counts = fuzz(PROBE, seed, 0, 1500)
    assert counts["frame"] > 100
    assert counts["results"] > 40


def test_a_mutant_can_be_made_again() -> None:
    """A failure is replayed from its seed and number alone."""
    made = [mutant("seed", number, ["probe.ping"]) for number in range(50)]
    again = [mutant("seed", number, ["probe.ping"]) for number in reversed(range(50))]
    assert made == again[::-1]

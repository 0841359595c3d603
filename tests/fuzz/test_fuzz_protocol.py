"""A bounded run of the protocol fuzzer; `make fuzz` runs the same without a bound."""

import random

import jsonschema
import pytest
from fuzz.arguments import anything, by_schema
from fuzz.fuzz_protocol import Target, fuzz
from fuzz.mutants import METHODS, mutant

from kata_lsp import protocol
from kata_lsp.lsp.server import create_server


@pytest.mark.parametrize("target", ["probe", "real"])
def test_mutants_neither_kill_nor_wedge_the_server(target: Target) -> None:
    """Every mutant that owes an answer gets one, and the server serves on after each."""
    counts = fuzz(target, "kata", 0, 1000)
    assert counts["frame"] > 100
    assert counts["results"] > 30


def test_every_method_that_is_served_is_fuzzed() -> None:
    """A feature that is added is fuzzed from then on, or this fails."""
    server = create_server(lambda _server: pytest.fail("nothing is called"))
    ending = {"workspace/executeCommand", "shutdown", "exit"}
    assert set(server.protocol.registered) - ending <= set(METHODS)
    assert set(server.protocol.commands.names) == set(by_schema(protocol.schema()))


def test_arguments_fit_the_schema_before_they_are_broken() -> None:
    """Most of what is sent reaches the commands: only texts with a meaning may not fit."""
    contract = protocol.schema()
    rng, fitting, made = random.Random(5), 0, 0
    for name, arguments in by_schema(contract).items():
        schema = contract["commands"][name]["params"] | {"$defs": contract["$defs"]}
        for _ in range(20):
            match arguments(rng):
                case [dict() as fields]:
                    made += 1
                    fitting += jsonschema.Draft202012Validator(schema).is_valid(fields)
                case _:
                    pass
    assert fitting > made * 0.8


def test_a_mutant_can_be_made_again() -> None:
    """A failure is replayed from its seed and number alone."""
    commands = {"probe.ping": anything}
    made = [mutant("seed", number, commands) for number in range(50)]
    again = [mutant("seed", number, commands) for number in reversed(range(50))]
    assert made == again[::-1]

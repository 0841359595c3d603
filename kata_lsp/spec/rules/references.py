"""Owns the rules about what a task waits for: ids that no task has, and circles.

It must not know waves beyond the cycles found with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from kata_lsp.spec.rules.model import Finding, Fix, Rule, Severity, Subject
from kata_lsp.spec.waves import find_cycles


def _unknown(subject: Subject) -> Iterator[Finding]:
    known = {task.shape.id for task in subject.document.tasks}
    for task in subject.document.tasks:
        if all(reference.id in known for reference in task.shape.after):
            continue
        for reference in task.references:
            if reference.id not in known:
                yield Finding(
                    f"No task has the id {reference.id}.",
                    reference.span,
                    (Fix("remove_reference", f"Do not wait for {reference.id}", reference.id),),
                )


def _cyclic(subject: Subject) -> Iterator[Finding]:
    for cycle in find_cycles(subject.document):
        names = [task.id or task.title for task in cycle]
        circle = " → ".join([*names, names[0]])
        for task, following in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            # A group is named by its own id while its members are what forms the circle.
            references = [each for each in task.references if each.id == following.id]
            for reference in references or task.references[:1]:
                yield Finding(
                    f"These tasks wait for each other: {circle}.",
                    reference.span,
                    (Fix("remove_reference", f"Do not wait for {reference.id}", reference.id),),
                )


RULES = (
    Rule("unknown-reference", Severity.ERROR, "A task waits for an id no task has.", _unknown),
    Rule("cyclic-reference", Severity.ERROR, "Tasks wait for each other in a circle.", _cyclic),
)

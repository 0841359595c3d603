"""A plausible spec draft for any prompt, in the project's own format.

Knows nothing about providers; the text depends on the prompt alone.
"""

from __future__ import annotations

import re

_TEMPLATE = """\
# {title}

## Goal

{goal}. The change is small enough to review in one sitting and leaves every existing behaviour \
as it is unless a task below says otherwise.

## Tasks

- [ ] T001 Find where {subject} is read and written today
- [ ] T002 Describe the new behaviour of {subject} in a failing test (after T001)
- [ ] T003 [P] Implement the change behind the existing interface (after T002)
- [ ] T004 [P] Show the result to the user, with an empty and an error state (after T002)
- [ ] T005 Update the documentation and the changelog (after T003, T004)
- [ ] T006 Run the whole test suite and fix what it finds (after T005)

## Acceptance Criteria

- Given a workspace with data, when the feature is used, then {subject} is shown correctly.
- Given no data, when the feature is used, then the user sees an empty state and no error.
- Given a failure below, when the feature is used, then the message names what to do next.

## Non-goals

- No new dependency and no change of the storage format.
- No redesign of neighbouring features.

## Assumptions

- The data that {subject} needs is already recorded.
- The existing tests describe the present behaviour truthfully.

## Verification Plan

1. Run the unit tests of the touched modules, then the whole suite.
2. Try the feature by hand in an empty and in a full workspace.
3. Read the diff once more with the acceptance criteria beside it.
"""


def spec_draft(prompt: str) -> str:
    """A complete draft (Goal to Verification Plan) that speaks about `prompt`'s first line."""
    lines = [line.strip() for line in prompt.splitlines() if line.strip()]
    goal = re.sub(r"\s+", " ", lines[0] if lines else "Improve the project").strip("#.* `")[:160]
    words = re.findall(r"[A-Za-z][\w-]*", goal)
    subject = " ".join(words[1:6]).lower() or "the feature"
    return _TEMPLATE.format(title=goal[:72], goal=goal[:1].upper() + goal[1:], subject=subject)

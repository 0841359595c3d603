"""Owns becoming the pi engine: run as a script, it turns into the process that its plan names.

Runs in a bare interpreter (`python -I -S`), so it must import nothing but the standard library.
The process gets a session of its own, so that everything it starts can be ended together, and
writes its id down, because the RPC client does not tell it.
"""

import json
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read the plan at `argv[1]`, and become its program with the remaining arguments."""
    plan = json.loads(Path(sys.argv[1]).read_bytes())
    arguments = sys.argv[2:]
    if arguments == ["--version"]:
        # The RPC client asks this before every start; the plan was made from checked files.
        sys.stdout.write(plan["version"] + "\n")
        return
    os.setsid()
    if plan["dieWithParent"] and sys.platform == "linux":
        die_with(plan["parent"])
    Path(plan["pidFile"]).write_text(str(os.getpid()), encoding="ascii")
    os.chdir(plan["cwd"])
    argv: list[str] = plan["argv"]
    os.execv(argv[0], [*argv, *arguments])  # noqa: S606 - the plan is ours, and no shell is wanted


def die_with(parent: int) -> None:
    """Have the kernel end this process when `parent` dies, however it dies."""
    import ctypes  # noqa: PLC0415 - costs 10 ms, and sandboxed engines do not need it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main()

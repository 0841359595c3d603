"""Makes the server's own Python environment from the wheel and the pins beside this file.

    python install.py FOLDER

Run by the extension once the user agreed. Each step is told on stdout, details on stderr, and the
last line of stderr says why it failed. Uses the standard library only, and Python >= 3.11.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: Path) -> int:
    """Make the environment anew; what is half made is removed."""
    binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(binaries / "python")
    pip = [python, "-I", "-m", "pip", "install", "--no-input", "--progress-bar=off"]
    wheels = sorted(HERE.glob("*.whl"))
    if len(wheels) != 1:
        sys.stderr.write("This build of the extension carries no server.\n")
        return 1
    steps: dict[str, list[str | Path]] = {
        "creating a Python environment": [sys.executable, "-I", "-m", "venv", "--clear", folder],
        "installing what the server needs": [
            *(*pip, "--require-hashes"),
            *("-r", HERE / "requirements.txt"),
        ],
        "installing the server": [*pip, "--no-deps", wheels[0]],
        "trying it out": [binaries / "kata-lsp", "serve", "--help"],
    }
    # As an exception, so that the step at work is ended with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The installation was cancelled."))
    done = False
    try:
        done = all(_run(step, command) for step, command in steps.items())
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)
    return int(not done)


def _run(step: str, command: list[str | Path]) -> bool:
    sys.stdout.write(step)
    sys.stdout.flush()
    code = subprocess.run(command, stdout=sys.stderr, check=False).returncode  # noqa: S603 - ours
    if code != 0:
        sys.stderr.write(f"The server was not installed: {step} failed ({code}).\n")
    return code == 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

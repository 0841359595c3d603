"""Makes the server's own Python environment from the wheel and the pins beside this file.

    python install.py FOLDER

Run by the extension once the user agreed. Each step is told on stdout, details on stderr, and the
last line of stderr says why it failed. Uses the standard library only, and Python >= 3.11.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: Path) -> int:
    """Make the environment anew; what is half made is removed."""
    binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(binaries / "python")
    pip = [python, "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    wheels = sorted(HERE.glob("*.whl"))
    if len(wheels) != 1:
        print("this build of the extension carries no server", file=sys.stderr)
        return 1
    steps = {
        "creating a Python environment": [sys.executable, "-I", "-m", "venv", "--clear", folder],
        "installing what the server needs": [
            *(*pip, "--require-hashes"),
            *("-r", HERE / "requirements.txt"),
        ],
        "installing the server": [*pip, "--no-deps", wheels[0]],
        "trying it out": [binaries / "kata-lsp", "--version"],
    }
    for step, command in steps.items():
        print(step, end="", flush=True)
        code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        if code != 0:
            shutil.rmtree(folder, ignore_errors=True)
            print(f"The server was not installed: {step} failed ({code}).", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

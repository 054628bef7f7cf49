"""`python3 requirements/install.py base` (or dev) makes `.venv` with exactly that lock's packages.

It uses only the standard library, because it runs before anything is installed.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)


def main(name: str) -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python 3.11 or later is needed, not {sys.version.split()[0]}: make PYTHON=...")
    with (HERE.parent / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands may start at once in a fresh clone
        stamp = VENV / f"{name}.installed"
        wanted = fingerprint(HERE / f"{name}.txt")
        if not stamp.exists() or stamp.read_text() != wanted:
            install(HERE / f"{name}.txt")
            stamp.write_text(wanted)


def fingerprint(lock: Path) -> str:
    """A text that changes with the lock's content, not with its date."""
    return f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {VENV}"


def install(lock: Path) -> None:
    sys.stderr.write(f"Installing {lock.relative_to(HERE.parent)} into .venv\n")
    if not works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", VENV)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--require-hashes", "-r", lock)


def works(python: Path) -> bool:
    """False after an upgrade of the system's Python, or if the folder has been moved."""
    command = [str(python), "-c", "import pip, sys; sys.stdout.write(sys.prefix)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and Path(done.stdout).resolve() == VENV


def run(*command: str | Path) -> None:
    code = subprocess.call(command, stdin=subprocess.DEVNULL)
    if code:
        sys.exit(f"Failed with exit code {code}: {' '.join(map(str, command))}")


if __name__ == "__main__":
    main(sys.argv[1])

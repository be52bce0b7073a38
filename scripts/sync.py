"""Bring .venv to what pyproject.toml and uv.lock say; `make` calls this when one of them is newer than .venv.

On a fresh clone uv.lock is in the form of git, without addresses: uv fills it in from the index of this
machine, and what git does not know is taken out again, so that only files with a hash in git are installed.
Standard library only: it runs before there is an environment.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lock_filter

UV = ".tools/bin/uv"
LOCK = Path("uv.lock")
# Plain python3, for it must work when .tools and .venv are gone; -I and -S make it start in a blink.
FILTER = "python3 -I -S scripts/lock_filter.py clean"


def main() -> None:
    """Set the filter up, fill the lock in, sync."""
    print("Syncing .venv with uv.lock ...", flush=True)
    in_git = configure_filter()
    fill(in_git=in_git)
    uv("sync", "--compile-bytecode")


def configure_filter() -> bool:
    """Let git strip uv.lock on its way in; False where this is no checkout."""
    if git("rev-parse", "--git-dir") is None:
        return False
    for key, value in {"clean": FILTER, "smudge": "cat", "required": "true"}.items():
        if git("config", "--get", f"filter.uv-lock.{key}") != value + "\n":
            subprocess.run(["git", "config", f"filter.uv-lock.{key}", value], check=True)
    return True


def fill(*, in_git: bool) -> None:
    """Complete uv.lock if it is stripped or out of date, and drop the files that git does not know."""
    before = LOCK.read_text(encoding="utf-8")
    committed = git("show", ":uv.lock") if in_git else None
    uv("lock")
    filled = LOCK.read_text(encoding="utf-8")
    try:
        pruned = lock_filter.prune(filled, lock_filter.files(committed or before))
    except lock_filter.HashMismatchError as error:
        LOCK.write_text(before, encoding="utf-8")
        sys.exit(f"Nothing was installed: {error}.")
    if pruned != filled:
        LOCK.write_text(pruned, encoding="utf-8")
    if lock_filter.clean(pruned) == committed:
        # Nothing changes for git, but it takes a file of another size for modified until it is added.
        git("add", "--", str(LOCK))


def uv(command: str, *options: str) -> None:
    """Run uv; it says itself what is wrong."""
    if code := subprocess.run([UV, command, *options, "--quiet"], check=False).returncode:
        sys.exit(code)


def git(*arguments: str) -> str | None:
    """Answer what git prints, None if it refuses or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None


if __name__ == "__main__":
    main()

"""Fail if a tracked file names a host of a package index, or if uv.lock has other hashes here than in git.

Looks at what git has in its index, not at the working copy, whose lock is whole on purpose.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lock_filter

LOCK = "uv.lock"

# In pieces, or this file would name them.
_HOSTS = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("anaconda", "org"),
    ("deb.debian", "org"),
    ("security.debian", "org"),
    ("archive.ubuntu", "com"),
    ("crates", "io"),
    ("rubygems", "org"),
    ("proxy.golang", "org"),
]
_HOST = re.compile("|".join(re.escape(".".join(pieces)) for pieces in _HOSTS), re.IGNORECASE)
# A mirror has a name of its own, but it can only be named in such places.
_OPTION = re.compile(r"""\b(?:index-url|find-links)["']?\s*[ =:]\s*["'\[]*\w+://""")
_SETTING = re.compile(r"""^\s*(?:[\w@:.-]*registry|url)\s*=\s*["']?\w+://|"resolved":\s*"\w+://""")
_SETTINGS_FILES = re.compile(
    r"(?:\.toml|\.npmrc|pip\.conf|yarn\.lock|(?:package-lock|npm-shrinkwrap)\.json)$"
)


def main() -> int:
    """Print each finding on a line; 1 if there are any."""
    if git("rev-parse", "--git-dir") is None:
        print("check_hosts: not a git checkout, nothing to look at")
        return 0
    findings = [*hosts(), *hashes()]
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def hosts() -> Iterator[str]:
    """Find the lines of tracked files that name an index."""
    # Every line of every text file, in one go: "path NUL number NUL line".
    for entry in (
        (git("grep", "--cached", "-I", "-n", "-z", "-e", "") or b"").decode(errors="replace").split("\n")
    ):
        path, _, numbered = entry.partition("\0")
        number, _, line = numbered.partition("\0")
        if names_a_host(path, line):
            yield f"{path}:{number}: names the host of a package index: {line.strip()[:100]}"


def names_a_host(path: str, line: str) -> bool:
    """Tell whether a line of a file names an index, by its host or by its place."""
    if path == LOCK:
        return "://" in line
    setting = _SETTINGS_FILES.search(path) and _SETTING.search(line)
    return bool(_HOST.search(line) or _OPTION.search(line) or setting)


def hashes() -> Iterator[str]:
    """Compare the files that would be installed here with those that git knows."""
    committed = git("show", f":{LOCK}")
    if committed is None:
        yield f"{LOCK}: not tracked by git"
        return
    here = lock_filter.files(Path(LOCK).read_text(encoding="utf-8"))
    there = lock_filter.files(committed.decode())
    for name, version in sorted(here.keys() | there.keys()):
        if here.get((name, version)) != there.get((name, version)):
            yield f"{LOCK}: {name} {version} is not the same here and in git; if that is meant, commit it"


def git(*arguments: str) -> bytes | None:
    """Answer what git prints, None if it refuses."""
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())

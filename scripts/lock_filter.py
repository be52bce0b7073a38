"""The two forms of uv.lock: whole in the working copy, without any address in git.

A whole lock names the index it was resolved from, so it would serve behind that one only. The form in git
keeps names, versions, file names and hashes. Run as `lock_filter.py clean` it is git's filter for uv.lock; uv
makes the lock whole again, see sync.py.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

REGISTRY = "index"

_SOURCE = re.compile(r'source = \{ registry = "[^"]*" \}')
_FILE = re.compile(r'\{ (?:url|filename) = "(?P<url>[^"]+)", hash = "(?P<hash>[^"]+)"[^{}]*\}')
_REQUIRES = re.compile(r"^requires-dist = \[(?:[^\n]*\]|\n(?:[ \t]+[^\n]*\n)*\])\n", re.MULTILINE)
_PACKAGE = re.compile(r"^\[\[package\]\]\n.*?(?=^\[\[package\]\]\n|\Z)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r'^name = "([^"]+)"$', re.MULTILINE)
_VERSION = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)

# (name, version) of a package -> file name -> hash
Files = dict[tuple[str, str], dict[str, str]]


class HashMismatchError(Exception):
    """A file that git knows has another hash on the index."""


def clean(text: str) -> str:
    """Strip what differs from index to index: addresses, sizes and upload times.

    Without the `requires-dist` tables uv holds the lock to be out of date, resolves again with the locked
    versions as its preferences, and so fills in what is missing.
    """
    text = _SOURCE.sub(f'source = {{ registry = "{REGISTRY}" }}', text)
    text = _FILE.sub(lambda file: f'{{ filename = "{_filename(file)}", hash = "{file["hash"]}" }}', text)
    return _REQUIRES.sub("", text)


def is_stripped(text: str) -> bool:
    """Tell the form of git from the whole one."""
    return f'source = {{ registry = "{REGISTRY}" }}' in text


def files(text: str) -> Files:
    """List every file of every package with its hash; the same for both forms."""
    return {
        key: {_filename(file): file["hash"] for file in _FILE.finditer(block)}
        for key, block in _packages(text)
    }


def prune(whole: str, known: Files) -> str:
    """Drop from a filled-in lock the files that git does not know, so that nothing else can be installed.

    An index may gain files for an old version at any time. A version new in the lock keeps all of its.
    """

    def pruned(match: re.Match[str]) -> str:
        block = match[0]
        hashes = known.get(_key(block))
        return block if hashes is None else _keep(block, hashes)

    return _PACKAGE.sub(pruned, whole)


def _keep(block: str, hashes: dict[str, str]) -> str:
    lines = []
    for line in block.splitlines(keepends=True):
        file = _FILE.search(line)
        if file is None or _filename(file) in hashes:
            lines.append(line)
        if file is not None and hashes.get(_filename(file), file["hash"]) != file["hash"]:
            raise HashMismatchError(f"the index has another {_filename(file)} than uv.lock in git")
    return "".join(lines)


def _packages(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    for match in _PACKAGE.finditer(text):
        yield _key(match[0]), match[0]


def _key(block: str) -> tuple[str, str]:
    name, version = _NAME.search(block), _VERSION.search(block)
    return (name[1] if name else "", version[1] if version else "")


def _filename(file: re.Match[str]) -> str:
    return unquote(PurePosixPath(urlsplit(file["url"]).path).name)


if __name__ == "__main__":
    if sys.argv[1:] != ["clean"]:
        sys.exit("usage: lock_filter.py clean < whole > stripped")
    sys.stdin.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    sys.stdout.write(clean(sys.stdin.read()))

"""Fail if a file is longer than 300 lines or a function than 40; tests and migrations may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE = 300
MAX_FUNCTION = 40

_SUFFIXES = {".py", ".js", ".css", ".html", ".sh"}
_EXEMPT = {"tests", "versions", "vendor", "node_modules", "__pycache__"}


def main(root: Path) -> int:
    """Print each finding on a line; 1 if there are any."""
    findings = [finding for path in sources(root) for finding in check(path, str(path.relative_to(root)))]
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def sources(root: Path) -> Iterator[Path]:
    """List what people write and maintain, the bench included, the tests not."""
    for top in ("packages", "scripts", "tests/bench"):
        for path in sorted((root / top).rglob("*")):
            inside = path.relative_to(root / top).parts
            if path.is_file() and path.suffix in _SUFFIXES and not _EXEMPT.intersection(inside):
                yield path


def check(path: Path, name: str) -> Iterator[str]:
    """Find what is too long in one file."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > MAX_FILE:
        yield f"{name}: {lines} lines, {MAX_FILE} at most"
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, {MAX_FUNCTION} at most"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))

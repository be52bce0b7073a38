"""What a log must not hold: tokens, and what would steer a terminal. Pure."""

import json
import re

# A token of 32 bytes as links carry it, or what is longer. Libraries log what they could not read, paths too.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}", re.ASCII)
_KEPT = frozenset("\t\n")
LONGEST = 4_000
LONGEST_TRACEBACK = 20_000


def without_tokens(text: str) -> str:
    """Leave out what may be the token of a link or a session."""
    return _TOKEN.sub("[hidden]", text)


def printable(text: str) -> str:
    """Leave out what would steer the terminal: a target's answer may be part of an event."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in _KEPT else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def escaped(line: str) -> str:
    """Escape what JSON leaves as it is and would steer a terminal all the same; `line` is JSON."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def shortened(text: str, longest: int = LONGEST) -> str:
    """Leave out the middle of what is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {text[-half:]}"

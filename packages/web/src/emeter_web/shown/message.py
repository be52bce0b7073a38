"""A request or an answer, as pages show it, and texts out of evidence, which may have any shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN = "[hidden]"
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its header fields, its body."""

    line: str
    fields: Fields = ()
    body: str = ""
    is_bad: bool = False


def text_in(found: Mapping[str, Any], name: str) -> str:
    """A text of the evidence; empty where there is none, or something else."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def number_in(found: Mapping[str, Any], name: str) -> int:
    """A whole number of the evidence; 0 where there is none, or something else."""
    value = found.get(name)
    return value if type(value) is int else 0

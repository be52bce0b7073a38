"""What characters a text is made of: those that PostgreSQL takes, and those that people can see."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text`: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def has_controls(text: str) -> bool:
    """Whether `text` holds control characters, line breaks among them, or halves of a surrogate pair."""
    return _UNSEEN.search(text) is not None

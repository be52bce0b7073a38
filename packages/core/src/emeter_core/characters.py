"""What characters a text is made of: those that PostgreSQL takes, and those that people can see."""

import re
import unicodedata

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TURNING = "\u202a-\u202e\u2066-\u2069"
_UNSEEN = re.compile(f"[\0-\x1f\x7f-\x9f\ud800-\udfff{_TURNING}]")
_TO_THE_LEFT = frozenset({"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold `text`: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def has_controls(text: str) -> bool:
    """Whether `text` holds control characters, or halves of a surrogate pair.

    Line breaks are among them, and what turns the direction of the text that follows.
    """
    return _UNSEEN.search(text) is not None


def isolated(text: str) -> str:
    """`text` for the middle of a sentence: one that runs to the left does not turn our words round."""
    if text.isascii() or not any(unicodedata.bidirectional(each) in _TO_THE_LEFT for each in text):
        return text
    return f"{_ISOLATE}{text}{_END}"

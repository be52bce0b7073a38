"""A keyword, sought while a body comes in: nothing of the body is kept for it."""

import codecs
from collections.abc import Sequence

from emeter_checker.kinds.http import fields

# Codecs of Python that are no charsets, or take more than linear time.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "utf_7"})


def charset(lines: Sequence[bytes]) -> str:
    """Python's name for the charset of an answer; `utf-8` where it names none that we know."""
    try:
        found = codecs.lookup(fields.charset(lines))
        # Refuses what is no text, such as `zip`; of nothing it would take no notice.
        b"x".decode(found.name, "replace")
    except (LookupError, ValueError):
        return "utf-8"
    # Some call themselves with a hyphen, some with an underscore.
    is_none = found.name.replace("-", "_") in _NO_CHARSETS or found.incrementaldecoder is None
    return "utf-8" if is_none else found.name


class Search:
    """Seeks a keyword in text that comes as bytes, piece by piece; bad bytes are replaced."""

    __slots__ = ("_decoder", "_keyword", "_tail", "found")

    def __init__(self, keyword: str, name: str) -> None:
        self._keyword = keyword
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._tail = ""
        self.found = False

    def read(self, data: bytes, *, is_last: bool = False) -> None:
        """Go on with these bytes."""
        if self.found:
            return
        text = self._tail + self._decoder.decode(data, is_last)
        self.found = self._keyword in text
        # With what comes next it may be whole.
        self._tail = text[max(0, len(text) - len(self._keyword) + 1) :]

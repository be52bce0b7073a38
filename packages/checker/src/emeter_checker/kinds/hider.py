"""Secrets that a check sends, found again in what a server answers, and blacked out. Pure."""

import html
import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from urllib.parse import quote

BLACK = "[hidden]"
SECRET_MIN = 6
"""Shorter values, such as `1` or `*/*`, are no secrets and would be found everywhere."""
_TAIL_MIN = 4
"""Characters from which the beginning of a secret, where a text was cut off, is hidden."""
_FEW = 32
"""Beginnings that are sought one by one, before a text is looked at character by character."""


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as servers echo it: in JSON, HTML or a URL, or its bytes misread."""
    yield secret
    if secret.isascii() and secret.isalnum():
        return
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    yield quote(secret, safe="", errors="replace")
    if not secret.isascii():
        yield secret.encode("utf-8", "replace").decode("latin-1")


class Hider:
    """Blacks out secrets; the time it takes grows with the text, not with the number of secrets."""

    __slots__ = ("_forms", "_known", "_lengths", "_starts")

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = (secret for secret in secrets if len(secret) >= SECRET_MIN)
        self._known = {form for secret in long_enough for form in _forms(secret)}
        self._forms = sorted(self._known)
        self._starts = {form[:_TAIL_MIN] for form in self._forms}
        lengths: dict[str, set[int]] = {}
        for form in self._forms:
            lengths.setdefault(form[:SECRET_MIN], set()).add(len(form))
        # By their first characters, the lengths of all secrets that begin so, the longest first.
        self._lengths = {start: sorted(known, reverse=True) for start, known in lengths.items()}

    def hide(self, text: str, *, cut: bool = False) -> str:
        """The text without secrets; if it was cut off, also without one that had begun at its end."""
        if not self._known:
            return text
        spans = list(self._spans(text))
        if cut:
            spans.extend(self._tail(text))
        if not spans:
            return text
        shown: list[str] = []
        at = 0
        for start, end in sorted(spans):
            if start > at or not shown:
                shown += (text[at:start], BLACK)
            at = max(at, end)
        return "".join(shown) + text[at:]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets begin and end, in order of their beginnings; they may overlap."""
        lengths, known = self._lengths, self._known
        if len(lengths) < _FEW and not any(head in text for head in lengths):
            return
        for start in range(len(text) - SECRET_MIN + 1):
            head = text[start : start + SECRET_MIN]
            if head in lengths:
                for length in lengths[head]:
                    if text[start : start + length] in known:
                        yield start, start + length
                        break

    def _tail(self, text: str) -> Iterator[tuple[int, int]]:
        """Where at the end a secret begins whose rest was cut off; a character cut in two counts as rest."""
        if len(self._starts) < _FEW and not any(start in text for start in self._starts):
            return
        whole = text.rstrip("\N{REPLACEMENT CHARACTER}")
        forms = self._forms
        for start in range(len(whole) - _TAIL_MIN + 1):
            if whole[start : start + _TAIL_MIN] in self._starts:
                tail = whole[start:]
                first = bisect_left(forms, tail)
                if first < len(forms) and forms[first].startswith(tail):
                    yield start, len(text)
                    return

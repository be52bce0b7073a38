"""Which passwords an account may have."""

import re
from collections.abc import Iterator, Sequence

from emeter_core.accounts.changeset import Attributes, text_errors
from emeter_core.accounts.common_passwords import is_common
from emeter_core.accounts.email_rules import MAX_POINTS
from emeter_core.accounts.lengths import is_longer, is_shorter
from emeter_core.accounts.password import MAX_BYTES

_MIN, _MAX = 12, 72
_COMMON = "is too common: it is among those that are guessed first"
_NEAR = "is too close to your email or to the name E-Meter"

_PRODUCT = "emeter"
# Shorter parts of an e-mail say nothing of its owner.
_MIN_WORD = 3
_GAP = " "
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")
_NO_LETTERS = r"[\W\d_]+"
_AROUND_LETTERS = re.compile(rf"^{_NO_LETTERS}|{_NO_LETTERS}$")


def password_errors(password: object, *, email: object = None) -> list[str]:
    """What is wrong with a new password of the user with this good e-mail: one message at most."""
    errors = text_errors(password)
    if errors or not isinstance(password, str):
        return errors
    if unfit := _unfit(password):
        return [unfit]
    if is_common(password):
        return [_COMMON]
    return [_NEAR] if is_near(password, email if isinstance(email, str) else "") else []


def confirmation_errors(attrs: Attributes) -> list[str]:
    """What is wrong with a password typed twice; typed once it is as good."""
    if "password_confirmation" in attrs and attrs["password_confirmation"] != attrs.get("password"):
        return ["does not match password"]
    return []


def is_near(password: str, email: str) -> bool:
    """Whether more than half of a password is made of the user's e-mail and the name of the product.

    Case and punctuation do not count, and what stands around its letters is asked without and with:
    `Dora.Miller-1987` is near dora.miller@example.com, `the horse of Dora Miller` is not.
    """
    words = sorted({_PRODUCT, *_words(email[:MAX_POINTS])}, key=len, reverse=True)
    return any(_is_mostly(words, each) for each in (password, _AROUND_LETTERS.sub("", password)))


def _unfit(password: str) -> str:
    """What accounts.md and bcrypt have against it; empty where they have nothing."""
    if is_shorter(password, _MIN):
        return f"should be at least {_MIN} character(s)"
    if is_longer(password, _MAX):
        return f"should be at most {_MAX} character(s)"
    if len(password.encode(errors="surrogatepass")) > MAX_BYTES:
        return f"should be at most {MAX_BYTES} byte(s)"
    return "must not hold a NUL character" if "\0" in password else ""


def _words(email: str) -> Iterator[str]:
    """The words by which the owner of an e-mail is known: the whole, its two sides, and their parts."""
    local, _, domain = email.partition("@")
    site = domain.rpartition(".")[0]
    parts = _NEITHER_LETTER_NOR_DIGIT.split(f"{local}.{site}")
    for word in (email, local, local.partition("+")[0], site, *parts):
        if len(squeezed := _squeeze(word)) >= _MIN_WORD:
            yield squeezed


def _is_mostly(words: Sequence[str], text: str) -> bool:
    """Whether more than half of `text` are these words, the longest of which come first.

    No pattern is made of them: they are somebody's to choose, and `re` keeps what it compiled.
    """
    unknown = squeezed = _squeeze(text)
    for word in words:
        # The gap keeps what stood around a word from being read as another one.
        unknown = unknown.replace(word, _GAP)
    return len(unknown.replace(_GAP, "")) * 2 < len(squeezed)


def _squeeze(text: str) -> str:
    return _NEITHER_LETTER_NOR_DIGIT.sub("", text).casefold()

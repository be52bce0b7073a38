"""How long a text is for the person who typed it (accounts.md, section 4, and item 8 of section 9)."""

import regex  # type: ignore[import-untyped]  # it ships no types

# A letter with its accents is one character, a family of emoji too: as Elixir counts.
_CHARACTER = regex.compile(r"\X")
# Code points. Unicode's stream-safe format (UAX 15, section 13) has at most 30 marks at a letter, and no
# e-mail or password has 160 such letters. Beyond it nothing is looked at, so counting takes 0.3 ms at most.
_MOST_POINTS = 160 * 32


def is_longer(text: str, most: int) -> bool:
    """Whether `text` has more than so many characters, of which it may be 160."""
    return len(text) > _MOST_POINTS or _count(text, most + 1) > most


def is_shorter(text: str, least: int) -> bool:
    """Whether `text` has fewer than so many characters."""
    return _count(text, least) < least


def _count(text: str, most: int) -> int:
    """How many characters `text` has, counted up to `most`."""
    characters = _CHARACTER.finditer(text[:_MOST_POINTS])
    return sum(1 for _ in zip(range(most), characters, strict=False))

"""Lengths of e-mails and passwords are those that a person sees (accounts.md, 4.1, 4.2, item 8 of 9)."""

from unittest.mock import Mock

import pytest

from emeter_core.accounts import lengths
from emeter_core.accounts.email_rules import email_errors
from emeter_core.accounts.lengths import is_longer, is_shorter
from emeter_core.accounts.password_rules import password_errors

ACCENTED = "e\N{COMBINING ACUTE ACCENT}"
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
FLAG = "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}"
SHORT, LONG = "should be at least 12 character(s)", "should be at most 72 character(s)"
BYTES = "should be at most 72 byte(s)"
LONG_EMAIL = "should be at most 160 character(s)"


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("hello", 5),
        (ACCENTED * 6, 6),
        (FAMILY * 2, 2),
        (FLAG * 3, 3),
        ("\r\n" * 4, 4),
        ("e" + "\N{COMBINING ACUTE ACCENT}" * 500, 1),
        ("\ud800" * 3, 3),
    ],
)
def test_a_character_is_what_a_person_takes_for_one(text: str, characters: int) -> None:
    assert not is_longer(text, characters)
    assert not is_shorter(text, characters)
    assert is_shorter(text, characters + 1)
    assert characters == 0 or is_longer(text, characters - 1)


@pytest.mark.parametrize(
    ("password", "messages"),
    [
        (ACCENTED * 6, [SHORT]),
        (FAMILY * 2, [SHORT]),
        (ACCENTED * 11, [SHORT]),
        (ACCENTED * 12, []),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 11, [SHORT]),
        (ACCENTED * 24, []),
        (ACCENTED * 25, [BYTES]),
        ("é" * 72, [BYTES]),
        (ACCENTED * 73, [LONG]),
        ("e" + "\N{COMBINING ACUTE ACCENT}" * 1_000_000, [SHORT]),
        ("x" * 1_000_000, [LONG]),
    ],
)
def test_x25_a_password_has_12_to_72_characters_and_at_most_72_bytes(
    password: str, messages: list[str]
) -> None:
    assert password_errors(password, email="dora@example.com") == messages


@pytest.mark.parametrize(
    ("email", "messages"),
    [
        (ACCENTED * 80 + "x" * 68 + "@example.com", []),
        (ACCENTED * 80 + "x" * 69 + "@example.com", [LONG_EMAIL]),
        # What goes with `change:` before it into 255 code points.
        (ACCENTED * 118 + "@example.com", []),
        (ACCENTED * 118 + "x@example.com", [LONG_EMAIL]),
        ("e" + "\N{COMBINING ACUTE ACCENT}" * 1_000_000 + "@example.com", [LONG_EMAIL]),
    ],
)
def test_x25_an_email_has_at_most_160_characters_that_fit_into_its_columns(
    email: str, messages: list[str]
) -> None:
    assert email_errors(email) == messages


def test_however_long_a_text_is_its_beginning_is_all_that_is_looked_at(monkeypatch) -> None:
    """The parts of a flag take a second for 20,000 of them."""
    looked_at: list[int] = []
    pattern = Mock(finditer=lambda text: looked_at.append(len(text)) or iter(text))
    monkeypatch.setattr(lengths, "_CHARACTER", pattern)
    for size in (0, 5_119, 5_120, 5_121, 1_000_000):
        assert is_longer(FLAG[0] * size, 160) is (size > 160)
        assert is_shorter(FLAG[0] * size, 12) is (size < 12)
    assert max(looked_at) == 5_120

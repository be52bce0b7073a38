"""Passwords that fit the length and are still refused: common ones, and those made of one's own e-mail."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emeter_core.accounts import change_user_password, change_user_registration, prepare_registration
from emeter_core.accounts.lengths import is_shorter
from emeter_core.accounts.password_rules import is_near, password_errors
from emeter_core.errors import Invalid

COMMON = "is too common: it is among those that are guessed first"
NEAR = "is too close to your email or to the name E-Meter"
DORA = "Dora.Miller+meter@mail.acme-tools.example"

WORDS = st.sampled_from(
    [
        "anchor",
        "bridge",
        "copper",
        "drizzle",
        "engine",
        "falcon",
        "garden",
        "hollow",
        "island",
        "jacket",
        "kettle",
        "lantern",
        "marble",
        "nickel",
        "orchard",
        "pepper",
        "quarry",
        "ribbon",
        "saddle",
        "timber",
        "umbrella",
        "velvet",
        "window",
        "yellow",
        "zephyr",
    ]
)
AROUND = st.text("0123456789!.-_ #", max_size=8)


@given(st.lists(WORDS, min_size=4, max_size=7, unique=True), st.sampled_from(["", " ", "-", "."]))
@settings(max_examples=500)
def test_ordinary_passphrases_are_accepted(words: list[str], between: str) -> None:
    phrase = between.join(words)
    assume(len(phrase) <= 72)
    assert password_errors(phrase, email=DORA) == []


# Not st.text: it brings long words out of our own source, and some of them are listed.
@given(
    st.lists(st.integers(33, 0x2FFF), min_size=16, max_size=24).map(lambda points: "".join(map(chr, points)))
)
@settings(max_examples=500)
def test_ordinary_random_passwords_are_accepted(password: str) -> None:
    assume(password.strip() and len(password.encode()) <= 72)
    # Some of these points are accents of the letter before them.
    assume(not is_shorter(password, 12))
    # Twelve times the same character is listed, whatever the character.
    assume(len(set(password)) > 4)
    assert password_errors(password, email=DORA) == []


@given(
    st.lists(
        st.sampled_from(
            ["dora", "Miller", "DORA.MILLER", DORA, "acme", "acme-tools", "dora miller", "E-Meter", "emeter"]
        ),
        min_size=1,
        max_size=3,
    ),
    AROUND,
    AROUND,
    st.sampled_from(["", " ", "-", "_"]),
)
@settings(max_examples=500)
def test_what_is_made_of_the_own_email_or_the_product_is_refused(
    words: list[str], before: str, after: str, between: str
) -> None:
    password = f"{before}{between.join(words)}{after}"
    assume(12 <= len(password) <= 72)
    assert password_errors(password, email=DORA) in ([NEAR], [COMMON])


@pytest.mark.parametrize(
    "password",
    [
        "Dora.Miller-1987",
        "dora.miller@mail.acme-tools.example",
        "19870302 dora",
        "acme-tools 2026!",
        "e-meter e-meter",
        "E_METER_E_METER",
        "(emeter)(2026)(emeter)",
        "my dora miller",
        "dora at e-meter",
    ],
)
def test_a_password_near_to_the_email_or_the_product_is_told_so(password: str) -> None:
    assert password_errors(password, email=DORA) == [NEAR]


@pytest.mark.parametrize(
    "password",
    [
        "hello world!",
        "new valid password",
        "correct horse battery",
        "the horse of Dora Miller",
        "dora eats seventeen plums",
        "emeter is what I look at",
        "a kilometer of ribbon",
        "millet and millstones",
    ],
)
def test_a_word_of_ones_own_among_others_is_no_harm(password: str) -> None:
    assert password_errors(password, email=DORA) == []


@pytest.mark.parametrize(
    ("email", "password", "near"),
    [
        ("12345670@qq.example", "12345670-12345670", True),
        ("me@xy.example", "mememe mememe 9z", False),
        ("a@b.example", "a@b.example a@b.example", True),
        ("ÉLODIE@example.com", "élodie élodie 7", True),
        ("(*)[a-z]+.?@example.com", "letters that a pattern takes", False),
        ("", "", False),
        ("@", "@@@@@@@@@@@@", False),
        ("nobody", "nobody nobody", True),
        ("x" * 100_000, "x" * 72, False),
    ],
)
def test_an_email_of_any_make_is_held_against_the_password(email: str, password: str, near: bool) -> None:  # noqa: FBT001 - a column
    assert is_near(password, email) is near


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("dora", "should be at least 12 character(s)"),
        ("password", "should be at least 12 character(s)"),
        ("dora.miller " * 7, "should be at most 72 character(s)"),
        ("é" * 37, "should be at most 72 byte(s)"),
        ("dora\0dora\0dora", "must not hold a NUL character"),
        ("password1234", COMMON),
        ("dora-dora-dora", NEAR),
    ],
)
def test_one_thing_is_told_and_the_rules_of_length_come_first(password: str, message: str) -> None:
    assert password_errors(password, email=DORA) == [message]


def test_no_pattern_is_made_of_an_email_whatever_its_length(session, monkeypatch) -> None:
    """Python keeps hundreds of those it compiled, and they were of a megabyte each."""
    made: list[object] = []
    monkeypatch.setattr(re, "compile", lambda *pattern: made.append(pattern))
    for email in (DORA, ".".join(f"{number:x}" for number in range(0x1000, 0x31000))):
        change_user_registration(session, {"email": email, "password": "correct horse battery"})
        is_near("correct horse battery", email)
    assert made == []


def test_only_a_good_email_is_held_against_the_password(session) -> None:
    for email, errors in (("dora@example.com", [NEAR]), ("dora@@example.com", []), ("dora example.com", [])):
        attrs = {"email": email, "password": "dora-dora-dora 7"}
        assert change_user_registration(session, attrs).errors.get("password", []) == errors


def test_what_stands_around_a_word_makes_no_other_one() -> None:
    assert not is_near("emedoraterxyzab", "dora@x.example")


def test_all_who_choose_a_password_are_told(session, user) -> None:
    for password, message in (("Password1234", COMMON), ("dora-dora-dora", NEAR)):
        attrs = {"email": "dora@new.example", "password": password}
        assert change_user_registration(session, attrs).errors == {"password": [message]}
        assert change_user_password(user, {"password": password}).errors == {"password": [message]}
        with pytest.raises(Invalid) as caught:
            prepare_registration("dora@new.example", password)
        assert caught.value.fields == {"password": [message]}


@pytest.mark.parametrize("email", [None, 7, ["dora"], "not an email"])
def test_without_a_good_email_the_rest_is_still_asked(session, email: object) -> None:
    attrs = {"email": email, "password": "emeter emeter"}
    assert change_user_registration(session, attrs).errors["password"] == [NEAR]

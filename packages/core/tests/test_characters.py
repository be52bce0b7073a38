"""Characters: which are refused, and how those that run to the left stand in our sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.characters import has_controls, is_storable, isolated

HEBREW = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}"
TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("character", ["\0", "\n", "\x7f", "\x9b", "\ud800", *TURNING])
def test_what_cannot_be_seen_is_a_control(character: str) -> None:
    assert has_controls(f"a{character}b")


@pytest.mark.parametrize("text", ["", "Shop", "Ärzte 100%", HEBREW, "店", "a\N{ZERO WIDTH NON-JOINER}b"])
def test_words_of_any_script_hold_none(text: str) -> None:
    assert not has_controls(text)
    assert is_storable(text)


@pytest.mark.parametrize("text", ["", "Shop", "Ärzte 100%", "店"])
def test_what_runs_to_the_right_stands_as_it_is(text: str) -> None:
    assert isolated(text) == text


@pytest.mark.parametrize("text", [HEBREW, f"a {HEBREW}", "abc\u202edef"])
def test_what_runs_to_the_left_stands_by_itself(text: str) -> None:
    assert isolated(text) == f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


@given(st.text())
def test_isolating_loses_nothing(text: str) -> None:
    assert text in isolated(text)

"""Files that are locked by who is in a slot: what waits, what is let go, and who has the gate."""

import os
from pathlib import Path

import pytest

from emeter_core.accounts.slot_files import SlotFiles


def yes() -> bool:
    return True


def no() -> bool:
    return False


@pytest.fixture
def files(tmp_path: Path) -> SlotFiles:
    files = SlotFiles(tmp_path / "slots", 1)
    files.directory.mkdir(mode=0o700)
    return files


def times(number: int):  # noqa: ANN201 - whether something is wanted
    """Yes, so many times."""
    answers = iter([True] * number)
    return lambda: next(answers, False)


@pytest.mark.parametrize("is_first", [yes, no])
def test_what_is_not_wanted_any_more_waits_for_no_slot(files: SlotFiles, is_first) -> None:
    held = files.wait(yes, is_first)
    assert held is not None
    assert files.wait(times(3), is_first) is None
    os.close(held)
    # Nothing else was left locked.
    for each in (yes, no):
        again = files.wait(times(1), each)
        assert again is not None
        os.close(again)


def test_what_was_never_wanted_locks_nothing(files: SlotFiles) -> None:
    assert files.wait(no, no) is None
    assert list(files.directory.iterdir()) == []


def test_before_a_shut_gate_nobody_takes_a_slot_in_an_ordinary_turn(files: SlotFiles) -> None:
    gate = files._try_file("gate")
    assert gate is not None
    assert files.wait(times(3), no) is None
    os.close(gate)
    slot = files.wait(times(1), no)
    assert slot is not None
    os.close(slot)


def test_who_is_first_needs_no_turn(files: SlotFiles) -> None:
    turn = files._try_file("turn")
    assert turn is not None
    assert files.wait(times(3), no) is None
    slot = files.wait(times(1), yes)
    assert slot is not None
    os.close(slot)
    os.close(turn)


def test_who_comes_to_be_first_while_they_wait_needs_none_either(files: SlotFiles) -> None:
    turn = files._try_file("turn")
    assert turn is not None
    slot = files.wait(times(4), iter([False, False, True, True]).__next__)
    assert slot is not None
    os.close(slot)
    os.close(turn)

"""Passwords: hashed at a price, verified to the last byte, and never more than two at a time."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emeter_core.accounts import (
    Busy,
    get_user_by_email,
    hash_password,
    password,
    valid_password,
    verify_password,
)
from emeter_core.accounts.hash_slots import HashSlots

EMAIL, PASSWORD = "dora@example.com", "hello world!"
HASHED = hash_password(PASSWORD, rounds=4)


def test_a03_an_unknown_email_does_not_log_in(session, user) -> None:
    assert not valid_password(get_user_by_email(session, "unknown@example.com"), PASSWORD)


def test_a04_a_wrong_password_does_not_log_in(session, user) -> None:
    assert not valid_password(get_user_by_email(session, EMAIL), "invalid")


def test_a05_email_and_password_log_in(session, user) -> None:
    found = get_user_by_email(session, EMAIL)
    assert found is not None
    assert found.id == user.id
    assert valid_password(found, PASSWORD)


def test_x04_the_email_in_another_case_logs_in(session, user) -> None:
    assert valid_password(get_user_by_email(session, "dORA@EXAMPLE.com"), PASSWORD)


# Every byte of a password counts, and nothing that bcrypt would ignore is ever the right one.
@pytest.mark.parametrize(
    "given",
    [
        "",
        "A" * 72,
        "a" * 71,
        "a" * 73,
        "a" * 72 + "\0",
        "a" * 100_000,
        "a" * 71 + "\0",
        "\0",
        "\ud800",
        "é" * 72,
    ],
)
def test_any_other_password_is_wrong(given: str) -> None:
    assert not verify_password(hash_password("a" * 72, rounds=4), given)


def test_what_stands_for_an_unusable_password_is_none_itself() -> None:
    assert not verify_password(hash_password("-", rounds=4), "\0")


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_at_log_in_is_right_or_wrong(given: str) -> None:
    assert verify_password(HASHED, given) is (given == PASSWORD)


@pytest.mark.parametrize("given", [PASSWORD, "wrong", "", "a" * 73, "\0"])
def test_every_password_costs_one_hash(monkeypatch, user, given: str) -> None:
    asked: list[bytes] = []
    monkeypatch.setattr(password.bcrypt, "checkpw", lambda _given, hashed: bool(asked.append(hashed)))
    assert not valid_password(user, given)
    assert not valid_password(None, given)
    assert [hashed[:7] for hashed in asked] == [b"$2b$04$", b"$2b$04$"]


def test_a_stranger_costs_what_a_user_costs(monkeypatch, session, user) -> None:
    """The figure in front of the hash is the work; the same function does it for both."""
    monkeypatch.setattr(password, "ROUNDS", 5)
    asked: list[bytes] = []
    checkpw = password.bcrypt.checkpw
    monkeypatch.setattr(
        password.bcrypt, "checkpw", lambda given, hashed: bool(asked.append(hashed)) or checkpw(given, hashed)
    )
    assert not valid_password(None, PASSWORD)
    assert asked[0].startswith(b"$2b$05$")
    assert len(asked[0]) == len(HASHED)


def test_hashes_cost_12_unless_a_test_says_otherwise(monkeypatch) -> None:
    monkeypatch.undo()
    assert password.ROUNDS == 12
    assert hash_password(PASSWORD).startswith("$2b$12$")


@pytest.mark.parametrize("hashes", [hash_password, partial(verify_password, HASHED)])
def test_whatever_hashes_holds_a_slot(monkeypatch, tmp_path, hashes) -> None:
    held: list[int] = []
    slots = HashSlots(tmp_path / "hashes")
    monkeypatch.setattr(password, "SLOTS", slots)
    for name in ("checkpw", "hashpw"):
        monkeypatch.setattr(password.bcrypt, name, lambda *_: held.append(slots._present) or b"")
    hashes(PASSWORD)
    assert (held, slots._present) == ([1], 0)


def test_where_the_queue_is_full_nothing_is_hashed(monkeypatch, tmp_path, user) -> None:
    slots = HashSlots(tmp_path / "hashes")
    monkeypatch.setattr(password, "SLOTS", slots)
    slots._present = 50
    for hashes in (hash_password, partial(valid_password, user), partial(valid_password, None)):
        with pytest.raises(Busy):
            hashes(PASSWORD)
    assert valid_password(user, PASSWORD, first=True)

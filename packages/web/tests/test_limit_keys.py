"""Whose tries count together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from emeter_storage.engine import transaction
from emeter_web.limit_keys import account, address, fold


def test_what_is_one_email_to_the_database_is_one_here(sessions) -> None:
    """Each character that has a small form is asked, by every rule that the database may compare by."""
    lowered = (
        "SELECT DISTINCT chr(n), low FROM generate_series(1, 195101) n,"
        ' LATERAL (SELECT lower(chr(n) COLLATE "{}") COLLATE "C" AS low) l'
        ' WHERE n NOT BETWEEN 55296 AND 57343 AND chr(n) COLLATE "C" <> low'
    )
    with transaction(sessions) as session:
        # Those of ICU are none of the build that we bring.
        rules = session.scalars(
            text("SELECT collname FROM pg_collation WHERE collencoding IN (-1, 6) AND collprovider <> 'i'")
        ).all()
        pairs = {tuple(pair) for rule in rules for pair in session.execute(text(lowered.format(rule)))}
    assert {"default", "C", "pg_unicode_fast"} <= set(rules)
    assert len(pairs) > 1400
    assert [pair for pair in pairs if fold(f"a{pair[0]}a") != fold(f"a{pair[1]}a")] == []


def test_every_i_of_the_turks_is_one() -> None:
    assert {fold(spelling) for spelling in ("i@x", "I@x", "İ@x", "\u0131@x", "i\u0307@x")} == {"i@x"}


@given(st.text(max_size=30))
def test_case_does_not_matter(email: str) -> None:
    assert fold(email) == fold(email.lower()) == fold(f" {email.upper().lower()} ")


@pytest.mark.parametrize("spelling", ["DORA.I@example.com", " dora.i@example.com", "dora.İ@example.com"])
def test_spellings_of_one_email_are_one_account_and_others_are_not(app, spelling: str) -> None:
    def key(email: str) -> str:
        with app.test_request_context("/users/log_in", method="POST", data={"email": email}):
            return account()

    assert key(spelling) == key("dora.i@example.com")
    assert key(spelling) != key("dora.j@example.com")
    assert "dora" not in key(spelling)


@pytest.mark.parametrize(
    ("peers", "number"),
    [
        (["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:4711"], 1),
        (["2001:db8::1", "2001:db8::2", "2001:DB8:0:0:ffff::", "[2001:db8::1]:99"], 1),
        (["2001:db8::1", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2"], 4),
        (["", "no address", "1.2.3.4.5"], 1),
    ],
)
def test_an_address_is_a_key_and_of_ipv6_a_network(app, peers: list[str], number: int) -> None:
    keys = set()
    for peer in peers:
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": peer}):
            keys.add(address())
    assert len(keys) == number
    assert all(keys)

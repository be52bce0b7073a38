"""The kind `ping`: what its targets and settings may be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.errors import Invalid
from emeter_core.monitors import create_monitor, described, draft_monitor
from emeter_core.monitors.kinds.ping import PING, PingSettings, clean_target


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("example.com", "ping://example.com"),
        (" ping://Example.com/ ", "ping://example.com"),
        ("192.0.2.1", "ping://192.0.2.1"),
        ("2001:DB8:0::1", "ping://[2001:db8::1]"),
        ("[::1]", "ping://[::1]"),
        ("ping://::1", "ping://[::1]"),
    ],
)
def test_a_host_is_a_target(typed: str, target: str) -> None:
    assert clean_target(typed) == target


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("example.com:80", "must not name a port: a ping has none, write it like example.com"),
        ("https://example.com/", "must be like example.com: https:// is of another kind"),
        ("example.com/path", "must be like example.com, with nothing else"),
        ("ping://", "must be like example.com, with nothing else"),
        ("a..b", "must name a host without empty parts: two dots follow each other, or one begins it"),
        (":", "must be like example.com, with nothing else"),
    ],
)
def test_anything_else_is_told_why_not(typed: str, message: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        clean_target(typed)
    assert str(caught.value) == message


@given(st.one_of(st.text(), st.from_regex(r"(ping://)?[0-9a-f:.]*", fullmatch=True)))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    with suppress(ValueError):
        target = clean_target(text)
        assert clean_target(target) == target
        assert target.startswith("ping://")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("packets", 0, "must be from 1 to 10"),
        ("packets", 11, "must be from 1 to 10"),
        ("max_loss", -1, "must be from 0 to 99"),
        ("max_loss", 100, "must be from 0 to 99"),
        ("max_loss", "half", "must be a whole number"),
        ("send", "hello", "is unknown to the kind ping"),
    ],
)
def test_every_setting_has_its_bounds(field: str, value: object, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        draft_monitor(target="a", kind="ping", settings={field: value})
    assert caught.value.fields == {field: [message]}


def test_it_is_stored_and_told(session, alice, vault, noon) -> None:
    draft = draft_monitor(target="::1", kind="ping", settings={"packets": 1})
    made = create_monitor(session, alice, draft, vault=vault, now=noon)
    session.refresh(made)
    assert (made.name, made.target, made.settings, made.secrets) == (
        "::1",
        "ping://[::1]",
        {"packets": 1},
        None,
    )
    assert described(made) == "Ping, 1 packet"


def test_packets_are_told_one_by_one() -> None:
    told = dict(PING.facts({"round_trips_us": [500, None, 12_345]}))
    assert told == {"Packets": "3 sent, 2 came back", "Round trips": "0.5 ms, lost, 12.3 ms"}
    assert dict(PING.facts({"round_trips_us": [None]})) == {"Packets": "1 sent, 0 came back"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_whatever_evidence_holds_is_told_or_left_out(trips: object) -> None:
    assert all(isinstance(told, str) for pair in PING.facts({"round_trips_us": trips}) for told in pair)


def test_the_defaults_are_those_of_the_form() -> None:
    assert (PingSettings().packets, PingSettings().max_loss) == (3, 50)

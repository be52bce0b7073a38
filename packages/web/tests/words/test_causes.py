"""Why a check failed, in one phrase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors import Monitor
from emeter_core.outcome import Reason
from emeter_web.words.causes import cause_of, codes, host_of


def monitor(target: str = "https://example.com:8443/a", **settings: object) -> Monitor:
    return Monitor(kind="http", target=target, timeout_seconds=10, settings=settings)


@pytest.mark.parametrize(
    ("reason", "settings", "told"),
    [
        (Reason.UNEXPECTED_CODE, {}, "503 instead of 200–299"),
        (Reason.UNEXPECTED_CODE, {"expected_codes": "200,301-302"}, "503 instead of 200, 301–302"),
        (Reason.TIMEOUT, {}, "No complete answer within 10 s"),
        (Reason.KEYWORD_MISSING, {"keyword": '"ok"'}, 'The answer does not contain “"ok"”'),
        (Reason.KEYWORD_PRESENT, {"keyword": "x" * 99}, "The answer contains “" + "x" * 59 + "…”"),
        (Reason.CONNECTION_REFUSED, {}, "Connection refused by example.com:8443"),
        (Reason.NAME_NOT_FOUND, {}, "The host name example.com does not exist"),
        (Reason.OK, {}, "As expected"),
    ],
)
def test_what_was_expected_stands_beside_what_came(
    reason: Reason, settings: dict[str, object], told: str
) -> None:
    assert cause_of(monitor(**settings), reason, 503) == told


def test_the_address_that_was_dialled_is_named_where_it_is_known() -> None:
    seen = {"url": "https://example.com:8443/a", "address": "192.0.2.71"}
    assert cause_of(monitor(), Reason.CONNECTION_REFUSED, 0, seen) == "Connection refused by 192.0.2.71:8443"


@given(st.sampled_from(Reason), st.integers(0, 999), st.text(max_size=40))
def test_every_reason_is_told_whatever_the_target(reason: Reason, code: int, target: str) -> None:
    told = cause_of(monitor(target), reason, code)
    assert told
    assert not told.endswith(".")
    assert "None" not in told


def test_codes_are_written_as_ranges() -> None:
    assert codes("200-299,404") == "200–299, 404"


@pytest.mark.parametrize(("url", "host"), [("http://[::1]:80/", "::1"), ("http://[", ""), ("", "")])
def test_a_host_is_found_or_there_is_none(url: str, host: str) -> None:
    assert host_of(url) == host

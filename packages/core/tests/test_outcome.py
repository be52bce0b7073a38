"""Outcomes: every reason has its number, its words and its condition, for good."""

from datetime import UTC, datetime

import pytest

from emeter_core.monitors import Status, status_of
from emeter_core.outcome import Condition, Outcome, Phases, Reason

# Stored with every result: a number may be added here, never changed, and never given to another reason.
NUMBERS = {
    "ok": 0,
    "name_not_found": 10,
    "name_server_failed": 11,
    "name_server_silent": 12,
    "connection_refused": 20,
    "connect_timeout": 21,
    "host_unreachable": 22,
    "connection_closed": 23,
    "certificate_expired": 30,
    "certificate_untrusted": 31,
    "certificate_wrong_host": 32,
    "tls_failed": 33,
    "timeout": 40,
    "response_invalid": 41,
    "body_too_large": 42,
    "headers_too_large": 43,
    "too_many_redirects": 44,
    "redirect_invalid": 45,
    "response_cut_off": 46,
    "packets_lost": 47,
    "ping_unanswered": 48,
    "unexpected_code": 50,
    "keyword_missing": 51,
    "keyword_present": 52,
    "answer_unexpected": 53,
    "heartbeat_missing": 54,
    "run_too_long": 55,
    "run_failed": 56,
    "address_blocked": 60,
    "scheme_blocked": 61,
    "network_unavailable": 70,
    "resolver_unavailable": 71,
    "not_checked": 72,
    "ping_forbidden": 73,
    "pings_not_taken": 74,
}


def test_every_reason_keeps_its_number() -> None:
    assert {reason.slug: reason.value for reason in Reason} == NUMBERS


def test_no_number_is_used_twice() -> None:
    # An alias would be left out of the iteration over the enum, so count its names.
    assert len(set(NUMBERS.values())) == len(NUMBERS) == len(Reason.__members__)


def test_every_reason_fits_its_column() -> None:
    assert all(0 <= reason <= 32_767 and len(reason.slug) <= 40 for reason in Reason)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_every_reason_has_a_phrase_of_its_own(reason: Reason) -> None:
    assert reason.text[0].isupper()
    assert not reason.text.endswith(".")
    assert [each for each in Reason if each.text == reason.text] == [reason]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_every_reason_stands_for_a_condition(reason: Reason) -> None:
    expected = {
        Reason.OK: Condition.UP,
        Reason.ADDRESS_BLOCKED: Condition.BLOCKED,
        Reason.SCHEME_BLOCKED: Condition.BLOCKED,
        Reason.NETWORK_UNAVAILABLE: Condition.NO_DATA,
        Reason.RESOLVER_UNAVAILABLE: Condition.NO_DATA,
        Reason.NOT_CHECKED: Condition.NO_DATA,
        Reason.PING_FORBIDDEN: Condition.NO_DATA,
        Reason.PINGS_NOT_TAKEN: Condition.NO_DATA,
    }
    assert reason.condition is expected.get(reason, Condition.DOWN)
    assert Outcome(reason).condition is reason.condition


def test_the_phases_add_up_to_the_total() -> None:
    assert Phases(1, 20, 300, 4_000, 50_000).total == 54_321
    assert Phases().total == 0


def test_an_outcome_is_a_value() -> None:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    one, other = (Outcome(Reason.OK, Phases(1), 200, "192.0.2.1", ends, {"a": [1]}) for _ in range(2))
    assert one == other
    with pytest.raises(AttributeError):
        one.code = 500  # type: ignore[misc]


def test_outcomes_share_no_evidence() -> None:
    assert Outcome(Reason.OK).evidence is not Outcome(Reason.OK).evidence


@pytest.mark.parametrize("condition", Condition)
def test_a_status_is_the_condition_where_nothing_covers_it(condition: Condition) -> None:
    assert status_of(condition).value == condition.value


@pytest.mark.parametrize("condition", Condition)
def test_what_people_decided_covers_what_is_inferred_and_that_what_was_measured(condition) -> None:
    every = {"paused": True, "maintenance": True, "unreachable": True}
    assert status_of(condition, **every) is Status.PAUSED
    assert status_of(condition, **every | {"paused": False}) is Status.MAINTENANCE
    assert status_of(condition, unreachable=True) is Status.UNREACHABLE

"""The cause of an incident, in words: the same in mails, in webhooks and on pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.incidents import cause_in_words
from emeter_core.monitors import Monitor, cause_of
from emeter_core.outcome import Reason

PINGED = {"url": "ping://example.com", "address": "192.0.2.71", "round_trips_us": [None] * 3}
SEEN = {"url": "https://api.example.com:8443/health", "address": "192.0.2.71", "code": 503}


def monitor(target: str = "https://example.com:8443/a", **settings: object) -> Monitor:
    return Monitor(kind="http", target=target, timeout_seconds=10, settings=settings)


@pytest.mark.parametrize(
    ("cause", "evidence", "words"),
    [
        ("connection_refused", SEEN, "Connection refused by 192.0.2.71:8443"),
        ("connection_refused", SEEN | {"final_url": "http://x/"}, "Connection refused by 192.0.2.71:80"),
        ("connection_refused", SEEN | {"address": "2001:db8::1"}, "Connection refused by [2001:db8::1]:8443"),
        ("connection_refused", {}, "Connection refused"),
        ("connection_refused", {"url": "http://[", "address": "192.0.2.1"}, "Connection refused"),
        ("connection_refused", {"url": "http://x:99999", "address": "192.0.2.1"}, "Connection refused"),
        ("connect_timeout", SEEN, "No connection to 192.0.2.71:8443 within the timeout"),
        ("host_unreachable", SEEN, "Host unreachable: 192.0.2.71"),
        ("name_not_found", SEEN, "The host name api.example.com does not exist"),
        ("name_not_found", {}, "The host name does not exist"),
        ("unexpected_code", SEEN | {"expected": {"codes": "200-299,301"}}, "503 instead of 200–299, 301"),
        ("unexpected_code", SEEN, "Unexpected status code 503"),
        ("unexpected_code", {"code": 0}, "Unexpected status code"),
        ("timeout", SEEN | {"expected": {"timeout": 2.5}}, "No complete answer within 2.5 s"),
        ("timeout", SEEN, "No complete answer within the timeout"),
        ("answer_unexpected", {"expected": {"keyword": "220"}}, "The answer does not contain “220”"),
        (
            "answer_unexpected",
            {"expected": {"keyword": "x" * 99}},
            f"The answer does not contain “{'x' * 59}…”",
        ),
        ("answer_unexpected", {}, "The answer is not what was expected"),
        ("ping_unanswered", PINGED, "No answer to 3 pings from 192.0.2.71"),
        ("ping_unanswered", PINGED | {"round_trips_us": [None]}, "No answer to 1 ping from 192.0.2.71"),
        (
            "packets_lost",
            PINGED | {"round_trips_us": [None, 9, None]},
            "2 of 3 pings to 192.0.2.71 were lost",
        ),
        ("packets_lost", {}, "Too many packets were lost"),
        (
            "connection_refused",
            {"url": "tcp://a:25", "address": "192.0.2.71"},
            "Connection refused by 192.0.2.71:25",
        ),
        ("keyword_missing", {"expected": {"keyword": '"ok"'}}, 'The answer does not contain “"ok"”'),
        ("keyword_present", {"expected": {"keyword": "x" * 99}}, "The answer contains “" + "x" * 59 + "…”"),
        (
            "response_cut_off",
            {"received": {"bytes": 3, "of": 5000}},
            "The answer broke off after 3 of 5,000 bytes",
        ),
        ("response_cut_off", {"received": {"bytes": 0}}, "The answer broke off after 0 bytes"),
        ("response_cut_off", {}, "The answer broke off before its end"),
        ("of_a_newer_version", SEEN, "Of a newer version"),
    ],
)
def test_the_cause_says_what_is_known(cause: str, evidence: dict[str, object], words: str) -> None:
    assert cause_in_words(cause, evidence) == words


@pytest.mark.parametrize(
    ("reason", "settings", "words"),
    [
        (Reason.UNEXPECTED_CODE, {}, "503 instead of 200–299"),
        (Reason.UNEXPECTED_CODE, {"expected_codes": "200,301-302"}, "503 instead of 200, 301–302"),
        (Reason.TIMEOUT, {}, "No complete answer within 10 s"),
        (Reason.KEYWORD_MISSING, {"keyword": "ok"}, "The answer does not contain “ok”"),
        (Reason.CONNECTION_REFUSED, {}, "Connection refused by example.com:8443"),
        (Reason.NAME_NOT_FOUND, {}, "The host name example.com does not exist"),
        (Reason.OK, {}, "As expected"),
    ],
)
def test_without_evidence_the_monitor_says_what_it_expects(
    reason: Reason, settings: dict[str, object], words: str
) -> None:
    assert cause_of(monitor(**settings), reason, code=503) == words


@pytest.mark.parametrize(
    ("target", "reason", "settings", "words"),
    [
        ("tcp://a.test:25", Reason.ANSWER_UNEXPECTED, {"expect": "220"}, "The answer does not contain “220”"),
        ("tcp://a.test:25", Reason.CONNECTION_REFUSED, {}, "Connection refused by a.test:25"),
        ("tcp://a.test:25", Reason.TIMEOUT, {}, "No complete answer within 10 s"),
        ("ping://a.test", Reason.PING_UNANSWERED, {}, "No answer to pings from a.test"),
        ("ping://a.test", Reason.PACKETS_LOST, {}, "Too many packets were lost"),
        ("ping://[2001:db8::1]", Reason.HOST_UNREACHABLE, {}, "Host unreachable: 2001:db8::1"),
    ],
)
def test_monitors_of_every_kind_say_what_they_expect(
    target: str, reason: Reason, settings: dict[str, object], words: str
) -> None:
    kind = target.partition(":")[0]
    assert cause_of(Monitor(kind=kind, target=target, timeout_seconds=10, settings=settings), reason) == words


def test_the_address_that_was_dialled_is_named_where_it_is_known() -> None:
    seen = {"url": "https://example.com:8443/a", "address": "192.0.2.71", "code": None}
    assert cause_of(monitor(), Reason.CONNECTION_REFUSED, seen) == "Connection refused by 192.0.2.71:8443"


def test_what_was_expected_at_the_time_counts_and_not_what_is_now() -> None:
    changed = monitor(expected_codes="204")
    assert cause_of(changed, "unexpected_code", SEEN | {"expected": {"codes": "200"}}) == "503 instead of 200"
    assert cause_of(changed, "unexpected_code", SEEN | {"expected": None}) == "503 instead of 204"


def test_a_monitor_that_was_deleted_changes_nothing() -> None:
    kept = SEEN | {"expected": {"codes": "200-299"}}
    assert cause_of(None, "unexpected_code", kept) == cause_of(monitor(), "unexpected_code", kept)
    assert cause_of(None, Reason.TIMEOUT) == "No complete answer within the timeout"
    assert cause_of(monitor(), "of_a_newer_version", SEEN) == "Of a newer version"


json = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)
expected = st.dictionaries(st.sampled_from(["codes", "timeout", "keyword", "bytes", "of"]), json)


@given(
    reason=st.sampled_from(list(Reason)),
    evidence=st.dictionaries(
        st.sampled_from(["url", "final_url", "address", "code", "expected", "received", "round_trips_us"]),
        json | expected,
    ),
    target=st.text(max_size=40),
)
def test_there_are_words_for_every_cause_whatever_was_seen(
    reason: Reason, evidence: dict[str, object], target: str
) -> None:
    for words in (cause_in_words(reason.slug, evidence), cause_of(monitor(target), reason, evidence)):
        assert words.strip()
    told = cause_of(monitor(target), reason, code=503)
    assert told
    assert not told.endswith(".")
    assert "None" not in told

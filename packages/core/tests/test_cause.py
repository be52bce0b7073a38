"""The cause of an incident, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.incidents import cause_in_words
from emeter_core.outcome import Reason

PINGED = {"url": "ping://example.com", "address": "192.0.2.71", "round_trips_us": [None] * 3}
SEEN = {"url": "https://api.example.com:8443/health", "address": "192.0.2.71", "code": 503}


@pytest.mark.parametrize(
    ("cause", "evidence", "words"),
    [
        ("connection_refused", SEEN, "Connection refused by 192.0.2.71:8443"),
        ("connection_refused", SEEN | {"final_url": "http://x/"}, "Connection refused by 192.0.2.71:80"),
        ("connection_refused", SEEN | {"address": "2001:db8::1"}, "Connection refused by [2001:db8::1]:8443"),
        ("connection_refused", {}, "Connection refused"),
        ("connection_refused", {"url": "http://[", "address": "192.0.2.1"}, "Connection refused"),
        ("connect_timeout", SEEN, "No connection to 192.0.2.71:8443 within the timeout"),
        ("host_unreachable", SEEN, "Host unreachable: 192.0.2.71"),
        ("name_not_found", SEEN, "The host name api.example.com does not exist"),
        ("name_not_found", {}, "The host name does not exist"),
        ("unexpected_code", SEEN, "Unexpected status code 503"),
        ("unexpected_code", {"code": 0}, "Unexpected status code"),
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
        ("of_a_newer_version", SEEN, "Of a newer version"),
    ],
)
def test_the_cause_says_what_is_known(cause: str, evidence: dict[str, object], words: str) -> None:
    assert cause_in_words(cause, evidence) == words


json = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)


@given(
    reason=st.sampled_from(list(Reason)),
    evidence=st.dictionaries(
        st.sampled_from(["url", "final_url", "address", "code", "expected", "round_trips_us"]), json
    ),
)
def test_there_are_words_for_every_cause_whatever_was_seen(
    reason: Reason, evidence: dict[str, object]
) -> None:
    assert cause_in_words(reason.slug, evidence).strip()

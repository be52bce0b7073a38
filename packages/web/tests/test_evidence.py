"""What a check saw, as a page shows it: whatever the evidence holds, and never a secret."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_core.monitors.kinds.tcp import TcpSettings
from emeter_core.outcome import NO_PHASES, Phases, Reason
from emeter_web.shown.evidence import Evidence, certificate_ends, evidence_of, phases_of
from emeter_web.shown.kinds import SHOWN
from emeter_web.shown.message import HIDDEN

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "url",
    "final_url",
    "address",
    "code",
    "said",
    "error",
    "redirects",
    "headers",
    "body",
    "phases",
    "certificate",
    "round_trips_us",
    "expected",
]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(Reason), st.dictionaries(st.sampled_from(KEYS), json))
def test_evidence_of_any_shape_is_shown(kind: str, reason: Reason, seen: dict[str, object]) -> None:
    settings, target = KINDS[kind].settings(), f"{kind}://a"
    seen = {name: part for name, part in seen.items() if name != "url"}
    shown = evidence_of(reason, phases_of(seen), seen, settings=settings, target=target, now=NOW)
    assert all(isinstance(name, str) and isinstance(told, str) for name, told in shown.way)


def test_there_is_a_page_for_every_kind() -> None:
    assert list(SHOWN) == list(KINDS)


def seen_of(target: str, reason: Reason, **seen: object) -> Evidence:
    return evidence_of(reason, Phases(wait=9), {"url": target, **seen}, now=NOW)


@pytest.mark.parametrize(
    ("target", "settings", "words"),
    [
        ("http://a/", None, "DNS Connect First-byte Transfer"),
        ("HTTPS://a/", None, "DNS Connect TLS First-byte Transfer"),
        ("tcp://a:1", None, "DNS Connect"),
        ("tcp://a:1", TcpSettings(tls=True), "DNS Connect TLS"),
        ("tcp://a:1", TcpSettings(expect="+OK"), "DNS Connect First-byte Transfer"),
        ("ping://a", None, "DNS Round-trip"),
    ],
)
def test_only_phases_that_were_wanted_are_missed(
    target: str, settings: TcpSettings | None, words: str
) -> None:
    refused = evidence_of(
        Reason.CONNECTION_REFUSED, Phases(dns=1, connect=2), {"url": target}, settings=settings, now=NOW
    )
    assert [word.replace(" ", "-") for word in refused.wanted.values()] == words.split()


def test_a_redirect_to_https_wants_tls() -> None:
    assert 2 in seen_of("http://a/", Reason.TLS_FAILED, final_url="https://a/").wanted


def test_what_was_said_on_a_port_is_hidden_and_what_was_heard_is_shown() -> None:
    settings = TcpSettings(send="AUTH s3cret", expect="+OK")
    said = SHOWN["tcp"].request(settings, "tcp://a:1")
    assert said is not None
    assert (said.line, said.fields) == ("tcp://a:1", (("Send", HIDDEN), ("Expect", "+OK")))
    heard = seen_of("tcp://a:1", Reason.ANSWER_UNEXPECTED, body="-ERR no\nbye", address="192.0.2.1")
    assert heard.answer is not None
    assert (heard.answer.line, heard.answer.body, heard.answer.is_bad) == ("-ERR no", "bye", True)
    assert heard.way == (("Dialled", "192.0.2.1"),)
    assert not heard.has_code


def test_the_packets_of_a_ping_are_counted() -> None:
    shown = seen_of("ping://a", Reason.PACKETS_LOST, round_trips_us=[12_340, None, 9_000])
    assert shown.way == (("Packets", "3 sent, 2 came back"), ("Round trips", "12.3 ms, lost, 9.0 ms"))
    assert (shown.answer, shown.request, shown.took) == (None, None, "look-up and mean round trip")


def test_a_request_is_shown_as_it_is_sent_but_for_its_secrets() -> None:
    settings = HttpSettings(method="POST", headers=(("X-Key", "s3cret"),), body="s3cret")
    shown = SHOWN["http"].request(settings, "https://example.com:8443/a/b?c=d#e")
    assert shown is not None
    assert shown.line == "POST /a/b?c=d"
    assert shown.fields == (("Host", "example.com:8443"), ("X-Key", HIDDEN))
    assert shown.body == HIDDEN


def test_an_answer_begins_with_the_servers_own_words() -> None:
    seen = {"code": 503, "said": "503 Backend fetch failed"}
    kept = evidence_of(Reason.UNEXPECTED_CODE, NO_PHASES, seen, now=NOW)
    older = evidence_of(Reason.UNEXPECTED_CODE, NO_PHASES, {"code": 503}, now=NOW)
    told = [each.answer.line for each in (kept, older) if each.answer is not None]
    assert told == ["503 Backend fetch failed", "503 Service Unavailable"]


def test_of_nothing_seen_there_is_nothing_shown() -> None:
    shown = evidence_of(Reason.OK, NO_PHASES, {}, now=NOW)
    assert (shown.request, shown.answer, shown.way, shown.has_times) == (None, None, (), False)


def test_phases_that_are_missing_are_nought() -> None:
    assert phases_of({"phases": {"dns": 5, "wait": "x"}}) == Phases(5, 0, 0, 0, 0)
    assert phases_of({"phases": [1]}) == NO_PHASES


def test_a_certificate_is_told_by_its_end() -> None:
    assert certificate_ends(datetime(2027, 1, 23, 12, tzinfo=UTC), NOW) == "23 Jan 2027, in 61 d"
    assert certificate_ends(datetime(2026, 11, 22, 12, tzinfo=UTC), NOW) == "22 Nov 2026, expired yesterday"

from datetime import UTC, datetime, timedelta

from emeter_checker.report import report
from emeter_core.outcome import Outcome, Phases, Reason

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_good_check() -> None:
    outcome = Outcome(
        Reason.OK, Phases(1200, 300, 45000, 6000, 50), 200, "192.0.2.1", NOW + timedelta(days=40)
    )
    assert report(outcome, now=NOW) == [
        "UP  As expected",
        "  code        200",
        "  address     192.0.2.1",
        "  certificate until 2027-01-02 00:00 UTC, 40 days left",
        "  look-up            1.2 ms",
        "  connect            0.3 ms",
        "  TLS               45.0 ms",
        "  wait               6.0 ms",
        "  transfer           0.1 ms",
        "  total             52.5 ms",
    ]


def test_a_failure_tells_why_and_where_it_was_led() -> None:
    evidence = {"error": "refused", "redirects": [{"code": 302, "url": "http://a/"}]}
    lines = report(Outcome(Reason.CONNECTION_REFUSED, evidence=evidence), now=NOW, colour=True)
    assert lines[0] == "\x1b[31m\x1b[1mDOWN\x1b[0m  Connection refused"
    assert "  error       refused" in lines
    assert "  redirect    302 from http://a/" in lines


def test_lost_packets_are_told_one_by_one() -> None:
    evidence = {
        "url": "ping://a",
        "error": "10.0.0.1 says: unreachable (code 1)",
        "round_trips_us": [None, 2_340],
    }
    lines = report(Outcome(Reason.PACKETS_LOST, evidence=evidence), now=NOW)
    assert "  packets     2 sent, 1 came back" in lines
    assert "  round trips lost, 2.3 ms" in lines


def test_of_an_answer_without_a_code_the_first_line_is_told() -> None:
    evidence = {"url": "tcp://a:25", "body": "554 no\nmore"}
    assert "  answer      554 no" in report(Outcome(Reason.ANSWER_UNEXPECTED, evidence=evidence), now=NOW)

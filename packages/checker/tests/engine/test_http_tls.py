"""TLS: verified by name, ends read, failures told apart."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from emeter_core.outcome import Reason

NOW = datetime.now(UTC).replace(microsecond=0)


def test_a_good_certificate_and_its_exact_end(checker, serve, context) -> None:
    end = NOW + timedelta(days=40)
    site = serve(tls=context(not_after=end))
    outcome = checker.check(f"https://127.0.0.1:{site.port}/")
    assert outcome.reason is Reason.OK
    assert outcome.certificate_ends_at == end
    assert outcome.phases.tls > 0


def test_a_name_is_verified_though_an_address_is_dialled(checker, serve, context, dns) -> None:
    dns.names.update({"good.test": ["127.0.0.1"], "bad.test": ["127.0.0.1"]})
    site = serve(tls=context("good.test"))
    assert checker.check(f"https://good.test:{site.port}/").reason is Reason.OK
    assert checker.check(f"https://bad.test:{site.port}/").reason is Reason.CERTIFICATE_WRONG_HOST
    assert b"Host: good.test:" in site.requests[0]
    assert len(site.requests) == 1


@pytest.mark.parametrize(("start", "end"), [(-20, -10), (10, 20)])
def test_a_certificate_out_of_its_time(checker, serve, context, start, end) -> None:
    dates = {"not_before": NOW + timedelta(days=start), "not_after": NOW + timedelta(days=end)}
    outcome = checker.check(f"https://127.0.0.1:{serve(tls=context(**dates)).port}/")
    assert outcome.reason is Reason.CERTIFICATE_EXPIRED
    assert outcome.certificate_ends_at == dates["not_after"]
    assert "trustme" in outcome.evidence["certificate"]["subject"]


def test_an_unknown_authority(checker, serve, context) -> None:
    site = serve(tls=context(ca=trustme.CA()))
    outcome = checker.check(f"https://127.0.0.1:{site.port}/")
    assert outcome.reason is Reason.CERTIFICATE_UNTRUSTED
    assert outcome.certificate_ends_at is not None
    assert site.requests == []


def test_another_host(checker, serve, context) -> None:
    outcome = checker.check(f"https://127.0.0.1:{serve(tls=context('other.test')).port}/")
    assert outcome.reason is Reason.CERTIFICATE_WRONG_HOST
    assert outcome.certificate_ends_at is not None


def test_without_verification_the_end_is_still_read(checker, serve, context) -> None:
    end = NOW - timedelta(days=1)
    site = serve(
        tls=context("other.test", ca=trustme.CA(), not_before=NOW - timedelta(days=9), not_after=end)
    )
    outcome = checker.check(f"https://127.0.0.1:{site.port}/", verify_tls=False)
    assert (outcome.reason, outcome.certificate_ends_at) == (Reason.OK, end)


def test_plain_http_where_tls_is_asked(checker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(_answer_in_plain, listener)
        outcome = checker.check(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        answered.result()
    assert outcome.reason is Reason.TLS_FAILED


def _answer_in_plain(listener) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_handshake_that_hangs_is_a_timeout(checker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcome = checker.check(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.3)
    assert outcome.reason is Reason.TIMEOUT
    assert outcome.phases.tls > 200_000


def test_the_first_certificate_to_end_counts(checker, serve, context) -> None:
    early, late = NOW + timedelta(days=3), NOW + timedelta(days=90)
    last = serve(tls=context(not_after=late))
    away = b"HTTP/1.1 302 X\r\nLocation: https://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % last.port
    first = serve(away, tls=context(not_after=early))
    outcome = checker.check(f"https://127.0.0.1:{first.port}/")
    assert (outcome.reason, outcome.certificate_ends_at) == (Reason.OK, early)

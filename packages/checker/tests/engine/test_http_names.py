"""Names: resolved by us, each check anew, every address vetted before one is dialled."""

import ipaddress
import itertools
import socket

import dnslib
import pytest

from emeter_checker.guard import AddressGuard
from emeter_core.outcome import Reason


def test_a_name_is_resolved_and_asked_by_name(checker, serve, dns) -> None:
    dns.names["web.test"] = ["127.0.0.1"]
    site = serve()
    outcome = checker.check(f"http://web.test:{site.port}/")
    assert (outcome.reason, outcome.address) == (Reason.OK, "127.0.0.1")
    assert b"Host: web.test:" in site.requests[0]
    assert outcome.phases.dns > 0


def test_each_check_asks_anew_whatever_the_ttl(checker, serve, dns) -> None:
    dns.names["web.test"] = ["127.0.0.1"]
    url = f"http://web.test:{serve().port}/"
    for _ in range(5):
        assert checker.check(url, ip_family="ipv4").reason is Reason.OK
    assert dns.asked["web.test A"] == 5
    dns.names.clear()
    assert checker.check(url).reason is Reason.NAME_NOT_FOUND


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (dnslib.RCODE.NXDOMAIN, Reason.NAME_NOT_FOUND),
        (dnslib.RCODE.NOERROR, Reason.NAME_NOT_FOUND),
        (dnslib.RCODE.SERVFAIL, Reason.NAME_SERVER_FAILED),
        (dnslib.RCODE.REFUSED, Reason.NAME_SERVER_FAILED),
    ],
)
def test_what_a_name_server_may_say(checker, dns, code, reason) -> None:
    dns.codes["gone.test"] = code
    assert checker.check("http://gone.test/").reason is reason


def test_a_silent_name_server(checker, dns, monotonic) -> None:
    dns.silent.add("quiet.test")
    started = monotonic()
    outcome = checker.check("http://quiet.test/", timeout=0.6)
    assert outcome.reason is Reason.NAME_SERVER_SILENT
    assert 0.55 < monotonic() - started < 1.6
    assert outcome.phases.dns > 550_000


def test_no_resolver_at_all_is_no_data(make_checker, closed_port) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        dead = holder.getsockname()[1]
    outcome = make_checker(dns_servers=[f"127.0.0.1:{dead}"]).check("http://web.test/")
    assert outcome.reason is Reason.RESOLVER_UNAVAILABLE


def test_localhost_needs_no_name_server(checker, serve, dns) -> None:
    assert checker.check(f"http://localhost:{serve().port}/").reason is Reason.OK
    assert not dns.asked


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["127.0.0.1", "::ffff:a9fe:a9fe"], ["2002:7f00:1::"]],
)
def test_an_answer_with_any_forbidden_address_is_blocked(make_checker, serve, dns, addresses) -> None:
    dns.names["mixed.test"] = addresses
    site = serve()
    guard = AddressGuard([ipaddress.ip_network("127.0.0.0/8")])
    outcome = make_checker(guard=guard).check(f"http://mixed.test:{site.port}/")
    assert outcome.reason is Reason.ADDRESS_BLOCKED
    assert site.requests == []


def test_rebinding_never_dials_the_forbidden_address(make_checker, serve, dns, spec) -> None:
    flips = itertools.cycle((["127.0.0.1"], ["127.0.0.2"]))
    dns.names["flip.test"] = lambda: next(flips)
    site = serve()
    canary = socket.create_server(("127.0.0.2", site.port))
    canary.settimeout(0)
    checker = make_checker(guard=AddressGuard([ipaddress.ip_network("127.0.0.1/32")]))
    flipping = spec(f"http://flip.test:{site.port}/", ip_family="ipv4")
    reasons = [checker.finish(flipping)[0].outcome.reason for _ in range(200)]
    with canary, pytest.raises(BlockingIOError):
        canary.accept()
    assert reasons.count(Reason.OK) == reasons.count(Reason.ADDRESS_BLOCKED) == len(site.requests) == 100


def test_the_next_address_is_tried_where_one_refuses(checker, serve, dns) -> None:
    site = serve(address="127.0.0.3")
    dns.names["two.test"] = ["127.0.0.2", "127.0.0.3"]
    outcome = checker.check(f"http://two.test:{site.port}/")
    assert (outcome.reason, outcome.address) == (Reason.OK, "127.0.0.3")


def test_the_other_family_is_tried_where_one_refuses(checker, serve, dns) -> None:
    site = serve(address="::1")
    dns.names["both.test"] = ["::1", "127.0.0.1"]
    outcome = checker.check(f"http://both.test:{site.port}/")
    assert (outcome.reason, outcome.address) == (Reason.OK, "::1")


@pytest.mark.parametrize(
    ("family", "address"), [("any", "127.0.0.1"), ("ipv4", "127.0.0.1"), ("ipv6", "::1")]
)
def test_the_family_that_is_asked_is_dialled(checker, serve, dns, family, address) -> None:
    dns.names["both.test"] = ["::1", "127.0.0.1"]
    site = serve(address=address)
    outcome = checker.check(f"http://both.test:{site.port}/", ip_family=family)
    assert (outcome.reason, outcome.address) == (Reason.OK, address)


def test_aliases_are_followed(checker, serve, dns) -> None:
    dns.aliases.update({"a.test": "b.test", "b.test": "c.test"})
    dns.names["c.test"] = ["127.0.0.1"]
    assert checker.check(f"http://a.test:{serve().port}/").reason is Reason.OK


def test_an_international_name_is_asked_in_ascii(checker, serve, dns) -> None:
    dns.names["xn--bcher-kva.test"] = ["127.0.0.1"]
    site = serve()
    assert checker.check(f"http://bücher.test:{site.port}/").reason is Reason.OK
    assert b"Host: xn--bcher-kva.test" in site.requests[0]


def test_an_answer_of_a_hundred_addresses(checker, serve, dns) -> None:
    dns.names["many.test"] = [f"127.0.1.{number}" for number in range(1, 25)] + ["127.0.0.1"]
    assert checker.check(f"http://many.test:{serve().port}/").reason is Reason.CONNECTION_REFUSED


def test_silent_names_do_not_delay_healthy_ones(checker, serve, dns, spec) -> None:
    """libcurl's own resolver made a healthy name wait 9.5 s behind 15 dead ones (`field/performance.md`)."""
    site = serve()
    dead = [f"dead{number}.test" for number in range(200)]
    well = [f"well{number}.test" for number in range(300)]
    dns.silent.update(dead)
    dns.names.update(dict.fromkeys(well, ("127.0.0.1",)))
    specs = [spec(f"http://{name}:{site.port}/", timeout=2.0, ip_family="ipv4") for name in dead + well]
    ends = checker.finish(*specs)
    healthy = [end.outcome for end in ends if "well" in str(end.ticket)]
    assert {outcome.reason for outcome in healthy} == {Reason.OK}
    assert max(outcome.phases.dns for outcome in healthy) < 1_000_000
    silent = [end for end in ends if "dead" in str(end.ticket)]
    assert {end.outcome.reason for end in silent} == {Reason.NAME_SERVER_SILENT}
    assert max(end.ended_at - end.started_at for end in silent) < 3.0

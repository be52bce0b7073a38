"""R26: whatever a host is written like, one judges what would be dialled, and names stay names."""

import ipaddress
from pathlib import Path

import pytest

from emeter_checker.guard import AddressGuard
from emeter_checker.kinds.host import BadTarget, read_host
from emeter_checker.kinds.http.target import read_target
from emeter_core.monitors.kinds import KINDS, kind_of
from emeter_core.outcome import Reason

GUARD = AddressGuard()
CORPUS = Path(__file__).parent / "corpus"


def lines(name: str) -> list[list[str]]:
    """The lines of a file of the corpus, in words, remarks left out."""
    found = (CORPUS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line.split() for line in found if not line.startswith("#")]


SPELLINGS = lines("spellings")
NAMES = [name for line in lines("names") for name in line]

DISGUISED = [
    "http://example.com@127.0.0.1/",
    "http://user:pass@127.0.0.1/",
    "http://127.0.0.1:80@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1%0d%0aHost:example.com/",
    "http://127.0.0.1%2f@example.com/",
    "http://[::1]@example.com/",
    "http://[::1",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://[::ffff:127.0.0.1.]/",
    "http://[v1.127.0.0.1]/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:8O/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://256.0.0.1/",
    "http://127.0.0.1.1/",
    "http://0x100000000/",
    "http://0899.0.0.1/",
    "http://127.0.0.1 .example.com/",
    "http://127..1/",
]


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len({spelling for spelling, _ in SPELLINGS}) >= 60
    assert len(set(NAMES)) >= 200


@pytest.mark.parametrize(("spelling", "address"), SPELLINGS)
def test_an_odd_spelling_is_read_as_what_would_be_dialled(spelling: str, address: str) -> None:
    target = read_target(f"http://{spelling}:8080/x")
    assert ipaddress.ip_address(target.literal) == ipaddress.ip_address(address)
    assert GUARD.verdict(target.literal)
    host = f"[{target.literal}]" if ":" in target.literal else target.literal
    assert target.url == f"http://{host}:8080/x"


@pytest.mark.parametrize("name", NAMES)
def test_an_honest_name_is_looked_up(name: str) -> None:
    host, literal = read_host(name)
    assert not literal
    assert host.isascii()
    assert read_target(f"https://{name}/").host == host


@pytest.mark.parametrize("form", ["http://{}/", "https://{}:8443/x", "tcp://{}:80", "ping://{}"])
def test_an_honest_name_can_be_saved_as_a_target_of_every_kind(form: str) -> None:
    clean = KINDS[kind_of(form)].clean_target
    assert [name for name in NAMES if not clean(form.format(name))] == []


@pytest.mark.parametrize("url", DISGUISED)
def test_a_url_that_hides_its_host_is_refused(url: str) -> None:
    with pytest.raises(BadTarget) as caught:
        read_target(url)
    assert caught.value.reason in {Reason.NAME_NOT_FOUND, Reason.REDIRECT_INVALID, Reason.SCHEME_BLOCKED}

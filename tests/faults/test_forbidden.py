"""R25 to R28: no packet goes to a forbidden address; a packet socket looks on while each would answer."""

import itertools
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from harness.namespaces import Counter, Networks, impossible, listening
from harness.world import NAME_SERVER, SITE, World

from emeter_checker.delivery.results import DeliveryError
from emeter_checker.delivery.webhook import post
from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.guard import AddressGuard
from emeter_checker.guard.ranges import RANGES
from emeter_core.alerts import WebhookOut
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Condition, Outcome, Reason

pytestmark = pytest.mark.skipif(bool(impossible()), reason=impossible() or "-")

CORPUS = Path(__file__).parents[2] / "packages/checker/tests/guard/corpus"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEMES = (
    *("file", "ftp", "ftps", "gopher", "gophers", "dict", "ldap", "ldaps", "smtp", "smtps", "imap", "pop3"),
    *(
        "telnet",
        "tftp",
        "ws",
        "wss",
        "data",
        "javascript",
        "jar",
        "sftp",
        "scp",
        "rtsp",
        "rtmp",
        "mailto",
        "ssh",
    ),
)


def words(name: str) -> list[list[str]]:
    """The lines of a file of the corpus, in words, remarks left out."""
    lines = (CORPUS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


FORBIDDEN = [address for line in words("forbidden") for address in line]
HONEST = [
    address for line in words("honest") for address in line if not address.startswith(("64:ff9b", "::ffff"))
]
SPELLINGS = [spelling for spelling, _ in words("spellings")]


class House:
    """An engine at home, the world outside, and who counts what goes from one to the other."""

    def __init__(self) -> None:
        self.networks = Networks()
        self.world = World(self.networks.world)
        self.counter = Counter(self.networks.home)
        # What home itself would answer: loopback, and all that leads there.
        self.canaries = listening(self.networks.home, 80)
        self._ends: SimpleQueue[Finished] = SimpleQueue()
        self.engine: Engine = self.networks.home.run(self._start)

    def check(self, targets: Sequence[str], kind: str = "http", **settings: Any) -> list[Outcome]:  # noqa: ANN401 - passed on
        """Check all of them at once; the outcomes are in their order."""
        made = KINDS[kind].settings(**settings)
        specs = [CheckSpec(0, 1, kind, target, 5.0, made) for target in targets]
        self.engine.submit([Scheduled(spec, 0.0, number) for number, spec in enumerate(specs)])
        ends = [self._ends.get(timeout=30) for _ in specs]
        return [end.outcome for end in sorted(ends, key=lambda end: int(str(end.ticket)))]

    def visits(self) -> int:
        """How many connections the canaries were left with."""
        found = 0
        for canary in self.canaries:
            canary.settimeout(0)
            with suppress(BlockingIOError):
                while True:
                    canary.accept()[0].close()
                    found += 1
        return found

    def clear(self) -> None:
        self.world.clear()
        self.counter.settle()
        self.counter.clear()

    def close(self) -> None:
        self.engine.stop(0)
        self.counter.close()
        self.world.close()
        for canary in self.canaries:
            canary.close()
        self.networks.close()

    def _start(self) -> Engine:
        engine = Engine(AddressGuard(), self._ends.put, dns_servers=[NAME_SERVER])
        engine.start()
        return engine


@pytest.fixture(scope="module")
def the_house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


@pytest.fixture
def house(the_house: House) -> House:
    the_house.clear()
    return the_house


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def dialled(house: House) -> set[str]:
    """Where connections were begun and packets sent, but for questions to name servers."""
    house.counter.settle()
    assert house.counter.lost == 0
    assert house.visits() == 0
    counted = {address for address, port in (*house.counter.syns, *house.counter.datagrams) if port != 53}
    return counted | set(house.counter.pings)


def test_the_counter_sees_what_is_allowed(house) -> None:
    """Without this the others would prove nothing."""
    outcomes = house.check([f"http://{bracketed(address)}/" for address in HONEST])
    assert {outcome.reason for outcome in outcomes} == {Reason.OK}
    assert dialled(house) == set(HONEST)
    assert len(house.counter.syns) == len(house.world.arrivals) == len(HONEST)


def test_the_canaries_see_who_comes(house) -> None:
    for host in ("127.0.0.1", "::1"):
        house.networks.home.run(lambda host=host: socket.create_connection((host, 80)).close())
    house.counter.settle()
    assert house.counter.syns == [("127.0.0.1", 80), ("::1", 80)]
    assert house.visits() == 2


@pytest.mark.parametrize(
    ("kind", "form"),
    [("http", "http://{}/"), ("http", "https://{}:80/"), ("tcp", "tcp://{}:80"), ("ping", "ping://{}")],
)
def test_no_packet_goes_to_a_forbidden_address(
    house, figure: Callable[[str], None], kind: str, form: str
) -> None:
    outcomes = house.check([form.format(bracketed(address)) for address in FORBIDDEN], kind)
    assert {outcome.condition for outcome in outcomes} == {Condition.BLOCKED}
    assert dialled(house) == set()
    figure(f"{form}: {len(set(FORBIDDEN))} forbidden addresses of {len(RANGES)} ranges, 0 packets")


def test_none_by_way_of_a_redirect(house) -> None:
    locations = [f"http://{bracketed(address)}/" for address in FORBIDDEN] + [
        f"//{each}/" for each in SPELLINGS
    ]
    outcomes = house.check([f"http://{SITE}/to?{quote(location, safe='')}" for location in locations])
    assert {outcome.condition for outcome in outcomes} == {Condition.BLOCKED}
    assert dialled(house) == {SITE}
    assert len(house.counter.syns) == len(locations)


def test_none_by_a_name(house) -> None:
    plain = [address for address in FORBIDDEN if "%" not in address]
    house.world.names = {f"n{number}.test": [address] for number, address in enumerate(plain)}
    for kind, form in (("http", "http://{}/"), ("tcp", "tcp://{}:80"), ("ping", "ping://{}")):
        outcomes = house.check([form.format(name) for name in house.world.names], kind)
        assert {outcome.reason for outcome in outcomes} == {Reason.ADDRESS_BLOCKED}
    assert dialled(house) == set()


def test_none_by_an_odd_spelling(house) -> None:
    for form in ("http://{}/", "https://{}/", "http://user@{}/", "http://user:pass@{}/"):
        outcomes = house.check([form.format(spelling) for spelling in SPELLINGS])
        assert {outcome.condition for outcome in outcomes} <= {Condition.BLOCKED, Condition.NO_DATA}
    assert {each.condition for each in house.check([f"tcp://{each}:80" for each in SPELLINGS], "tcp")} <= {
        Condition.BLOCKED,
        Condition.NO_DATA,
        Condition.DOWN,
    }
    assert dialled(house) == set()


def test_none_by_another_scheme(house) -> None:
    targets = [f"{scheme}://{host}:80/" for scheme in SCHEMES for host in ("127.0.0.1", SITE)]
    assert {outcome.reason for outcome in house.check(targets)} == {Reason.SCHEME_BLOCKED}
    redirects = [f"http://{SITE}/to?{quote(target, safe='')}" for target in targets]
    assert {outcome.reason for outcome in house.check(redirects)} == {Reason.SCHEME_BLOCKED}
    assert dialled(house) == {SITE}
    assert len(SCHEMES) >= 20


def test_none_by_a_webhook(house) -> None:
    guard = AddressGuard()

    def send(url: str) -> str:
        try:
            return post(WebhookOut(uuid4(), url, SECRET, 1, b"{}"), guard, total=5).text
        except DeliveryError as error:
            return str(error)

    def unblocked(hosts: Sequence[str]) -> dict[str, str]:
        said = house.networks.home.run(lambda: {host: send(f"http://{host}/") for host in hosts})
        return {host: why for host, why in said.items() if Reason.ADDRESS_BLOCKED.text not in why}

    assert unblocked([bracketed(address) for address in FORBIDDEN if "%" not in address]) == {}
    # With a dot at its end it is a name to the library, and this machine's own name servers would be asked.
    spellings = [each for each in SPELLINGS if "%" not in each and not each.endswith(".")]
    left = unblocked(spellings)
    assert {host for host in left if host.isascii()} == set()
    assert set(left.values()) == {"This is no URL that can be posted to"}
    assert dialled(house) == set()
    assert "answered 200" in house.networks.home.run(lambda: send(f"http://{SITE}/"))
    assert "answered 302" in house.networks.home.run(
        lambda: send(f"http://{SITE}/to?http%3A%2F%2F127.0.0.1%2F")
    )
    assert dialled(house) == {SITE}


def flipping() -> Callable[[], Sequence[str]]:
    """Answers to one question after the other: what may be dialled is one in eight."""
    bad = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.100.100.200", "192.168.1.1"]
    answers = itertools.cycle([[SITE], *([address] for address in bad), [SITE, bad[1]]])
    return lambda: next(answers)


REBINDING = [pytest.param(1000, id="short"), pytest.param(10_000, id="full", marks=pytest.mark.soak)]


@pytest.mark.parametrize("checks", REBINDING)
def test_a_name_that_flips_never_leads_to_the_canary(
    house, figure: Callable[[str], None], checks: int
) -> None:
    """The answer that is judged is the one that is dialled: each question gets another, with a TTL of 0."""
    house.world.names["flip.test"] = flipping()
    reasons: list[Reason] = []
    for _ in range(checks // 100):
        outcomes = house.check(["http://flip.test/"] * 100, ip_family="ipv4")
        reasons += [outcome.reason for outcome in outcomes]
        assert {outcome.address for outcome in outcomes if outcome.reason is Reason.OK} == {SITE}
    assert set(reasons) == {Reason.OK, Reason.ADDRESS_BLOCKED}
    assert dialled(house) == {SITE}
    assert len(house.counter.syns) == len(house.world.arrivals) == reasons.count(Reason.OK)
    figure(f"{checks} checks of a name that flips: {reasons.count(Reason.OK)} dialled, 0 to the canary")


@pytest.mark.parametrize(
    ("kind", "target", "settings"),
    [("tcp", "tcp://flip.test:80", {}), ("ping", "ping://flip.test", {"packets": 1})],
)
def test_no_other_kind_is_led_there_either(house, kind: str, target: str, settings: dict[str, int]) -> None:
    house.world.names["flip.test"] = flipping()
    outcomes = house.check([target] * 400, kind, ip_family="ipv4", **settings)
    reasons = [outcome.reason for outcome in outcomes]
    assert set(reasons) == {Reason.OK, Reason.ADDRESS_BLOCKED}
    assert dialled(house) == {SITE}
    assert len(house.counter.syns + house.counter.pings) == reasons.count(Reason.OK) == 50


def test_a_flipping_name_behind_a_redirect_is_judged_anew(house) -> None:
    answers = itertools.cycle([[SITE], ["127.0.0.1"]])
    house.world.names["flip.test"] = lambda: next(answers)
    again = quote("http://flip.test/", safe="")
    reasons = [house.check([f"http://flip.test/to?{again}"], ip_family="ipv4")[0].reason for _ in range(50)]
    assert set(reasons) == {Reason.ADDRESS_BLOCKED}
    assert dialled(house) == {SITE}


def test_any_forbidden_address_in_an_answer_blocks_it(house) -> None:
    chance = random.Random(5)
    for number in range(60):
        bad = chance.choice([address for address in FORBIDDEN if "%" not in address])
        answer = [f"93.184.216.{part}" for part in range(1, 1 + chance.randrange(1, 40))]
        answer.insert(chance.randrange(len(answer) + 1), bad)
        house.world.names[f"mixed{number}.test"] = answer
    outcomes = house.check([f"http://{name}/" for name in house.world.names])
    assert {outcome.reason for outcome in outcomes} == {Reason.ADDRESS_BLOCKED}
    assert dialled(house) == set()


def test_a_hundred_addresses_come_by_tcp_and_are_all_judged(house) -> None:
    many = [f"93.184.216.{part}" for part in range(1, 101)]
    house.world.names = {"many.test": many, "bad.test": [*many, "10.0.0.1"]}
    well, bad = house.check(["http://many.test/", "http://bad.test/"])
    assert (well.reason, bad.reason) == (Reason.OK, Reason.ADDRESS_BLOCKED)


@pytest.mark.parametrize(("aliases", "reason"), [(8, Reason.OK), (9, Reason.NAME_SERVER_FAILED)])
def test_eight_aliases_are_followed(house, aliases: int, reason: Reason) -> None:
    house.world.aliases = {f"a{number}.test": f"a{number + 1}.test" for number in range(aliases)}
    house.world.names[f"a{aliases}.test"] = [SITE, "2606:4700::1"]
    assert house.check(["http://a0.test/"])[0].reason is reason
    house.world.names[f"a{aliases}.test"] = ["10.0.0.1"]
    assert house.check(["http://a0.test/"])[0].reason in {Reason.ADDRESS_BLOCKED, reason}
    assert "10.0.0.1" not in dialled(house)

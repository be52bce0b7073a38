"""R58: whether it was us. Our own link goes, or packets are dropped, and nothing that fails then is down."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any

import pytest
from harness.namespaces import Counter, Networks, impossible
from harness.waiting import wait_until
from harness.world import NAME_SERVER, SITE, World

from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.engine.network import network
from emeter_checker.guard import AddressGuard
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Condition, Reason

pytestmark = pytest.mark.skipif(bool(impossible()), reason=impossible() or "-")

ANCHORS = [("1.1.1.1", 80), ("anchor.test", 80), ("2606:4700::1", 80)]
BY_NAME = "http://site.test/"
BY_ADDRESS = f"http://{SITE}/"
TIMEOUT = 0.5
# As long as a question takes, and what a busy machine takes longer.
SETTLED = 1.6


@pytest.fixture(scope="module")
def networks() -> Iterator[Networks]:
    made = Networks()
    yield made
    made.close()


@pytest.fixture(scope="module")
def the_world(networks: Networks) -> Iterator[World]:
    made = World(networks.world)
    yield made
    made.close()


@pytest.fixture
def world(networks: Networks, the_world: World) -> Iterator[World]:
    """The world as it should be, before and after."""
    the_world.clear()
    the_world.names = {"site.test": [SITE], "anchor.test": ["1.0.0.1"]}
    yield the_world
    networks.put_plug()
    networks.raise_link()


class House:
    """An engine at home."""

    def __init__(self, networks: Networks, anchors: Sequence[tuple[str, int]]) -> None:
        self._ends: SimpleQueue[Finished] = SimpleQueue()

        def start() -> Engine:
            engine = Engine(AddressGuard(), self._ends.put, anchors=anchors, dns_servers=[NAME_SERVER])
            engine.start()
            return engine

        self.engine: Engine = networks.home.run(start)

    def begin(self, *targets: str, timeout: float = TIMEOUT, **settings: Any) -> None:  # noqa: ANN401 - passed on
        kinds = [target.partition("://")[0].replace("https", "http") for target in targets]
        self.engine.submit(
            [
                Scheduled(
                    CheckSpec(0, 1, kind, target, timeout, KINDS[kind].settings(**settings)), 0.0, target
                )
                for kind, target in zip(kinds, targets, strict=True)
            ]
        )

    def reasons(self, *targets: str, timeout: float = TIMEOUT) -> list[Reason]:
        """Check all of them at once; the reasons are in their order. None may be late."""
        began = time.monotonic()
        self.begin(*targets, timeout=timeout)
        ends = {end.ticket: end for end in (self._ends.get(timeout=30) for _ in targets)}
        assert time.monotonic() - began < timeout + SETTLED
        assert all(end.ended_at - end.started_at < timeout + 1 for end in ends.values())
        return [ends[target].outcome.reason for target in targets]

    def end(self) -> Finished:
        return self._ends.get(timeout=30)


@pytest.fixture
def make_house(networks: Networks, world: World) -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def make(anchors: Sequence[tuple[str, int]] = ()) -> House:
        made.append(House(networks, anchors))
        return made[-1]

    yield make
    for house in made:
        house.engine.stop(0)


ALL = (BY_ADDRESS, BY_NAME, f"https://{SITE}:80/", f"tcp://{SITE}:80", "tcp://site.test:80", f"ping://{SITE}")
OURS = {Reason.NETWORK_UNAVAILABLE, Reason.RESOLVER_UNAVAILABLE}


def test_all_is_well_where_nothing_is_wrong(make_house) -> None:
    house = make_house(ANCHORS)
    assert house.reasons(BY_ADDRESS, BY_NAME) == [Reason.OK, Reason.OK]
    assert house.engine.network_trouble == ""


def test_a_link_of_ours_that_is_down_is_no_data_at_once(make_house, networks) -> None:
    house = make_house()
    networks.cut_link()
    began = time.monotonic()
    assert set(house.reasons(BY_ADDRESS, f"tcp://{SITE}:80", f"ping://{SITE}")) == {
        Reason.NETWORK_UNAVAILABLE
    }
    assert time.monotonic() - began < 0.5
    assert set(house.reasons(*ALL)) <= OURS
    assert house.engine.network_trouble == "this machine has no route to anywhere"
    networks.raise_link()
    assert set(house.reasons(BY_ADDRESS, BY_NAME)) == {Reason.OK}


def test_a_link_that_lost_its_carrier_is_ours(make_house, networks) -> None:
    house = make_house()
    networks.pull_plug()
    assert set(house.reasons(*ALL)) <= OURS
    assert house.engine.network_trouble == "the link out is down"


def test_a_gateway_that_does_not_answer_is_ours(make_house, networks) -> None:
    house = make_house()
    networks.world.ip("link", "set", "in", "arp", "off")
    networks.home.ip("neigh", "flush", "all")
    try:
        assert house.reasons(BY_ADDRESS, f"tcp://{SITE}:80") == [Reason.NETWORK_UNAVAILABLE] * 2
    finally:
        networks.world.ip("link", "set", "in", "arp", "on")


def test_a_neighbour_that_does_not_answer_is_down(make_house) -> None:
    """There is no gateway that could be at fault."""
    assert make_house().reasons("http://93.184.215.77/", timeout=5)[0].condition is Condition.DOWN


@pytest.mark.parametrize("anchors", [(), ANCHORS])
def test_a_router_on_the_way_that_refuses_says_that_the_target_is_down(make_house, networks, anchors) -> None:
    house = make_house(anchors)
    targets = ("http://93.184.218.1/", "tcp://93.184.218.1:80")
    for kind in ("unreachable", "prohibit"):
        networks.world.ip("route", "replace", kind, "93.184.218.0/24")
        try:
            # What comes back before `connect` has returned is forgotten; the next packet goes after a second.
            assert house.reasons(*targets, timeout=3) == [Reason.HOST_UNREACHABLE] * 2
        finally:
            networks.world.ip("route", "del", kind, "93.184.218.0/24")


def test_one_that_knows_no_way_may_be_ours_and_anchors_tell(make_house, networks) -> None:
    networks.refuse()
    assert make_house().reasons(BY_ADDRESS, timeout=3) == [Reason.HOST_UNREACHABLE]
    assert make_house(ANCHORS).reasons(BY_ADDRESS, timeout=3) == [Reason.NETWORK_UNAVAILABLE]


def test_packets_that_are_dropped_are_told_by_anchors(make_house, networks) -> None:
    alone, anchored = make_house(), make_house(ANCHORS)
    networks.drop()
    assert alone.reasons(BY_ADDRESS) == [Reason.CONNECT_TIMEOUT]
    assert set(anchored.reasons(*ALL)) <= OURS
    assert anchored.engine.network_trouble == "none of the anchors answers"
    networks.reach()
    assert set(anchored.reasons(BY_ADDRESS, BY_NAME)) == {Reason.OK}


def test_what_was_under_way_when_packets_were_dropped_is_ours(make_house, networks, world) -> None:
    """It fails when all is well again; but we were away meanwhile, and know it by another check."""
    house = make_house(ANCHORS)
    world.names["dead.test"] = [SITE]
    world.dead.add("dead.test")
    house.begin("http://dead.test/", timeout=3)
    networks.drop()
    assert house.reasons(BY_ADDRESS) == [Reason.NETWORK_UNAVAILABLE]
    networks.reach()
    assert house.end().outcome.reason in OURS


def test_one_anchor_that_answers_is_enough(make_house, networks, world) -> None:
    networks.world.ip("route", "add", "blackhole", "93.184.217.0/24")
    gone = "http://93.184.217.1/"
    try:
        dead = [("93.184.217.2", 80), ("nowhere.test", 80), ("1.1.1.1", 81)]
        houses = [make_house([*dead[:2], anchor, *dead[2:]]) for anchor in ANCHORS] + [make_house(dead)]
        for house in houses:
            house.begin(gone)
        assert [house.end().outcome.reason for house in houses] == [
            *[Reason.CONNECT_TIMEOUT] * len(ANCHORS),
            Reason.NETWORK_UNAVAILABLE,
        ]
    finally:
        networks.world.ip("route", "del", "blackhole", "93.184.217.0/24")


def test_who_refuses_is_down_though_no_anchor_answers(make_house) -> None:
    house = make_house([("1.1.1.1", 81)])
    assert house.reasons(f"http://{SITE}:81/", f"tcp://{SITE}:81") == [Reason.CONNECTION_REFUSED] * 2


def test_name_servers_of_ours_that_say_nothing_are_ours(make_house, world) -> None:
    """They merely drop packets, which looks like a name whose own servers are silent."""
    house = make_house()
    world.is_silent = True
    assert house.reasons(BY_NAME, "tcp://site.test:80", BY_ADDRESS) == [
        Reason.RESOLVER_UNAVAILABLE,
        Reason.RESOLVER_UNAVAILABLE,
        Reason.OK,
    ]
    assert house.engine.network_trouble == "none of our name servers answers"
    world.is_silent = False
    wait_until(lambda: house.reasons(BY_NAME) == [Reason.OK], 5)


@pytest.mark.parametrize("anchors", [(), ANCHORS])
def test_a_name_whose_servers_are_silent_is_down_where_ours_answer_others(make_house, world, anchors) -> None:
    world.dead.add("dead.test")
    assert make_house(anchors).reasons("http://dead.test/") == [Reason.NAME_SERVER_SILENT]


def test_a_name_server_that_fails_because_all_is_dropped_behind_it_is_told_by_anchors(
    make_house, world
) -> None:
    world.is_failing = True
    assert make_house().reasons(BY_NAME) == [Reason.NAME_SERVER_FAILED]
    assert make_house([("1.1.1.1", 81)]).reasons(BY_NAME) == [Reason.NETWORK_UNAVAILABLE]


def test_anchors_are_asked_once_a_second_and_only_in_doubt(make_house, networks, figure) -> None:
    house = make_house([("1.1.1.1", 80)])
    # They were asked once at the start.
    assert house.reasons(BY_ADDRESS) == [Reason.OK]
    networks.world.ip("route", "add", "blackhole", "93.184.217.0/24")
    counter = Counter(networks.home)
    try:
        assert set(house.reasons(*[f"{BY_ADDRESS}{number}" for number in range(50)])) == {Reason.OK}
        counter.settle()
        assert ("1.1.1.1", 80) not in counter.syns
        targets = [f"http://93.184.217.1/{number}" for number in range(200)]
        assert set(house.reasons(*targets)) == {Reason.CONNECT_TIMEOUT}
        counter.settle()
        asked = counter.syns.count(("1.1.1.1", 80))
        figure(f"200 checks in doubt within a second: {asked} connections to the anchor")
        assert 1 <= asked <= 5
    finally:
        counter.close()
        networks.world.ip("route", "del", "blackhole", "93.184.217.0/24")


def test_the_operator_is_told_once_that_it_is_away_and_once_that_it_is_back(
    make_house, networks, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(network, "CALM_S", 0.5)
    caplog.set_level(logging.WARNING, "emeter_checker")
    house = make_house(ANCHORS)
    networks.drop()
    for _ in range(2):
        assert house.reasons(BY_ADDRESS, BY_NAME)[0] is Reason.NETWORK_UNAVAILABLE
    networks.reach()
    wait_until(lambda: not house.engine.network_trouble, 15, "the end of the trouble")
    away, back = caplog.records
    assert away.message == "Our own network is away. Checks that fail because of it count as no data."
    assert away.fields == {"why": "none of the anchors answers"}
    assert back.message == "Our own network is back."


def test_an_engine_that_stops_reports_what_waits_as_not_checked(make_house, networks) -> None:
    house = make_house(ANCHORS)
    networks.drop()
    house.begin(BY_ADDRESS, timeout=0.3)
    time.sleep(0.6)
    house.engine.stop(0)
    assert house.end().outcome.reason is Reason.NOT_CHECKED

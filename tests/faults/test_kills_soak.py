"""Five hundred kills under load, one every five seconds: every slot ends once, no alert is lost or false.

`make soak ARGS="tests/faults/test_kills_soak.py --kills 100 --seed 7 --sum FILE"` does a part of them; FILE
adds up what all parts have found, and the next one with the same seed goes on where that has ended.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.emeter import Emeter
from harness.site import Site
from harness.sums import Leg, Sum
from harness.targets import Targets
from harness.victims import VICTIMS, Workers, kill
from harness.watch import BACK_WITHIN, INTERVAL, Account, Watch, now, watch

pytestmark = pytest.mark.soak

HEALTHY, REFUSED, HANGING = 470, 15, 15
KILLS_PER_LEG = 25
PAUSE = (4.0, 6.0)
"""Seconds between two kills: were they exactly five, the same monitors would be hit each time."""
LAST_WORDS = 20_000
CALM = 20.0
"""Seconds after a leg, in which what its last kills did may end."""


@pytest.fixture
def watched(new_emeter: Callable[..., Emeter], targets: Targets, tmp_path: Path) -> Iterator[Watch]:
    """Five hundred monitors at 5 s: a hundred checks a second."""
    site = Site(tmp_path / "arrivals")
    running = new_emeter("data").start().register()
    yield watch(running, site, targets, healthy=HEALTHY, refused=REFUSED, hanging=HANGING)
    running.stop()
    site.close()


@pytest.fixture
def workers(watched: Watch) -> Iterator[Workers]:
    made = Workers(watched.emeter)
    try:
        yield made
        made.stop()
    finally:
        made.clean_up()


def test_no_kill_loses_a_slot_or_tells_something_false(
    watched: Watch, workers: Workers, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    count, seed = int(pytestconfig.getoption("--kills")), int(pytestconfig.getoption("--seed"))
    total = Sum(pytestconfig.getoption("--sum"))
    before = watched.account(now())
    for done in range(0, count, KILLS_PER_LEG):
        number = total.next_number(seed)
        rng = random.Random(f"{seed}-{number}")
        leg, before = _leg(watched, workers, rng, min(KILLS_PER_LEG, count - done), before)
        total.add(Leg(seed, number, **leg))
        print(total.told(), *total.legs[-1].problems, sep="\n", flush=True)  # noqa: T201 - hours may go by
    figure(total.told())
    mine = [leg for leg in total.legs if leg.seed == seed]
    assert [problem for leg in mine for problem in leg.problems] == []
    assert max(leg.slowest for leg in mine) <= BACK_WITHIN


def _leg(
    watched: Watch, workers: Workers, rng: random.Random, count: int, before: Account
) -> tuple[dict[str, object], Account]:
    """Kill so often, then account for all slots since the first; returns what is new."""
    killed = []
    for _ in range(count):
        name = rng.choice(VICTIMS)
        kill(name, watched.emeter, workers, rng)
        watched.troubles += 1
        killed.append((time.time(), name))
        time.sleep(rng.uniform(*PAUSE))
    time.sleep(CALM)
    until = now()
    watched.settle(until)
    after = watched.account(until)
    back = watched.back_after([at for at, _ in killed], until.timestamp() - INTERVAL)
    print(*(f"{name} killed: {took:.1f} s" for (_, name), took in zip(killed, back, strict=True)), sep="\n")  # noqa: T201 - the same
    if max(back) > BACK_WITHIN:
        print(watched.emeter.said()[-LAST_WORDS:], workers.said()[-LAST_WORDS:], sep="\n")  # noqa: T201 - the same
    return {
        "kills": dict(Counter(name for _, name in killed)),
        "slowest": max(back),
        "longest_wait": after.longest_wait,
        "results": after.results - before.results,
        "gaps": after.gaps - before.gaps,
        "missed": after.missed - before.missed,
        "lost": after.lost - before.lost,
        "alerts": after.alerts - before.alerts,
        "doubles": after.doubles - before.doubles,
        "problems": sorted({*after.problems, *watched.false_verdicts()} - {*before.problems}),
    }, after

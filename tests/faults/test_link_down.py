"""Our own link is down, or packets are dropped: no status goes down, all show no data, and are soon back."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness.emeter import PYTHON, Emeter
from harness.namespaces import Networks, impossible
from harness.world import NAME_SERVER, SITE, World

pytestmark = pytest.mark.skipif(bool(impossible()), reason=impossible() or "-")

TIMEOUT = 2
ANCHORS = "1.1.1.1:80,9.9.9.9:80"
# Whoever is started by this finds the file in place of the system's, and nobody else does.
_MOUNT = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
SECRET = "a secret key of the tests, which is long enough"


@dataclass(frozen=True)
class Size:
    """How many monitors at which interval, and for how many seconds they see nothing."""

    monitors: int
    interval: int
    seconds: int


SIZES = [
    pytest.param(Size(50, 5, 10), id="short"),
    pytest.param(Size(500, 20, 300), id="full", marks=pytest.mark.soak),
]


@pytest.fixture
def networks() -> Iterator[Networks]:
    made = Networks()
    yield made
    made.close()


@pytest.fixture
def world(networks: Networks) -> Iterator[World]:
    made = World(networks.world)
    made.names["site.test"] = [SITE]
    yield made
    made.close()


class Home:
    """A scheduler, and workers that are at home in a network of their own."""

    def __init__(self, emeter: Emeter, networks: Networks, conf: Path) -> None:
        self.emeter = emeter
        self._networks, self._conf = networks, conf

    @contextmanager
    def running(self, *command: str, **settings: str) -> Iterator[None]:
        """Run one of E-Meter's processes at home, as long as the block lasts."""
        inside = ("unshare", "--mount", "sh", "-ec", _MOUNT, str(self._conf), *PYTHON, *command)
        with self.emeter.log.open("ab") as log:
            process = subprocess.Popen(
                self._networks.home.command(*inside),
                env=self.emeter.environment | settings,
                cwd="/",
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    def conditions(self) -> dict[str, int]:
        """How many monitors there are in each condition."""
        rows = self.emeter.rows("SELECT condition FROM monitors")
        return dict(Counter(condition for (condition,) in rows))

    def trouble(self) -> str:
        """What the worker says of its network."""
        told = "SELECT info->>'network' FROM processes WHERE name = 'worker' ORDER BY seen_at DESC LIMIT 1"
        return str(next(iter(self.emeter.rows(told)), [""])[0])

    def wait_until_all_are(self, condition: str, seconds: float) -> float:
        """Wait until no monitor is anything else; returns how long that took."""
        began = time.monotonic()
        self.emeter.wait_until(lambda: set(self.conditions()) == {condition}, seconds, f"all {condition}")
        return time.monotonic() - began


@pytest.fixture
def home(
    networks: Networks, world: World, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Home]:
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"nameserver {NAME_SERVER}\n", "utf-8")
    emeter = Emeter(
        tmp_path / "house", DATABASE_URL=database_url, REDIS_URL=redis_url, SECRET_KEY=SECRET
    ).register()
    made = Home(emeter, networks, conf)
    with made.running("scheduler"):
        yield made
    emeter.forget_database()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_down_while_we_are_away(
    home: Home, networks: Networks, figure: Callable[[str], None], size: Size
) -> None:
    hosts = (SITE, "site.test")
    home.emeter.add_monitors(
        [
            {
                "target": f"http://{hosts[number % 2]}/{number}",
                "name": str(number),
                "interval": size.interval,
                "timeout": TIMEOUT,
            }
            for number in range(size.monitors)
        ]
    )
    with home.running("worker"):
        home.wait_until_all_are("up", 4 * size.interval + 10)
        told, back = away(home, size, networks.cut_link, networks.raise_link)
        figure(f"{size}: link down, no anchors: no data {told:.1f} s after, up again {back:.1f} s after")
    with home.running("worker", EMETER_ANCHORS=ANCHORS):
        home.wait_until_all_are("up", 4 * size.interval + 10)
        told, back = away(home, size, networks.drop, networks.reach)
        figure(f"{size}: packets dropped, anchors: no data {told:.1f} s after, up again {back:.1f} s after")
    rows = home.emeter.rows
    assert rows("SELECT count(*) FROM incidents") == [(0,)]
    assert rows("SELECT count(*) FROM status_changes WHERE condition = 'down'") == [(0,)]
    assert rows("SELECT count(*) FROM deliveries") == [(0,)]
    told = [line for line in home.emeter.said().splitlines() if "Our own network is away." in line]
    assert ["this machine has no route" in line for line in told] == [True, False]
    assert "none of the anchors answers" in told[1]


def away(home: Home, size: Size, cut: Callable[[], None], mend: Callable[[], None]) -> tuple[float, float]:
    """Cut, look, and mend; returns how many seconds it took until all showed it, and all were well again."""
    cut()
    ends = time.monotonic() + size.seconds
    told = home.wait_until_all_are("no_data", size.interval + 2 * TIMEOUT + 3)
    with ExitStack() as stack:
        stack.callback(mend)
        seen: set[str] = set()
        while time.monotonic() < ends:
            seen |= set(home.conditions())
            time.sleep(0.25)
        assert seen == {"no_data"}
        assert home.trouble()
    back = home.wait_until_all_are("up", 3 * size.interval)
    assert back <= 2 * size.interval
    return told, back

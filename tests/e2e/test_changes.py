"""An edit, a pause, a resume and a deletion count within a second, at the target."""

import time
from collections.abc import Callable, Iterable, Iterator

import pytest
from harness.emeter import Emeter
from harness.targets import Target, Targets

from emeter_core.monitors import (
    Monitor,
    delete_monitor,
    draft_monitor,
    pause_monitor,
    resume_monitor,
    update_monitor,
)

MONITORS, INTERVAL = 40, 5
COUNTS_WITHIN = 1.0
LOOKED_FOR = INTERVAL + 1.0
"""Seconds after which every monitor would have been checked once more."""


class Fleet:
    """Monitors of one site, all checked by now: eight a second, so some check is always about to begin."""

    def __init__(self, emeter: Emeter, site: Target) -> None:
        self.emeter, self.site = emeter, site
        probes = emeter.add_monitors([self._draft("old", number) for number in range(MONITORS)])
        unseen = "SELECT count(*) FROM probes WHERE last_slot IS NULL AND id = ANY(:probes)"
        emeter.wait_until(lambda: emeter.rows(unseen, probes=probes) == [(0,)], 20, "a result of each")
        of = dict(map(tuple, emeter.rows("SELECT id, monitor_id FROM probes")))
        self.ids = [of[probe] for probe in probes]

    def _draft(self, path: str, number: int) -> dict[str, object]:
        target = self.site.url(f"/{path}/{number}")
        return {"target": target, "name": f"m{number}", "interval": INTERVAL, "timeout": 2}

    def do(self, what: Callable[..., None], numbers: Iterable[int], path: str = "") -> float:
        """Change so many in one transaction; returns when it was committed, in seconds since 1970."""
        with self.emeter.change() as change:
            for number in numbers:
                monitor = change.session.get_one(Monitor, self.ids[number])
                more = (draft_monitor(**self._draft(path, number)),) if path else ()  # type: ignore[arg-type]
                keys = {"vault": self.emeter.vault} if path else {}
                what(change.session, change.scope, monitor, *more, **keys, now=change.now)
        return time.time()

    def asked(self, path: str, since: float = 0) -> dict[int, list[float]]:
        """When each monitor's page below `path` was asked for, in seconds after `since`."""
        found: dict[int, list[float]] = {}
        for at, asked in list(self.site.arrivals):
            if asked.startswith(f"/{path}/") and at >= since:
                found.setdefault(int(asked.rpartition("/")[2]), []).append(at - since)
        return found

    def last(self, path: str, numbers: Iterable[int], since: float) -> float:
        """Seconds after `since` at which the last of them was asked for; 0 where none was."""
        found = self.asked(path, since)
        return max((at for number in numbers for at in found.get(number, ())), default=0.0)


@pytest.fixture
def fleet(emeter: Emeter, targets: Targets) -> Iterator[Fleet]:
    site = targets.serve()
    yield Fleet(emeter, site)
    site.stop()


def test_what_is_changed_is_checked_as_it_is_now(fleet: Fleet, figure: Callable[[str], None]) -> None:
    everybody, half, rest = range(MONITORS), range(0, MONITORS, 2), range(1, MONITORS, 2)
    edited = fleet.do(update_monitor, everybody, "new")
    time.sleep(LOOKED_FOR)
    gone_on = {"edited": fleet.last("old", everybody, edited)}
    assert fleet.asked("new", edited).keys() == set(everybody)

    paused = fleet.do(pause_monitor, half)
    deleted = fleet.do(delete_monitor, rest)
    time.sleep(LOOKED_FOR)
    gone_on["paused"] = fleet.last("new", half, paused)
    gone_on["deleted"] = fleet.last("new", rest, deleted)

    resumed = fleet.do(resume_monitor, half[:1])
    fleet.emeter.wait_until(lambda: fleet.asked("new", resumed), COUNTS_WITHIN, "a check of what was resumed")
    again = fleet.do(update_monitor, half[:1], "newer")
    fleet.emeter.wait_until(lambda: fleet.asked("newer"), COUNTS_WITHIN, "a check of what was edited")

    begun = {
        "resumed": min(fleet.asked("new", resumed)[0]),
        "edited": min(fleet.asked("newer", again)[0]),
    }
    told = [f"{what} went on for {seconds:.2f} s" for what, seconds in gone_on.items()]
    told += [f"{what} was checked after {seconds:.2f} s" for what, seconds in begun.items()]
    figure("; ".join(told))
    assert max(gone_on.values()) <= COUNTS_WITHIN

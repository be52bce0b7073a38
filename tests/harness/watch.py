"""Monitors whose fate is known, and what an E-Meter that is troubled made of them."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

from harness.emeter import Emeter
from harness.site import Site
from harness.slots import Ledger, account_for_slots, explain_arrivals, read_ledgers
from harness.targets import Targets, hang

INTERVAL, TIMEOUT = 5, 3
BACK_WITHIN = 15.0
"""Seconds after which checks go on as before, whatever happened."""

_WINDOW, _STEP, _SHARE = 1.0, 0.25, 0.8
"""Checks go on where a window of so many seconds has seen this share of the requests of a calm one."""

_SEEN = "SELECT bool_and(last_slot IS NOT NULL) FROM probes"
_KNOWN = "SELECT bool_and(condition IN ('up', 'down')) FROM monitors"
_SETTLED = """
SELECT (SELECT count(*) FROM claims WHERE slot <= :until), (SELECT min(next_slot) FROM probes) > :until
"""
_CHANGES = """
SELECT p.id, s.condition, s.effective_at FROM status_changes s JOIN probes p ON p.monitor_id = s.monitor_id
ORDER BY s.id
"""
_OPEN = """
SELECT p.id FROM incidents i JOIN incident_monitors m ON m.incident_id = i.id
JOIN probes p ON p.monitor_id = m.monitor_id WHERE i.resolved_at IS NULL
"""


@dataclass(frozen=True)
class Account:
    """What became of all slots so far."""

    results: int
    gaps: int
    missed: int
    """Slots inside the gaps."""
    lost: int
    """Those of them whose check may have begun."""
    longest_wait: float
    """Seconds between two checks of the same healthy target, at most."""
    problems: list[str] = field(default_factory=list)


@dataclass
class Watch:
    """An E-Meter, and what it watches: targets that are always well and targets that are always down."""

    emeter: Emeter
    site: Site
    pages: dict[int, int]
    """The page on `site` of each healthy probe."""
    dead: list[int]

    @property
    def rate(self) -> float:
        """Requests per second that the site sees while all is calm."""
        return len(self.pages) / INTERVAL

    def wait_for_verdicts(self) -> None:
        """Wait until those that are down are known to be."""
        self.emeter.wait_until(lambda: self.emeter.rows(_KNOWN) == [(True,)], 60, "a verdict on all")

    def settle(self, until: datetime) -> None:
        """Wait until every slot up to `until` has ended."""
        self.emeter.wait_until(
            lambda: self.emeter.rows(_SETTLED, until=until) == [(0, True)], 30, "the end of all claims so far"
        )

    def account(self, until: datetime, *, may_lose: bool = True) -> Account:
        """Account for all slots up to `until`, and say what is wrong.

        Unless it `may_lose` results, as where a worker was killed, every request has to have left one.
        """
        ledgers = read_ledgers(self.emeter.database, [*self.pages, *self.dead])
        arrivals = self.site.arrivals()
        problems = [each for ledger in ledgers.values() for each in account_for_slots(ledger, until)]
        waits = [0.0]
        for probe, page in self.pages.items():
            whole = ledgers[probe] if may_lose else replace(ledgers[probe], gaps=[])
            problems += explain_arrivals(whole, arrivals[page], until)
            problems += _failures(whole)
            waits += [later - earlier for earlier, later in pairwise(sorted(arrivals[page]))]
        gaps = [gap for ledger in ledgers.values() for gap in ledger.gaps]
        return Account(
            sum(len(ledger.results) for ledger in ledgers.values()),
            len(gaps),
            sum(count for _, _, count, _ in gaps),
            sum(count for _, _, count, reason in gaps if reason == "lost"),
            max(waits),
            problems,
        )

    def false_verdicts(self, *, may_be_silent: bool = False) -> list[str]:
        """Whatever was said of a monitor that is not so; silence may be told where checks stood still."""
        said: dict[int, list[str]] = {probe: [] for probe in (*self.pages, *self.dead)}
        for probe, condition, _ in self.emeter.rows(_CHANGES):
            if not (may_be_silent and condition == "no_data"):
                said[probe].append(condition)
        wrong = [
            f"probe {probe} was said to be {' then '.join(told)}"
            for probe, told in said.items()
            if _without_repeats(told) != ["pending", "up" if probe in self.pages else "down"]
        ]
        opened = sorted(probe for (probe,) in self.emeter.rows(_OPEN))
        if opened != sorted(self.dead):
            wrong.append(f"incidents are open of {opened}, and {sorted(self.dead)} are down")
        if self.emeter.rows("SELECT count(*) FROM incidents") != [(len(self.dead),)]:
            wrong.append("there are more incidents than monitors that are down")
        return wrong

    def back_after(self, moments: Sequence[float], until: float) -> list[float]:
        """By how many seconds after each of the moments the site was asked as often as before."""
        times = sorted(at for ats in self.site.arrivals().values() for at in ats)
        quiet = quiet_stretches(times, _SHARE * self.rate * _WINDOW, min(moments), until)
        nexts = [*moments[1:], until]
        return [
            max((end - moment for begin, end in quiet if begin < following and end > moment), default=0.0)
            for moment, following in zip(moments, nexts, strict=True)
        ]


def watch(emeter: Emeter, site: Site, targets: Targets, *, healthy: int, refused: int, hanging: int) -> Watch:
    """Have an E-Meter watch so many targets of each sort, and wait for the first result of all."""
    closed, silent = targets.serve(listen=False), targets.serve(hang)
    urls = [site.url(page) for page in range(healthy)] + [closed.url()] * refused + [silent.url()] * hanging
    probes = emeter.add_monitors(
        [
            {"target": url, "name": f"m{number}", "interval": INTERVAL, "timeout": TIMEOUT}
            for number, url in enumerate(urls)
        ]
    )
    emeter.wait_until(lambda: emeter.rows(_SEEN) == [(True,)], 20, "the first result of all")
    return Watch(emeter, site, dict(zip(probes[:healthy], range(healthy), strict=True)), probes[healthy:])


def quiet_stretches(
    times: Sequence[float], fewest: float, since: float, until: float
) -> list[tuple[float, float]]:
    """Stretches in which a window saw fewer than `fewest` of `times` (sorted), between two instants."""
    found: list[tuple[float, float]] = []
    begin = since
    while begin + _WINDOW <= until:
        end = begin + _WINDOW
        if bisect_left(times, end) - bisect_left(times, begin) < fewest:
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], end)
            else:
                found.append((begin, end))
        begin += _STEP
    return found


def now() -> datetime:
    """The time by this machine's clock, in UTC."""
    return datetime.now(UTC)


def _failures(ledger: Ledger) -> list[str]:
    return [
        f"{slot} of the healthy probe {ledger.probe_id} was found {reason.slug}"
        for slot, (_, _, reason) in ledger.results.items()
        if reason
    ]


def _without_repeats(told: Sequence[str]) -> list[str]:
    return [each for number, each in enumerate(told) if number == 0 or told[number - 1] != each]

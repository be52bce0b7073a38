"""Monitors whose fate is known, and what an E-Meter that is troubled made of them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

from emeter_core.alerts import draft_channel, save_channel
from harness.alerts import (
    SETTLED,
    SETTLED_WITHIN,
    account_for_outbox,
    explain_hooks,
    explain_mails,
    mails_in,
    read_outbox,
)
from harness.emeter import Emeter
from harness.receiver import Receiver, receiver
from harness.site import TURNING, Site
from harness.slots import Ledger, account_for_slots, explain_arrivals, read_ledgers
from harness.targets import Targets, hang
from harness.turns import Story, explain_turns

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
SELECT p.id, s.condition, s.effective_at, s.recorded_at
FROM status_changes s JOIN probes p ON p.monitor_id = s.monitor_id ORDER BY s.id
"""
_INCIDENTS = """
SELECT p.id, i.started_at, i.resolved_at FROM incidents i JOIN incident_monitors m ON m.incident_id = i.id
JOIN probes p ON p.monitor_id = m.monitor_id ORDER BY i.id
"""


@dataclass(frozen=True)
class Account:
    """What became of all slots so far, and who was told."""

    results: int
    gaps: int
    missed: int
    """Slots inside the gaps."""
    lost: int
    """Those of them whose check may have begun."""
    longest_wait: float
    """Seconds between two checks of the same healthy target, at most."""
    alerts: int = 0
    """Webhooks that were sent, of incidents that began or ended."""
    doubles: int = 0
    """How many came a second time, under the same id."""
    problems: list[str] = field(default_factory=list)


@dataclass
class Watch:
    """An E-Meter, and what it watches: targets that are always well, always down, or both by turns.

    Those that are down open an incident once, at the beginning; those that turn do so every minute. Each is
    told of by mail and to `hooked`.
    """

    emeter: Emeter
    site: Site
    hooked: Receiver
    pages: dict[int, int]
    """The page on `site` of each healthy probe."""
    turning: dict[int, int]
    """The same of those that turn."""
    dead: list[int]
    troubles: int = 0
    """How often so far a sender was killed, or could not write for as long as a lease: count them here."""

    @property
    def rate(self) -> float:
        """Requests per second that the site sees for what is always well, while all is calm."""
        return len(self.pages) / INTERVAL

    def wait_for_verdicts(self) -> None:
        """Wait until those that are down are known to be."""
        self.emeter.wait_until(lambda: self.emeter.rows(_KNOWN) == [(True,)], 60, "a verdict on all")

    def settle(self, until: datetime) -> None:
        """Wait until every slot up to `until` has ended, and everyone is told of what was found by then."""
        self.emeter.wait_until(
            lambda: self.emeter.rows(_SETTLED, until=until) == [(0, True)], 30, "the end of all claims so far"
        )
        self.emeter.wait_until(
            lambda: self.emeter.rows(SETTLED, until=until) == [(0,)], SETTLED_WITHIN, "the last alert so far"
        )

    def account(self, until: datetime, *, may_lose: bool = True) -> Account:
        """Account for all slots and alerts up to `until`, and say what is wrong.

        Unless it `may_lose` results, as where a worker was killed, every request has to have left one.
        """
        ledgers = read_ledgers(self.emeter.database, [*self.pages, *self.turning, *self.dead])
        arrivals = self.site.arrivals()
        problems = [each for ledger in ledgers.values() for each in account_for_slots(ledger, until)]
        waits = [0.0]
        for probe, page in (self.pages | self.turning).items():
            whole = ledgers[probe] if may_lose else replace(ledgers[probe], gaps=[])
            problems += explain_arrivals(whole, arrivals[page], until)
        for probe, page in self.pages.items():
            problems += _failures(ledgers[probe])
            waits += [later - earlier for earlier, later in pairwise(sorted(arrivals[page]))]
        stories = self._stories()
        for probe, page in self.turning.items():
            problems += explain_turns(ledgers[probe], stories[probe], page, arrivals[page], until)
        alerts, doubles, wrong = self._account_for_alerts(until)
        gaps = [gap for ledger in ledgers.values() for gap in ledger.gaps]
        return Account(
            sum(len(ledger.results) for ledger in ledgers.values()),
            len(gaps),
            sum(count for _, _, count, _ in gaps),
            sum(count for _, _, count, reason in gaps if reason == "lost"),
            max(waits),
            alerts,
            doubles,
            problems + wrong,
        )

    def false_verdicts(self, *, may_be_silent: bool = False) -> list[str]:
        """Whatever was said of a monitor that is not so; silence may be told where checks stood still."""
        wrong, opened = [], []
        for probe, story in self._stories().items():
            told = [each for each, _, _ in story.changes if not (may_be_silent and each == "no_data")]
            opened += [probe] * len(story.incidents) if probe not in self.turning else []
            if _without_repeats(told) != self._truth(probe, told):
                wrong.append(f"probe {probe} was said to be {' then '.join(told)}")
            if probe in self.dead and any(ended for _, ended in story.incidents):
                wrong.append(f"the incident of probe {probe} was ended, and it is down")
        if sorted(opened) != sorted(self.dead):
            wrong.append(f"there were incidents of {sorted(opened)}, and {sorted(self.dead)} are down")
        return wrong

    def _truth(self, probe: int, told: Sequence[str]) -> list[str]:
        """What should have been said of a probe; of one that turns the account looks at the times, too."""
        if probe in self.turning:
            return ["pending", *_without_repeats([each for each in told if each in {"up", "down"}])]
        return ["pending", "down" if probe in self.dead else "up"]

    def _stories(self) -> dict[int, Story]:
        stories: dict[int, Story] = defaultdict(Story)
        for probe in (*self.pages, *self.turning, *self.dead):
            stories[probe] = Story()
        for probe, *change in self.emeter.rows(_CHANGES):
            stories[probe].changes.append((change[0], change[1], change[2]))
        for probe, began, ended in self.emeter.rows(_INCIDENTS):
            stories[probe].incidents.append((began, ended))
        return stories

    def _account_for_alerts(self, until: datetime) -> tuple[int, int, list[str]]:
        """How many alerts were sent, how many of them twice, and what is wrong."""
        before = list(self.hooked.hooks)
        outbox = read_outbox(self.emeter.database)
        problems, doubles = explain_hooks(outbox, before, list(self.hooked.hooks), self.troubles)
        problems += account_for_outbox(outbox, until)
        problems += explain_mails(outbox, mails_in(self.emeter.data / "mail"), self.troubles)
        sent = sum(each.channel == "webhook" and each.state == "sent" for each in outbox.deliveries)
        return sent, doubles, problems

    def back_after(self, moments: Sequence[float], until: float) -> list[float]:
        """By how many seconds after each of the moments the site was asked as often as before."""
        times = sorted(at for page, ats in self.site.arrivals().items() if page < TURNING for at in ats)
        quiet = quiet_stretches(times, _SHARE * self.rate * _WINDOW, min(moments), until)
        nexts = [*moments[1:], until]
        return [
            max((end - moment for begin, end in quiet if begin < following and end > moment), default=0.0)
            for moment, following in zip(moments, nexts, strict=True)
        ]


def watch(
    emeter: Emeter,
    site: Site,
    targets: Targets,
    *,
    healthy: int,
    refused: int,
    hanging: int,
    turning: int = 6,
) -> Watch:
    """Have an E-Meter watch so many targets of each sort, and wait for the first result of all."""
    hooked = site.until_closed.enter_context(receiver())
    with emeter.change() as change:
        channel = draft_channel("webhook", hooked.url)
        save_channel(change.session, change.scope, channel, vault=emeter.vault, now=change.now)
    closed, silent = targets.serve(listen=False), targets.serve(hang)
    pages = [*range(healthy), *range(TURNING, TURNING + turning)]
    urls = [*map(site.url, pages), *[closed.url()] * refused, *[silent.url()] * hanging]
    probes = emeter.add_monitors(
        [
            {"target": url, "name": f"m{number}", "interval": INTERVAL, "timeout": TIMEOUT}
            for number, url in enumerate(urls)
        ]
    )
    emeter.wait_until(lambda: emeter.rows(_SEEN) == [(True,)], 20, "the first result of all")
    on_site = dict(zip(probes, pages, strict=False))
    return Watch(
        emeter,
        site,
        hooked,
        {probe: page for probe, page in on_site.items() if page < TURNING},
        {probe: page for probe, page in on_site.items() if page >= TURNING},
        probes[len(pages) :],
    )


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

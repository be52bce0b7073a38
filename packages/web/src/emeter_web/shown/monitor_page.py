"""All that the page of one monitor shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from emeter_core import analytics
from emeter_core.heartbeats import HeartbeatView, get_heartbeat
from emeter_core.monitors import Monitor, MonitorRow, cause_of, described, plain_settings
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault
from emeter_web.charts.phases import Words
from emeter_web.formats import instant, length, ms, percent
from emeter_web.shown.evidence import Evidence, evidence_of
from emeter_web.shown.kinds import SHOWN
from emeter_web.shown.open_incident import ShownIncident, open_incident
from emeter_web.shown.times import lasting_for
from emeter_web.words import heartbeat as heartbeat_words
from emeter_web.words import monitor as words

Fact = tuple[str, str, str]

SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
SPAN_WORDS = {"1h": "1 h", "24h": "24 h", "7d": "7 d"}
_DAY = SPANS["24h"]
_WINDOWS = {"Uptime, 24 h": _DAY, **{f"{days} d": timedelta(days=days) for days in (7, 30, 90)}}
_CHECKS = 15
_NEARLY = 0.95
_CHANGES = 12


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A line of the last checks; `cause` is empty where all was well."""

    check: analytics.Check
    answer: str
    cause: str


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """What there is of a monitor.

    `does` says what its checks do. `since` (for how long it has its status) and `why` are its head; where it
    is well, its last answer stands for `why`. `turn` names its status and since when: where it is another
    one, a chart that was loaded before is no longer true. `failure` is the newest of its last checks that
    failed, with its evidence.
    """

    does: str
    since: Markup
    why: str
    is_well: bool
    incident: ShownIncident | None
    turn: str
    facts: Sequence[Fact]
    span: str
    latency: analytics.Latency
    phases: Words
    spans: Sequence[analytics.Span]
    checks: Sequence[ShownCheck]
    failure: tuple[ShownCheck, Evidence] | None
    changes: Sequence[analytics.Span]
    heartbeat: HeartbeatView | None = None

    @property
    def has_latency(self) -> bool:
        """Whether there are times to draw: of a job that never tells its start there are none."""
        return self.heartbeat is None or any(self.latency.transfer)

    @property
    def span_word(self) -> str:
        """What the chart covers, in words."""
        return SPAN_WORDS[self.span]

    def segments(self, monitor: Monitor) -> list[tuple[str, str, bool]]:
        """The spans to choose from: address, word, whether it is this one."""
        return [
            (url_for("monitors.show", public_id=monitor.public_id, span=name), word, name == self.span)
            for name, word in SPAN_WORDS.items()
        ]


def monitor_page(
    session: Session, scope: Scope, row: MonitorRow, *, span: str = "", vault: Vault, now: datetime
) -> MonitorPage:
    """Look up what the page shows, latency over `span`: one of SPANS, else the one that fits."""
    monitor, is_polled = row.monitor, KINDS[row.monitor.kind].is_polled
    span = span if span in SPANS else fitting_span(now - monitor.inserted_at)
    uptimes = analytics.uptimes(session, scope, [monitor.id], windows=_WINDOWS, now=now)[monitor.id]
    # Of what is not polled the chart's own time is told: a day may hold no run.
    told_since = now - _DAY if is_polled else None
    latency = analytics.latency(
        session, scope, monitor, since=now - SPANS[span], now=now, told_since=told_since
    )
    # Of a heartbeat its pings are shown instead, which know more.
    last = analytics.last_checks(session, scope, monitor, now=now, limit=_CHECKS) if is_polled else []
    checks = [_shown(row, check) for check in last]
    heartbeat = None if is_polled else get_heartbeat(session, scope, monitor, vault=vault, now=now)
    return MonitorPage(
        does=f"{described(monitor)} every {monitor.interval_seconds} s" if is_polled else described(monitor),
        since=lasting_for(row.since, now),
        why=heartbeat_words.why(row, heartbeat, now=now) if heartbeat else words.why(row, now=now),
        is_well=is_polled and words.is_well(row),
        incident=open_incident(session, scope, row, now=now),
        turn=f"{row.status} {instant(row.since)}",
        facts=[
            *_uptimes(uptimes),
            _latency(latency.percentiles) if is_polled else _run(latency.percentiles, span),
            *_certificate(row, now),
        ],
        span=span,
        latency=latency,
        spans=analytics.history(session, scope, [monitor.id], since=latency.since, now=now).get(
            monitor.id, []
        ),
        checks=checks,
        failure=_failure(monitor, checks, now),
        phases=SHOWN[monitor.kind].phases,
        changes=analytics.status_changes(session, scope, monitor, now=now, limit=_CHANGES),
        heartbeat=heartbeat,
    )


def fitting_span(age: timedelta) -> str:
    """An hour for a monitor that is new, else a day."""
    return "1h" if age < 2 * SPANS["1h"] else "24h"


def _shown(row: MonitorRow, check: analytics.Check) -> ShownCheck:
    if check.reason is Reason.OK:
        return ShownCheck(check, str(check.code or "Well"), "")
    cause = cause_of(row.monitor, check.reason, check.evidence, code=check.code)
    return ShownCheck(check, str(check.code or "–"), cause)


def _failure(
    monitor: Monitor, checks: Sequence[ShownCheck], now: datetime
) -> tuple[ShownCheck, Evidence] | None:
    for shown in checks:
        if shown.check.reason is not Reason.OK:
            check = shown.check
            evidence = evidence_of(
                check.reason,
                check.phases,
                check.evidence,
                settings=plain_settings(monitor),
                target=monitor.target,
                now=now,
            )
            return shown, evidence
    return None


def _uptimes(uptimes: dict[str, analytics.Uptime]) -> Iterator[Fact]:
    for name, uptime in uptimes.items():
        yield name, percent(uptime.ratio), _down(uptime, _WINDOWS[name])


def _down(uptime: analytics.Uptime, window: timedelta) -> str:
    """How long it was down; that it never was counts for as long as it was measured."""
    if uptime.ratio is None or uptime.down:
        return f"down {length(uptime.down)}" if uptime.down else ""
    is_whole = uptime.measured > window * _NEARLY
    return "never down" if is_whole else f"never down in {length(uptime.measured)}"


def _run(figures: analytics.Percentiles, span: str) -> Fact:
    small = f"p95 {ms(figures.p95)}" if figures.checks else ""
    return f"Run time, {SPAN_WORDS[span]}", ms(figures.p50), small


def _latency(figures: analytics.Percentiles) -> Fact:
    small = "" if figures.p95 is None else f"p95 {_plain(figures.p95)} · p99 {_plain(figures.p99)}"
    return "Latency, 24 h", ms(figures.p50), small


def _certificate(row: MonitorRow, now: datetime) -> Iterator[Fact]:
    ends_at = row.certificate_ends_at
    if ends_at is None:
        return
    until = f"until {ends_at.day} {ends_at:%b %Y}"
    left = ends_at - now
    yield "Certificate", f"{left.days:,} d" if left >= _DAY else length(left) if left else "expired", until


def _plain(us: int | None) -> str:
    return ms(us).removesuffix(" ms")

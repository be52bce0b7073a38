"""What checks found becomes statuses, incidents and figures as an independent recomputation has them.

All goes the way of the product: claims, `record` with results that come late, twice or from strangers, the
sweep for silence, rollups as they are marked by these, and retention which drops what is old on the way. The
oracle (see `verdicts`) knows the outcomes, in the order in which they were written down, and nothing else.

`make soak` draws 2,000 lives, every run 25.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import oracle
import pytest
from figures import hold_against_the_oracle
from histories import LONGEST, History
from hypothesis import HealthCheck, given, settings
from lives import Life, RolledUp, Seen, Swept, Written, lives
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session
from verdicts import Judge

from emeter_core import analytics, checks
from emeter_core.accounts import Registration, list_users, register_user, scope_of
from emeter_core.alerts.facts import look_up
from emeter_core.checks import Claim, Finished, Taken, to_us
from emeter_core.incidents import Incident, IncidentMonitor, StatusChange
from emeter_core.monitors import Monitor, Probe
from emeter_core.outbox import Delivery
from emeter_core.outcome import Outcome, Phases, Reason
from emeter_core.scope import Scope
from emeter_storage.engine import make_engine, make_session_factory
from emeter_storage.partitions import PARTITIONED, ensure_partitions, list_partitions, partition_name

MONTHLY = ("quarter", "hour")
# What a life leaves behind, those that refer to others first.
LEFT = (
    *("deliveries", "incident_monitors", "incidents", "status_changes", "claims", "rollups_day"),
    *("rollups_dirty", "rollups_progress", "probes", "monitors"),
)

# A machine that is busy with something else proves nothing against us.
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=25)
@given(life=lives())
def test_a_life_is_told_as_an_independent_recomputation_has_it(house: Engine, life: Life) -> None:
    hold(house, life)


@pytest.mark.soak
@settings(QUIET, max_examples=2000)
@given(life=lives())
def test_two_thousand_lives_are_told_as_an_independent_recomputation_has_them(
    house: Engine, life: Life
) -> None:
    hold(house, life)


@pytest.fixture(scope="module")
def house(new_database) -> Iterator[Engine]:
    """A database with a team, of which all else is deleted after each life."""
    engine = make_engine(new_database())
    with make_session_factory(engine).begin() as session:
        register_user(session, Registration("me@example.com", "$2b$04$" + "x" * 53), now=datetime.now(UTC))
    yield engine
    engine.dispose()


def hold(house: Engine, life: Life) -> None:
    judge = Judge(life)
    with left_clean(house, life), Session(house) as session:
        scope = scope_of(session, list_users(session)[0])
        scope.team.time_zone = life.zone
        monitor = Lived(session, scope, life).monitor
        hold_verdicts(session, monitor, judge)
        history = History(life.zone, life.start, life.now, judge.changes, judge.checks(), [], life.asked)
        hold_against_the_oracle(session, scope, monitor, history, kept(life))


@contextmanager
def left_clean(house: Engine, life: Life) -> Iterator[None]:
    """Have the days of a life, and delete all that it left."""
    with house.begin() as connection:
        ensure_partitions(connection, life.start.date(), days_ahead=(LONGEST + timedelta(days=1)).days)
    try:
        yield
    finally:
        with house.begin() as connection:
            for table in PARTITIONED:
                for day in list_partitions(connection, table):
                    connection.execute(text(f"DROP TABLE {partition_name(table, day)}"))
            for table in LEFT:
                connection.execute(text(f"DELETE FROM {table}"))


def kept(life: Life) -> dict[str, datetime]:
    """Since when each level is kept at the end: from midnight on, or the first of the month."""
    found = {}
    for level in ("raw", *MONTHLY):
        days = getattr(life.retention, level, 0)
        if days:
            day = (life.now - timedelta(days=days)).astimezone(UTC)
            day = day.replace(hour=0, minute=0, second=0, microsecond=0)
            found[level] = day.replace(day=1) if level in MONTHLY else day
    return found


class Lived:
    """A monitor that lived through a life."""

    def __init__(self, session: Session, scope: Scope, life: Life) -> None:
        self._session = session
        self._life = life
        self._tokens: dict[datetime, str] = {}
        self._counted: set[datetime] = set()
        self.monitor = self._add_monitor(scope)
        for event in life.events:
            if isinstance(event, Written):
                self._write(event)
            elif isinstance(event, Swept):
                checks.sweep_silence(session, now=event.at)
            elif isinstance(event, RolledUp):
                self._roll_up(event.at)
        session.commit()

    def _add_monitor(self, scope: Scope) -> Monitor:
        life = self._life
        seconds, timeout = life.interval // timedelta(seconds=1), life.timeout // timedelta(seconds=1)
        monitor = Monitor(
            team_id=scope.team.id,
            name="A monitor",
            kind="http",
            target="http://example.com/",
            interval_seconds=seconds,
            timeout_seconds=timeout,
            down_after=life.down_after,
            up_after=life.up_after,
            settings={},
            version=1,
            condition="pending",
            condition_since=life.start,
            inserted_at=life.start,
            updated_at=life.start,
        )
        self._session.add(monitor)
        self._session.flush()
        self.probe = Probe(
            monitor_id=monitor.id,
            location_id=1,
            interval_ms=seconds * 1000,
            timeout_ms=timeout * 1000,
            next_slot=life.now,
            enabled=True,
        )
        first = StatusChange(
            team_id=monitor.team_id,
            monitor_id=monitor.id,
            effective_at=life.start,
            recorded_at=life.start,
            reason=Reason.OK.value,
            condition="pending",
        )
        self._session.add_all([self.probe, first])
        self._session.commit()
        return monitor

    def _write(self, event: Written) -> None:
        """Record a batch, and see that each slot counts the first time, and by its own claim alone."""
        self._tokens |= {seen.slot: str(uuid.uuid4()) for seen in event.checks}
        claims = [
            {
                "probe_id": self.probe.id,
                "slot": seen.slot,
                "lease_until": event.at,
                "token": uuid.UUID(self._tokens[seen.slot]),
                "kind": "regular",
            }
            for seen in event.checks
        ]
        self._session.execute(insert(Claim), claims)
        strangers = [self._finished(seen, str(uuid.uuid4())) for seen in event.strangers]
        assert checks.record(self._session, strangers, now=event.at).counted == 0
        batch = self._all(event.checks)
        again = self._all(event.again)
        recorded = checks.record(self._session, batch, now=event.at)
        assert (recorded.counted, recorded.discarded) == (len(batch), 0)
        assert checks.record(self._session, [*again, *strangers], now=event.at).counted == 0

    def _all(self, seen: Iterable[Seen]) -> list[Finished]:
        return [self._finished(each, self._tokens[each.slot]) for each in seen]

    def _finished(self, seen: Seen, token: str) -> Finished:
        claim = Taken(self.probe.id, to_us(seen.slot), token, self.monitor.id, 1, to_us(seen.slot))
        outcome = Outcome(Reason[seen.cause.upper()], Phases(wait=seen.total_us))
        return Finished(claim, outcome, seen.ended_at)

    def _roll_up(self, at: datetime) -> None:
        while analytics.roll_up(self._session, now=at):
            pass
        self._session.commit()
        if self._life.retention:
            analytics.purge(
                make_session_factory(self._session.get_bind().engine), self._life.retention, now=at
            )


def hold_verdicts(session: Session, monitor: Monitor, judge: Judge) -> None:
    """Compare the history of statuses, the incidents and their lengths, and who was told how long."""
    session.refresh(monitor)
    changes = session.scalars(select(StatusChange).order_by(StatusChange.id))
    assert [oracle.Change(each.effective_at, each.recorded_at, each.condition) for each in changes] == (
        judge.changes
    )
    assert (monitor.condition, monitor.condition_since) == (
        judge.status,
        judge.changes[-1].effective_at,
    )
    incidents = session.scalars(select(Incident).order_by(Incident.id)).all()
    assert [(each.started_at, each.confirmed_at, each.cause, each.resolved_at) for each in incidents] == [
        (each.began, each.told_at, each.cause, each.ended) for each in judge.incidents
    ]
    members = session.scalars(select(IncidentMonitor).order_by(IncidentMonitor.incident_id))
    assert [(each.incident_id, each.started_at, each.resolved_at) for each in members] == [
        (each.id, each.started_at, each.resolved_at) for each in incidents
    ]
    deliveries = session.scalars(select(Delivery).order_by(Delivery.incident_id, Delivery.event)).all()
    assert [look_up(session, each, base_url="").lasted for each in deliveries] == [
        each.ended and each.ended - each.began
        for each in judge.incidents
        for _ in range(1 if each.ended is None else 2)
    ]

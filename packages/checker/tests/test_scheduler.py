"""The scheduler: claims, hints, and what it does when a server is away."""

import logging
import uuid
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_checker.hint_job import DELIVER, TRY_CHANNEL, TRY_CHECK
from emeter_checker.hints import checks_queue, deliveries_queue
from emeter_checker.scheduler import Scheduler
from emeter_core import checks, trials
from emeter_core.checks import Claim, Gap, Hint
from emeter_core.database import Database
from emeter_core.processes import list_processes


def test_a_tick_claims_what_is_due_and_hints_at_it(database, redis, add_monitor) -> None:
    for _ in range(3):
        add_monitor()
    scheduler = Scheduler(database.sessions, database.clock, redis)
    assert scheduler.tick() == 3
    [job] = checks_queue(redis, "local").jobs
    assert sorted(job.args[1]) == [1, 2, 3]
    with database.sessions() as session:
        assert len(session.scalars(select(Claim)).all()) == 3


def test_redis_away_loses_no_claim(database, add_monitor, caplog) -> None:
    add_monitor()
    nowhere = Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    with caplog.at_level(logging.WARNING):
        Scheduler(database.sessions, database.clock, nowhere).tick()
    assert "Redis is away" in caplog.text
    with database.sessions() as session:
        assert len(session.scalars(select(Claim)).all()) == 1


def test_a_hint_that_redis_lost_is_given_again(database, redis, add_monitor) -> None:
    # So rare that its next slot is hardly due as well.
    add_monitor(interval=86_400, timeout=10)
    scheduler = Scheduler(database.sessions, database.clock, redis)
    scheduler.tick()
    redis.flushall()
    with database.sessions.begin() as session:
        session.execute(text("UPDATE claims SET hinted_at = hinted_at - interval '3 seconds'"))
    scheduler.tick()
    assert checks_queue(redis, "local").count == 1


def test_claims_that_a_worker_is_taking_are_not_waited_for(database, add_monitor, redis) -> None:
    """Both would update many, in different orders: who waits may wait for who waits."""
    add_monitor()
    scheduler = Scheduler(database.sessions, database.clock, redis)
    scheduler.tick()
    now = database.clock.now() + timedelta(seconds=3)
    with database.sessions.begin() as worker, database.sessions.begin() as session:
        [token] = worker.scalars(select(Claim.token))
        rows = worker.execute(select(Claim.probe_id, Claim.slot)).all()
        hint = Hint(token, [(probe_id, checks.to_us(slot)) for probe_id, slot in rows])
        assert len(checks.take(worker, hint, process_id=uuid.uuid4(), now=now)) == 1
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert checks.hint_again(session, location_id=1, now=now) == []


def test_a_task_that_fails_keeps_no_check_from_being_claimed(
    database, redis, add_monitor, monkeypatch, caplog
) -> None:
    def fail(session: Session, **_: object) -> None:
        session.execute(text("DO $$ BEGIN RAISE deadlock_detected; END $$"))

    monkeypatch.setattr(checks, "sweep_silence", fail)
    add_monitor()
    assert Scheduler(database.sessions, database.clock, redis).tick() == 1
    assert "a task of the scheduler failed" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_outage_of_the_database_ends_no_scheduler(redis, caplog) -> None:
    away = Database.at("postgresql+psycopg2://nobody@127.0.0.1:1/nothing", name="tests")
    scheduler = Scheduler(away.sessions, away.clock, redis)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 4

    scheduler.run(wait)
    assert waits == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert "the database is away" in caplog.text


@pytest.mark.parametrize(("patience", "gaps"), [(60.0, 0), (0.0, 1)])
def test_when_the_database_is_back_leases_wait_for_what_workers_found_without_it(
    database, redis, add_monitor, allow_connections, monkeypatch, patience, gaps
) -> None:
    monkeypatch.setattr("emeter_checker.scheduler.PATIENCE_S", patience)
    add_monitor()
    Scheduler(database.sessions, database.clock, redis).tick()
    with database.sessions.begin() as session:
        session.execute(
            text("UPDATE claims SET slot = slot - :ago, lease_until = lease_until - :ago"),
            {"ago": timedelta(minutes=1)},
        )
    between = iter([lambda: allow_connections(to=False), lambda: allow_connections(to=True), bool, bool])

    def wait(_seconds: float) -> bool:
        step = next(between, None)
        if step is not None:
            step()
        return step is None

    Scheduler(database.sessions, database.clock, redis).run(wait)
    with database.sessions() as session:
        assert len(session.scalars(select(Gap)).all()) == gaps


class Watch:
    """The monotonic clock, as a test has it; the wall clock goes along."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def watch(monkeypatch) -> Watch:
    made = Watch()
    monkeypatch.setattr("emeter_checker.scheduler.time", made)
    monkeypatch.setattr(Scheduler, "_notice_jump", lambda *_: None)
    return made


def lose_a_slot(database, add_monitor, scheduler: Scheduler) -> None:
    """Have a lease that ran out, of a slot that is too old to be tried again."""
    add_monitor()
    scheduler.tick()
    with database.sessions.begin() as session:
        session.execute(
            text("UPDATE claims SET slot = slot - :ago, lease_until = lease_until - :ago"),
            {"ago": timedelta(minutes=1)},
        )


def lost(database) -> int:
    with database.sessions() as session:
        return len(session.scalars(select(Gap)).all())


def test_a_database_that_stood_still_gives_workers_time_to_record(
    database, redis, add_monitor, watch
) -> None:
    scheduler = Scheduler(database.sessions, database.clock, redis)
    lose_a_slot(database, add_monitor, scheduler)
    watch.seconds += 25
    scheduler.tick()
    assert lost(database) == 0
    for _ in range(8):
        watch.seconds += 1
        scheduler.tick()
    assert lost(database) == 1


def test_leases_end_in_a_database_that_is_always_slow(database, redis, add_monitor, watch) -> None:
    scheduler = Scheduler(database.sessions, database.clock, redis)
    lose_a_slot(database, add_monitor, scheduler)
    for _ in range(4):
        watch.seconds += 4
        scheduler.tick()
    assert lost(database) == 1


def test_a_lost_claim_ends_as_a_gap(database, redis, add_monitor) -> None:
    add_monitor()
    Scheduler(database.sessions, database.clock, redis).tick()
    with database.sessions.begin() as session:
        session.execute(
            text("UPDATE claims SET slot = slot - :ago, lease_until = lease_until - :ago"),
            {"ago": timedelta(minutes=1)},
        )
    Scheduler(database.sessions, database.clock, redis).tick()
    with database.sessions() as session:
        assert session.scalars(select(Gap.reason)).all() == ["lost"]


def test_it_shows_among_the_processes_while_it_runs(database, redis) -> None:
    scheduler = Scheduler(database.sessions, database.clock, redis)
    seen: list[str] = []

    def wait(_seconds: float) -> bool:
        with database.sessions() as session:
            seen.extend(process.name for process in list_processes(session))
        return bool(seen)

    scheduler.run(wait)
    assert seen == ["scheduler"]
    with database.sessions() as session:
        assert list_processes(session) == []


def hints(redis: Redis) -> list[str]:
    return sorted(
        job.description for job in [*deliveries_queue(redis).jobs, *checks_queue(redis, "local").jobs]
    )


def test_an_idle_tick_says_nothing(database, redis) -> None:
    Scheduler(database.sessions, database.clock, redis).tick()
    assert hints(redis) == []


def test_what_is_due_is_said_once_until_it_is_heard(database, redis, tell, team, vault) -> None:
    tell("Shop")
    with database.sessions.begin() as session:
        for kind in ("check", "channel"):
            trials.ask(session, team, kind, {}, vault=vault, now=database.clock.now())
    scheduler = Scheduler(database.sessions, database.clock, redis)
    for _ in range(3):
        scheduler.tick()
    assert hints(redis) == [DELIVER, TRY_CHECK, TRY_CHANNEL]


def test_what_is_not_due_yet_is_not_said(database, redis, tell) -> None:
    tell("Shop")
    with database.sessions.begin() as session:
        session.execute(text("UPDATE deliveries SET next_attempt_at = now() + interval '1 minute'"))
    Scheduler(database.sessions, database.clock, redis).tick()
    assert hints(redis) == []


def test_trials_that_expired_are_deleted(database, redis, team, vault) -> None:
    with database.sessions.begin() as session:
        for minutes in (5, 15):
            asked_at = database.clock.now() - timedelta(minutes=minutes)
            trials.ask(session, team, "check", {}, vault=vault, now=asked_at)
    Scheduler(database.sessions, database.clock, redis).tick()
    with database.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM trials")).scalar_one() == 1

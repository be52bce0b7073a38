"""What a scheduler counts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import text

from emeter_checker.scheduler import Scheduler
from emeter_core.database import Database
from emeter_core.metrics import Sample


@pytest.fixture
def scheduler(database: Database, redis: Redis) -> Scheduler:
    return Scheduler(database.sessions, database.clock, redis)


def told(scheduler: Scheduler) -> dict[str, float]:
    """Samples by name and labels, in one text."""

    def named(samples: Iterator[Sample]) -> Iterator[tuple[str, float]]:
        for family, value, labels in samples:
            assert isinstance(value, int | float)
            yield " ".join([family.name.removeprefix("emeter_"), *labels]), value

    return dict(named(scheduler.samples()))


def test_claims_and_slots_that_were_found_too_late_are_counted(database, scheduler, add_monitor) -> None:
    for _ in range(2):
        add_monitor(interval=60, timeout=10)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE probes SET next_slot = next_slot - :ago"), {"ago": timedelta(minutes=5)})
    scheduler.tick()
    with database.sessions() as session:
        missed = session.execute(text("SELECT sum(count) FROM gaps")).scalar_one()
    assert missed >= 8
    found = told(scheduler)
    assert (found["claims_total"], found["slots_missed_total missed"]) == (2, missed)
    assert found["queue_depth checks:local"] == 1
    assert found["scheduler_tick_age_seconds"] < 60


@pytest.mark.parametrize(
    ("ago", "recovered", "lost"), [(timedelta(), 1, 0), (timedelta(minutes=5), 0, 1)], ids=["young", "old"]
)
def test_leases_that_ran_out_are_counted(
    database, redis, scheduler, add_monitor, ago: timedelta, recovered: int, lost: int
) -> None:
    add_monitor(interval=60, timeout=10)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE probes SET next_slot = now()"))
    Scheduler(database.sessions, database.clock, redis).tick()
    with database.sessions.begin() as session:
        late = "UPDATE claims SET slot = slot - :ago, lease_until = now() - interval '1 second'"
        session.execute(text(late), {"ago": ago})
    scheduler.tick()
    found = told(scheduler)
    assert (found["leases_recovered_total"], found["slots_missed_total lost"]) == (recovered, lost)
    # What was claimed by another one is hinted at again, and not claimed twice.
    assert found["claims_total"] <= 1


def test_a_redis_that_is_away_is_told(database) -> None:
    nowhere = Redis(port=1)
    found = told(Scheduler(database.sessions, database.clock, nowhere))
    assert found["redis_up"] == 0
    assert not [name for name in found if name.startswith("queue_depth")]


def test_a_database_that_says_nothing_is_told(database, scheduler) -> None:
    assert told(scheduler)["database_up"] == 0
    scheduler.tick()
    assert told(scheduler)["database_up"] == 1

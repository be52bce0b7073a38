from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from emeter_core.metrics.targets import Target, targets
from emeter_core.processes import Process, enlist, report

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


def add(session: Session, name: str, metrics: object, *, seen_at: datetime = NOW) -> None:
    process_id = enlist(session, name, location_id=None, now=seen_at)
    report(session, process_id, {"metrics": metrics}, now=seen_at)
    session.execute(update(Process).where(Process.id == process_id).values(host="checker-1"))


def test_processes_that_were_seen_lately_and_tell_their_metrics_are_targets(session: Session) -> None:
    add(session, "worker", {"host": "127.0.0.1", "port": 9462})
    add(session, "scheduler", {"host": "0.0.0.0", "port": 9460})
    add(session, "worker", {"host": "::1", "port": 9463})
    add(session, "sender", None)
    add(session, "worker", {"host": "127.0.0.1", "port": 9464}, seen_at=NOW - timedelta(minutes=1))

    assert targets(session, now=NOW) == [
        Target("checker-1:9460", "scheduler", "checker-1"),
        Target("127.0.0.1:9462", "worker", "checker-1"),
        Target("[::1]:9463", "worker", "checker-1"),
    ]

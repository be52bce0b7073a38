"""Processes: who runs, and whether they belong to this installation."""

import os
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.health import look
from emeter_core.processes import Instance, check_secret, enlist, leave, list_processes, realign, report
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OLD, NEW = "the old key of the tests, long enough", "the new key of the tests, long enough"


def fingerprint(session: Session) -> bytes:
    return session.scalars(select(Instance.secret_fingerprint)).one()


def test_a_process_is_listed_from_its_start(session, noon) -> None:
    process_id = enlist(session, "worker", location_id=1, now=noon)
    [process] = list_processes(session)
    assert (process.id, process.name, process.location_id) == (process_id, "worker", 1)
    assert (process.pid, process.started_at, process.seen_at) == (os.getpid(), noon, noon)
    assert process.info == {}
    assert process.host
    assert process.version


def test_a_process_may_have_no_location(session, noon) -> None:
    enlist(session, "web", location_id=None, now=noon)
    assert list_processes(session)[0].location_id is None


def test_a_report_says_when_it_was_seen_and_its_figures(session, noon) -> None:
    process_id, other = (enlist(session, "worker", location_id=1, now=noon) for _ in range(2))
    later = noon + timedelta(seconds=5)
    report(session, process_id, {"checks": 7, "p99_ms": 1.5, "tags": ["a"]}, now=later)
    session.expire_all()
    newest, oldest = list_processes(session)
    assert (newest.id, newest.seen_at, newest.started_at) == (process_id, later, noon)
    assert newest.info == {"checks": 7, "p99_ms": 1.5, "tags": ["a"]}
    assert (oldest.id, oldest.seen_at, oldest.info) == (other, noon, {})


def test_whoever_leaves_is_listed_no_more(session, noon) -> None:
    process_id, other = (enlist(session, "worker", location_id=1, now=noon) for _ in range(2))
    for _ in range(2):
        leave(session, process_id)
    assert [process.id for process in list_processes(session)] == [other]


def test_a_report_of_somebody_unknown_changes_nothing(session, noon) -> None:
    report(session, uuid.uuid4(), {"checks": 1}, now=noon)
    assert list_processes(session) == []


def test_processes_are_listed_by_name(session, noon) -> None:
    for name in ("worker", "web", "worker"):
        enlist(session, name, location_id=None, now=noon)
    assert [process.name for process in list_processes(session, name="worker")] == ["worker", "worker"]
    assert list_processes(session, name="sender") == []


def test_whoever_was_not_seen_for_a_day_is_forgotten_at_the_next_start(session, noon) -> None:
    enlist(session, "gone", location_id=None, now=noon - timedelta(microseconds=1))
    enlist(session, "just seen", location_id=None, now=noon)
    reporting = enlist(session, "reporting", location_id=None, now=noon - 9 * DAY)
    report(session, reporting, {}, now=noon + DAY)
    enlist(session, "new", location_id=None, now=noon + DAY)
    assert {process.name for process in list_processes(session)} == {"just seen", "reporting", "new"}


def test_whoever_was_killed_ahead_is_gone_half_a_minute_after_a_step_back(session, noon) -> None:
    killed, alive = (enlist(session, "scheduler", location_id=None, now=noon + DAY) for _ in range(2))
    other = enlist(session, "worker", location_id=None, now=noon)
    now = noon + timedelta(minutes=5)
    assert realign(session, now=now) == 2
    assert realign(session, now=now) == 0
    seen = {process.id: (process.started_at, process.seen_at) for process in list_processes(session)}
    assert seen == {killed: (now, now), alive: (now, now), other: (noon, noon)}
    assert look(session, now=now).scheduler_seen_at == now
    report(session, alive, {}, now=now + 5 * SECOND)
    leave(session, alive)
    assert look(session, now=now + 31 * SECOND).scheduler_seen_at == now


def test_the_first_start_remembers_the_key(session, noon) -> None:
    check_secret(session, Vault(OLD), now=noon)
    assert fingerprint(session) == Vault(OLD).fingerprint
    check_secret(session, Vault(OLD), now=noon + DAY)
    assert session.scalars(select(Instance.inserted_at)).one() == noon


def test_another_key_is_refused_and_changes_nothing(session, noon) -> None:
    check_secret(session, Vault(OLD), now=noon)
    for vault in (Vault(NEW), Vault(NEW, old_key="a third key of the tests, long enough")):
        with pytest.raises(UserError, match="SECRET_KEY is not the one this database was made with"):
            check_secret(session, vault, now=noon)
    assert fingerprint(session) == Vault(OLD).fingerprint


def test_a_new_key_beside_the_old_one_is_kept_from_then_on(session, noon) -> None:
    check_secret(session, Vault(OLD), now=noon)
    check_secret(session, Vault(NEW, old_key=OLD), now=noon)
    session.flush()
    session.expire_all()
    assert fingerprint(session) == Vault(NEW).fingerprint
    check_secret(session, Vault(NEW), now=noon)
    with pytest.raises(UserError):
        check_secret(session, Vault(OLD), now=noon)


def test_a_process_that_still_has_the_old_key_first_does_not_turn_it_back(session, noon) -> None:
    check_secret(session, Vault(NEW), now=noon)
    with pytest.raises(UserError):
        check_secret(session, Vault(OLD), now=noon)
    assert fingerprint(session) == Vault(NEW).fingerprint

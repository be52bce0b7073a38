"""An incident and what is told of it are one: both are written, or neither."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from emeter_core import alerts, checks
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.alerts import (
    Channel,
    Delivery,
    Event,
    draft_channel,
    enqueue_incidents,
    remove_channel,
    save_channel,
)
from emeter_core.incidents import Incident, acknowledge
from emeter_core.monitors import create_monitor, delete_monitor, draft_monitor, pause_monitor
from emeter_core.outcome import Outcome, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory

OPENED, ACKNOWLEDGED, RESOLVED = "incident.opened", "incident.acknowledged", "incident.resolved"
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nobody_is_told_yet(session, alice) -> None:
    """Whatever a new team begins with."""
    remove_channel(session, alice, "mail")


def test_who_goes_down_is_told_of_on_every_channel(
    session, alice, add_monitor, mail_channel, webhook, go_down, deliveries, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    incident = session.scalars(select(Incident)).one()
    mail, hook = deliveries()
    assert {each.incident_id for each in (mail, hook)} == {incident.id}
    assert {each.team_id for each in (mail, hook)} == {alice.team.id}
    assert (mail.channel, mail.channel_id, mail.recipient) == ("mail", mail_channel.id, "ops@example.com")
    assert (hook.channel, hook.channel_id, hook.recipient) == ("webhook", webhook.id, webhook.target)
    for each in (mail, hook):
        assert (each.event, each.state, each.attempts, each.body) == (OPENED, "pending", 0, None)
        assert (each.next_attempt_at, each.inserted_at) == (noon, noon)


def test_who_is_up_again_is_told_of_as_well(
    add_monitor, mail_channel, go_down, come_back, told, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    come_back(go_down(noon))
    assert told() == [(OPENED, "mail", "pending"), (RESOLVED, "mail", "pending")]


def test_a_deleted_monitor_that_was_down_is_told_of(
    session, alice, add_monitor, mail_channel, go_down, deliveries, noon
) -> None:
    monitor = add_monitor(down_after=1)
    go_down(noon)
    delete_monitor(session, alice, monitor, now=noon + SECOND)
    assert [(each.event, each.inserted_at) for each in deliveries()] == [
        (OPENED, noon),
        (RESOLVED, noon + SECOND),
    ]
    assert session.scalars(select(Incident.resolution)).one() == "deleted"


def test_a_pause_tells_nobody_anything(
    session, alice, add_monitor, mail_channel, go_down, told, noon
) -> None:
    monitor = add_monitor(down_after=1)
    go_down(noon)
    pause_monitor(session, alice, monitor, now=noon)
    assert told() == [(OPENED, "mail", "pending")]


def test_without_a_channel_nobody_is_told(session, add_monitor, go_down, come_back, told, noon) -> None:
    add_monitor(down_after=1, up_after=1)
    come_back(go_down(noon))
    assert told() == []
    assert session.scalars(select(Incident.resolution)).one() == "recovered"


def test_a_channel_that_is_switched_off_is_left_out(
    session, add_monitor, mail_channel, webhook, go_down, told, noon
) -> None:
    webhook.enabled = False
    session.flush()
    add_monitor(down_after=1)
    go_down(noon)
    assert told() == [(OPENED, "mail", "pending")]


def test_the_channels_of_charlie_hear_nothing_of_alice(
    session, charlie, vault, add_monitor, mail_channel, go_down, deliveries, noon
) -> None:
    save_channel(
        session, charlie, draft_channel("webhook", "https://charlie.example/"), vault=vault, now=noon
    )
    add_monitor(down_after=1)
    go_down(noon)
    assert [each.channel_id for each in deliveries()] == [mail_channel.id]


def test_a_channel_that_came_later_does_not_hear_of_the_end(
    session, alice, vault, add_monitor, mail_channel, go_down, come_back, told, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = go_down(noon)
    save_channel(session, alice, draft_channel("webhook", "https://new.example/"), vault=vault, now=noon)
    remove_channel(session, alice, "mail")
    save_channel(session, alice, draft_channel("mail", "new@example.com"), vault=vault, now=noon)
    come_back(later)
    assert told() == [(OPENED, "mail", "failed")]


def test_a_channel_that_could_not_be_told_of_the_beginning_does_not_hear_of_the_end(
    session, add_monitor, mail_channel, webhook, go_down, come_back, told, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = go_down(noon)
    session.execute(text("UPDATE deliveries SET state = 'failed' WHERE channel = 'webhook'"))
    come_back(later)
    assert told() == [
        (OPENED, "mail", "pending"),
        (OPENED, "webhook", "failed"),
        (RESOLVED, "mail", "pending"),
    ]


def test_a_storm_is_told_of_in_one_statement(
    session, add_monitor, mail_channel, webhook, go_down, come_back, statements, told, noon
) -> None:
    for number in range(40):
        add_monitor(name=f"Monitor {number}", down_after=1, up_after=1)
    later = go_down(noon)
    come_back(later)
    into_deliveries = [each for each in statements if "INTO deliveries" in each]
    assert len(into_deliveries) == 2
    assert [told().count((name, "webhook", "pending")) for name in (OPENED, RESOLVED)] == [40, 40]


def test_checks_that_open_and_end_nothing_ask_for_no_delivery(
    add_monitor, mail_channel, check, finish, statements, noon
) -> None:
    add_monitor(down_after=2)
    check(noon)
    check(noon + 90 * SECOND, Reason.TIMEOUT)
    assert [each for each in statements if "deliveries" in each] == []


def test_an_event_is_told_once_whoever_writes_it(
    session, add_monitor, mail_channel, go_down, told, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    incident_id = session.scalars(select(Incident.id)).one()
    enqueue_incidents(session, Event.OPENED, [incident_id], now=noon)
    assert told() == [(OPENED, "mail", "pending")]


def test_what_opens_and_ends_in_one_batch_is_told_in_both_parts(
    session, add_monitor, mail_channel, finish, told, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    batch = finish(noon, Reason.TIMEOUT) + finish(noon + 60 * SECOND)
    checks.record(session, batch, now=noon + 61 * SECOND)
    assert told() == [(OPENED, "mail", "pending"), (RESOLVED, "mail", "pending")]


def test_an_acknowledgement_goes_to_who_was_told_of_the_beginning(
    session, alice, vault, add_monitor, mail_channel, go_down, deliveries, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    save_channel(session, alice, draft_channel("webhook", "https://new.example/"), vault=vault, now=noon)
    incident = session.scalars(select(Incident)).one()
    assert acknowledge(session, alice, incident, now=noon + SECOND)
    opened, acknowledged = deliveries()
    assert (opened.event, acknowledged.event) == (OPENED, ACKNOWLEDGED)
    assert (acknowledged.channel_id, acknowledged.recipient) == (mail_channel.id, "ops@example.com")
    assert (acknowledged.next_attempt_at, acknowledged.inserted_at) == (noon + SECOND, noon + SECOND)


def test_who_could_not_be_told_of_the_beginning_does_not_hear_who_took_it(
    session, alice, add_monitor, mail_channel, webhook, go_down, told, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    session.execute(text("UPDATE deliveries SET state = 'failed' WHERE channel = 'webhook'"))
    mail_channel.enabled = False
    session.flush()
    assert acknowledge(session, alice, session.scalars(select(Incident)).one(), now=noon + SECOND)
    assert {event for event, _, _ in told()} == {OPENED}


def test_an_acknowledgement_that_came_too_late_is_told_to_nobody(
    session, alice, add_monitor, mail_channel, go_down, come_back, told, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = go_down(noon)
    incident = session.scalars(select(Incident)).one()
    assert acknowledge(session, alice, incident, now=noon)
    assert not acknowledge(session, alice, incident, now=noon + SECOND)
    come_back(later)
    assert not acknowledge(session, alice, incident, now=later)
    assert sorted(event for event, _, _ in told()) == [ACKNOWLEDGED, OPENED, RESOLVED]


# Below, tests that commit: on a database of their own.


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    engine = make_engine(database_url, name="tests", pool_size=3)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.fixture
def dora(sessions: SessionFactory, vault: Vault, noon: datetime) -> Scope:
    """Dora has two monitors, a mail address and a webhook."""
    with sessions.begin() as session:
        user = register_user(session, Registration("dora@example.com", "$2b$04$" + "x" * 53), now=noon)
        scope = scope_of(session, user)
        for kind, target in (("mail", "ops@example.com"), ("webhook", "https://hooks.example.com/")):
            save_channel(session, scope, draft_channel(kind, target), vault=vault, now=noon)
        for number in range(2):
            draft = draft_monitor(target=f"http://{number}.example.com/", down_after=1, up_after=1)
            create_monitor(session, scope, draft, vault=vault, now=noon)
    return scope


def count(session: Session) -> tuple[int, int, int]:
    """Incidents, what was told of their beginning, what was told of their end."""
    by_event = select(func.count()).select_from(Delivery)
    return (
        session.scalar(select(func.count()).select_from(Incident)) or 0,
        session.scalar(by_event.where(Delivery.event == OPENED)) or 0,
        session.scalar(by_event.where(Delivery.event == RESOLVED)) or 0,
    )


class Crash(Exception):  # noqa: N818 - it is one
    """The process ends here."""


@pytest.mark.parametrize("after", [False, True])
def test_wherever_a_process_ends_the_incident_and_its_deliveries_are_there_or_neither_is(
    sessions: SessionFactory, dora: Scope, finish_in, noon: datetime, *, after: bool
) -> None:
    """Ended before or after each statement of the transaction in turn, and once not at all."""
    with sessions.begin() as session:
        down = finish_in(session, noon, Reason.TIMEOUT)
    crashes = crash_at_each_statement(
        sessions, lambda session: checks.record(session, down, now=noon), after=after
    )
    with sessions() as session:
        assert count(session) == (2, 4, 0)
    with sessions.begin() as session:
        up = finish_in(session, noon + 120 * SECOND, Reason.OK)
    crashes += crash_at_each_statement(
        sessions, lambda session: checks.record(session, up, now=noon + 120 * SECOND), after=after
    )
    with sessions() as session:
        assert count(session) == (2, 4, 4)
    assert crashes > 12


@pytest.fixture
def finish_in() -> Callable[..., list[checks.Finished]]:
    """Make the checks that are due at `now`, in any session."""

    def run(session: Session, now: datetime, reason: Reason) -> list[checks.Finished]:
        hint = checks.claim_due(
            session, location_id=1, after=now - timedelta(days=9), until=now, limit=9, now=now
        )
        taken = checks.take(session, hint, process_id=hint.token, now=now)
        return [checks.Finished(each, Outcome(reason), now) for each in taken]

    return run


def crash_at_each_statement(
    sessions: SessionFactory, work: Callable[[Session], object], *, after: bool
) -> int:
    """Do `work` in a transaction that ends at its first statement, at its second, and so on until it is done.

    Returns how often it ended early; each time nothing was left.
    """
    engine: Engine = sessions.kw["bind"]
    for number in range(100):
        with sessions() as session:
            before = count(session)
        left = [number]

        def strike(*_: object, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Crash

        name = "after_cursor_execute" if after else "before_cursor_execute"
        event.listen(engine, name, strike)
        try:
            with sessions.begin() as session:
                work(session)
        except Crash:
            pass
        else:
            return number
        finally:
            event.remove(engine, name, strike)
        with sessions() as session:
            assert count(session) == before
    raise AssertionError("it never came to its end")


def test_wherever_a_process_ends_it_is_taken_and_told_or_neither(
    sessions: SessionFactory, dora: Scope, finish_in, noon: datetime
) -> None:
    with sessions.begin() as session:
        checks.record(session, finish_in(session, noon, Reason.TIMEOUT), now=noon)
    acknowledged = select(Delivery.channel).where(Delivery.event == ACKNOWLEDGED)

    def take(session: Session) -> None:
        incident = session.scalars(select(Incident).order_by(Incident.id)).first()
        assert incident is not None
        assert acknowledge(session, dora, incident, now=noon + SECOND)

    assert crash_at_each_statement(sessions, take, after=True) > 2
    with sessions() as session:
        assert sorted(session.scalars(acknowledged)) == ["mail", "webhook"]
        assert len(session.scalars(select(Incident).where(Incident.acknowledged_at.is_not(None))).all()) == 1


def test_who_takes_an_incident_that_ends_at_this_moment_waits_and_tells_nobody(
    sessions: SessionFactory, dora: Scope, finish_in, noon: datetime
) -> None:
    with sessions.begin() as session:
        checks.record(session, finish_in(session, noon, Reason.TIMEOUT), now=noon)
        incident = session.scalars(select(Incident).order_by(Incident.id)).first()
    with sessions.begin() as session:
        up = finish_in(session, noon + 120 * SECOND, Reason.OK)
    recording = sessions()
    checks.record(recording, up, now=noon + 120 * SECOND)
    taken: list[bool] = []

    def take() -> None:
        with sessions.begin() as session:
            taken.append(acknowledge(session, dora, session.merge(incident), now=noon + 120 * SECOND))

    thread = threading.Thread(target=take)
    thread.start()
    wait_until_blocked(sessions)
    recording.commit()
    recording.close()
    thread.join(10)
    assert taken == [False]
    with sessions() as session:
        assert set(session.scalars(select(Delivery.event))) == {OPENED, RESOLVED}


def test_a_channel_that_is_removed_at_this_moment_is_waited_for_and_left_out(
    sessions: SessionFactory, dora: Scope, finish_in, noon: datetime
) -> None:
    with sessions.begin() as session:
        down = finish_in(session, noon, Reason.TIMEOUT)
    removing = sessions()
    remove_channel(removing, dora, "webhook")

    def record() -> None:
        with sessions.begin() as session:
            checks.record(session, down, now=noon)

    thread = threading.Thread(target=record)
    thread.start()
    wait_until_blocked(sessions)
    removing.commit()
    removing.close()
    thread.join(10)
    with sessions() as session:
        assert count(session) == (2, 2, 0)
        assert set(session.scalars(select(Delivery.channel))) == {"mail"}


def test_a_removal_waits_for_the_incidents_that_are_being_written(
    sessions: SessionFactory, dora: Scope, finish_in, noon: datetime
) -> None:
    with sessions.begin() as session:
        down = finish_in(session, noon, Reason.TIMEOUT)
    recording = sessions()
    checks.record(recording, down, now=noon)

    def remove() -> None:
        with sessions.begin() as session:
            remove_channel(session, dora, "webhook")

    thread = threading.Thread(target=remove)
    thread.start()
    wait_until_blocked(sessions)
    recording.commit()
    recording.close()
    thread.join(10)
    with sessions() as session:
        given_up = session.execute(
            select(Delivery.state, Delivery.channel_id).where(Delivery.channel == "webhook")
        )
        assert given_up.all() == [("failed", None)] * 2


def wait_until_blocked(sessions: SessionFactory) -> None:
    """Until one connection waits for a lock of another: PostgreSQL says so itself."""
    blocked = text("SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0")
    for _ in range(10_000):
        with sessions() as session:
            if session.scalar(blocked):
                return
    raise AssertionError("nobody waits")


def test_a_new_team_begins_with_one_mail_channel(session, alice, noon) -> None:
    alerts.add_first_channel(session, alice.team.id, "alice@example.com", now=noon)
    first = session.scalars(select(Channel).where(Channel.team_id == alice.team.id)).one()
    assert (first.kind, first.target, first.enabled, first.secret) == (
        "mail",
        "alice@example.com",
        True,
        None,
    )

"""Claiming: in order, each by one at a time, and no receiver holds up the others."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.alerts import (
    Delivery,
    claim_deliveries,
    draft_channel,
    enqueue_mail,
    mark_failed,
    mark_sent,
    remove_channel,
    save_channel,
)
from emeter_core.alerts.claim import MOST_PER_CHANNEL
from emeter_core.incidents import Incident, acknowledge
from emeter_core.mail import Mail
from emeter_core.outbox.delivery import LEASE
from emeter_core.waiting import waiting_for_checker
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
STAGES = {"incident.opened": 0, "incident.acknowledged": 1, "incident.resolved": 2}


@pytest.fixture
def add(session: Session):  # noqa: ANN201 - a function
    """Add deliveries to a channel, the first due at `at`, each second one more."""

    def make(channel, at: datetime, number: int = 1, **values: object) -> list[uuid.UUID]:
        ids = [uuid.uuid4() for _ in range(number)]
        rows = [
            {
                "id": each,
                "team_id": channel.team_id,
                "channel_id": channel.id,
                "event": "incident.opened",
                "channel": channel.kind,
                "recipient": channel.target,
                "state": "pending",
                "next_attempt_at": at + index * SECOND,
                "inserted_at": at,
                **values,
            }
            for index, each in enumerate(ids)
        ]
        session.execute(insert(Delivery), rows)
        return ids

    return make


@pytest.fixture
def channels(session, charlie, vault, noon, mail_channel, webhook):  # noqa: ANN201 - channels
    """Two webhooks of two teams."""
    other = draft_channel("webhook", "https://charlie.example.com/")
    return webhook, save_channel(session, charlie, other, vault=vault, now=noon)


def test_nothing_is_claimed_of_nothing(session, claim, noon) -> None:
    assert claim(noon) == claim(noon, "webhook") == []
    assert not waiting_for_checker(session, now=noon).deliveries


def test_a_claim_says_all_that_a_sender_needs(
    session, alice, add_monitor, mail_channel, webhook, go_down, claim, deliveries, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    assert waiting_for_checker(session, now=noon).deliveries
    [claimed] = claim(noon, "webhook")
    row = next(each for each in deliveries() if each.channel == "webhook")
    assert claimed.id == row.id
    assert claimed.token == row.token
    assert (claimed.channel, claimed.event, claimed.recipient) == (
        "webhook",
        "incident.opened",
        webhook.target,
    )
    assert (claimed.attempt, claimed.team_id, claimed.channel_id) == (1, alice.team.id, webhook.id)
    assert claimed.incident_id == session.scalars(select(Incident.id)).one()
    assert (row.lease_until, row.next_attempt_at) == (noon + LEASE, noon + LEASE)
    assert row.state == "pending"


def test_what_is_claimed_is_not_claimed_again_until_its_lease_ends(
    session, add, webhook, claim, noon
) -> None:
    add(webhook, noon)
    [first] = claim(noon, "webhook")
    end = noon + timedelta(seconds=60)
    assert claim(end - MICROSECOND, "webhook") == []
    assert not waiting_for_checker(session, now=end - MICROSECOND).deliveries
    assert waiting_for_checker(session, now=end).deliveries
    [again] = claim(end, "webhook")
    assert again.id == first.id
    assert again.token != first.token
    assert again.attempt == 1


def test_what_is_due_later_is_left(session, add, webhook, claim, noon) -> None:
    add(webhook, noon + SECOND)
    assert claim(noon, "webhook") == []
    assert not waiting_for_checker(session, now=noon).deliveries


def test_each_kind_of_channel_is_claimed_by_itself(add, mail_channel, webhook, claim, noon) -> None:
    [mail], [hook] = add(mail_channel, noon), add(webhook, noon)
    assert [each.id for each in claim(noon, "mail")] == [mail]
    assert [each.id for each in claim(noon, "webhook")] == [hook]


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_what_is_settled_is_left(session, add, webhook, claim, noon, state: str) -> None:
    add(webhook, noon, state=state)
    assert claim(noon, "webhook") == []
    assert not waiting_for_checker(session, now=noon).deliveries


def test_no_more_are_claimed_than_asked_for_and_the_longest_due_first(
    session, alice, vault, claim, noon
) -> None:
    mails = [
        enqueue_mail(
            session,
            alice.user,
            Mail("a@example.com", str(number), "x"),
            "account.confirmation",
            vault=vault,
            now=noon - number * SECOND,
        ).id
        for number in range(5)
    ]
    assert {each.id for each in claim(noon, limit=2)} == set(mails[-2:])
    assert {each.id for each in claim(noon, limit=9)} == set(mails[:-2])


def test_mails_of_accounts_do_not_wait_for_each_other(session, alice, vault, claim, noon) -> None:
    for _ in range(10):
        mail = Mail("a@example.com", "x", "x")
        enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
    assert len(claim(noon)) == 10


def test_a_channel_has_at_most_two_under_way(add, channels, claim, noon) -> None:
    slow, other = channels
    queue = add(slow, noon - timedelta(hours=1), 10)
    [fast] = add(other, noon)
    first = claim(noon, "webhook")
    assert {each.id for each in first} == {*queue[:2], fast}
    assert claim(noon, "webhook") == []


def test_the_next_of_a_channel_is_claimed_when_one_is_done(session, add, webhook, claim, noon) -> None:
    queue = add(webhook, noon - timedelta(hours=1), 4)
    first, _second = claim(noon, "webhook")
    mark_sent(session, first, now=noon)
    assert [each.id for each in claim(noon, "webhook")] == [queue[2]]


def test_a_lease_that_ended_holds_no_place(add, webhook, claim, noon) -> None:
    queue = add(webhook, noon - timedelta(hours=1), 4)
    claim(noon, "webhook")
    later = claim(noon + LEASE, "webhook")
    assert len(later) == MOST_PER_CHANNEL
    assert {each.id for each in later} <= set(queue)


def test_the_end_is_not_told_before_the_beginning(
    session, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = come_back(go_down(noon))
    [beginning] = claim(later)
    assert beginning.event == "incident.opened"
    assert claim(later) == []
    mark_sent(session, beginning, now=later)
    [end] = claim(later)
    assert end.event == "incident.resolved"


def test_the_end_waits_while_the_beginning_is_tried_again(
    session, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = come_back(go_down(noon))
    [beginning] = claim(later)
    mark_failed(session, beginning, "busy", now=later)
    assert claim(later) == []
    [again] = claim(later + 7 * SECOND)
    assert (again.id, again.attempt) == (beginning.id, 2)


def test_the_end_is_told_once_the_beginning_was_given_up(
    session, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = come_back(go_down(noon))
    session.execute(update(Delivery).where(Delivery.event == "incident.opened").values(attempts=6))
    [beginning] = claim(later)
    mark_failed(session, beginning, "busy", now=later)
    assert [each.event for each in claim(later)] == ["incident.resolved"]


def test_the_ends_that_wait_hold_up_no_other_incident(
    session, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    for _ in range(3):
        add_monitor(down_after=1, up_after=1)
    later = come_back(go_down(noon))
    beginnings = claim(later) + claim(later)
    for each in beginnings:
        mark_failed(session, each, "busy", now=later)
    [third] = claim(later)
    assert third.event == "incident.opened"
    assert third.id not in {each.id for each in beginnings}


def test_of_the_same_moment_the_beginning_comes_first_and_the_end_last(
    session, alice, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    """Whatever the clocks of two processes say."""
    add_monitor(down_after=1, up_after=1)
    later = go_down(noon)
    acknowledge(session, alice, session.scalars(select(Incident)).one(), now=noon)
    come_back(later)
    session.execute(text("UPDATE deliveries SET inserted_at = :now, next_attempt_at = :now"), {"now": noon})
    for event in ("incident.opened", "incident.acknowledged", "incident.resolved"):
        [claimed] = claim(later)
        assert (claimed.event, claim(later)) == (event, [])
        mark_sent(session, claimed, now=later)


def test_an_end_waits_while_it_is_told_who_took_it(
    session, alice, add_monitor, mail_channel, go_down, come_back, claim, noon
) -> None:
    add_monitor(down_after=1, up_after=1)
    later = go_down(noon)
    [beginning] = claim(noon)
    mark_sent(session, beginning, now=noon)
    acknowledge(session, alice, session.scalars(select(Incident)).one(), now=noon)
    come_back(later)
    [taken] = claim(later)
    mark_failed(session, taken, "busy", now=later)
    assert claim(later) == []
    [again] = claim(later + 7 * SECOND)
    assert (again.id, again.event) == (taken.id, "incident.acknowledged")


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["claim", "sent", "failed", "gone"]), st.integers(0, 90)),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_happens_a_channel_is_told_in_order_and_of_two_at_once(
    session, alice, add_monitor, mail_channel, go_down, come_back, claim, deliveries, noon, steps
) -> None:
    with session.begin_nested() as undone:
        for _ in range(3):
            add_monitor(down_after=1, up_after=1)
        later = go_down(noon)
        for incident in session.scalars(select(Incident).limit(2)):
            acknowledge(session, alice, incident, now=noon)
        now = come_back(later)
        in_flight: list[tuple[datetime, object]] = []
        for what, seconds in steps:
            now += seconds * SECOND
            in_flight = [each for each in in_flight if each[0] > now]
            if what == "claim":
                in_flight += [(now + LEASE, each) for each in claim(now, limit=1 + seconds)]
            elif what == "gone":
                in_flight = in_flight[1:]  # its sender was killed; the lease goes on
            elif in_flight:
                claimed = in_flight.pop(0)[1]
                mark = mark_sent if what == "sent" else lambda *a, **k: mark_failed(*a, "no", **k)
                assert mark(session, claimed, now=now)
            rows = deliveries()
            under_way = [
                each for each in rows if each.state == "pending" and (each.lease_until or noon) > now
            ]
            assert len(under_way) <= MOST_PER_CHANNEL
            untold = [(each.incident_id, STAGES[each.event]) for each in rows if each.state == "pending"]
            waiting = [
                each
                for each in rows
                if any(each.incident_id == of and STAGES[each.event] > stage for of, stage in untold)
            ]
            assert all(
                (each.state, each.attempts, each.lease_until) == ("pending", 0, None) for each in waiting
            )
        undone.rollback()


# Below, two connections: on a database of their own.


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    engine = make_engine(database_url, name="tests", pool_size=3)
    yield make_session_factory(engine)
    engine.dispose()


def test_two_senders_claim_different_deliveries(sessions, vault, noon) -> None:
    with sessions.begin() as session:
        user = register_user(session, Registration("dora@example.com", "$2b$04$" + "x" * 53), now=noon)
        for _ in range(6):
            mail = Mail("a@example.com", "x", "x")
            enqueue_mail(session, user, mail, "account.confirmation", vault=vault, now=noon)
    with sessions() as one, sessions() as other:
        first = claim_deliveries(one, now=noon, limit=4, channel="mail")
        # What the other has locked is passed over, not waited for: another claim takes the rest.
        claim_deliveries(other, now=noon, limit=4, channel="mail")
        other.commit()
        one.commit()
        rest = claim_deliveries(other, now=noon, limit=9, channel="mail")
        other.commit()
    assert len(first) == 4
    assert not {each.id for each in first} & {each.id for each in rest}


def test_two_senders_together_take_two_of_a_channel(sessions, vault, noon) -> None:
    with sessions.begin() as session:
        user = register_user(session, Registration("dora@example.com", "$2b$04$" + "x" * 53), now=noon)
        scope = scope_of(session, user)
        remove_channel(session, scope, "webhook")
        channel = save_channel(
            session, scope, draft_channel("webhook", "https://hooks.example.com/"), vault=vault, now=noon
        )
        for _ in range(6):
            session.add(
                Delivery(
                    team_id=scope.team.id,
                    channel_id=channel.id,
                    event="incident.opened",
                    channel="webhook",
                    recipient="x",
                    state="pending",
                    next_attempt_at=noon,
                    inserted_at=noon,
                )
            )
    with sessions() as one, sessions() as other:
        taken = claim_deliveries(one, now=noon, limit=9, channel="webhook")
        meanwhile = claim_deliveries(other, now=noon, limit=9, channel="webhook")
        one.commit()
        other.commit()
        afterwards = claim_deliveries(other, now=noon, limit=9, channel="webhook")
        other.commit()
    assert (len(taken), meanwhile, afterwards) == (2, [], [])

"""What came of an attempt: sent once, tried again later, or given up."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from emeter_core.alerts import Channel, Delivery, enqueue_mail, mark_failed, mark_sent, remove_channel
from emeter_core.mail import Mail
from emeter_core.outbox.delivery import LEASE

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hooked(add_monitor, webhook, go_down, claim, noon):  # noqa: ANN201 - a claim
    """A delivery to the webhook, claimed."""
    add_monitor(down_after=1)
    go_down(noon)
    [claimed] = claim(noon, "webhook")
    return claimed


def fresh(session, claimed) -> Delivery:
    found = select(Delivery).where(Delivery.id == claimed.id)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def channel_of(session, claimed) -> Channel:
    found = select(Channel).where(Channel.id == claimed.channel_id)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def test_what_was_sent_is_sent(session, hooked, claim, noon) -> None:
    assert mark_sent(session, hooked, now=noon + SECOND)
    row = fresh(session, hooked)
    assert (row.state, row.attempts, row.sent_at) == ("sent", 1, noon + SECOND)
    assert (row.lease_until, row.token, row.error) == (None, None, None)
    assert claim(noon + timedelta(days=9), "webhook") == []


def test_it_is_sent_once(session, hooked, noon) -> None:
    mark_sent(session, hooked, now=noon)
    assert not mark_sent(session, hooked, now=noon + SECOND)
    assert not mark_failed(session, hooked, "late", now=noon + SECOND)
    assert fresh(session, hooked).sent_at == noon


def test_the_body_of_a_mail_is_erased_once_it_was_sent(session, alice, vault, claim, noon) -> None:
    mail = Mail("a@example.com", "Confirm", "https://link")
    row = enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
    assert row.body is not None
    assert b"link" not in row.body
    [claimed] = claim(noon)
    assert (claimed.team_id, claimed.channel_id, claimed.recipient) == (None, None, "a@example.com")
    mark_sent(session, claimed, now=noon)
    assert fresh(session, claimed).body is None


def test_a_failure_is_tried_again_with_growing_pauses_and_given_up_in_the_end(
    session, webhook, hooked, claim, noon
) -> None:
    now, claimed = noon, hooked
    waited = []
    for _ in range(6):
        assert mark_failed(session, claimed, "503 Service Unavailable", now=now)
        row = fresh(session, claimed)
        assert (row.state, row.error, row.token) == ("pending", "503 Service Unavailable", None)
        waited.append((row.next_attempt_at - now).total_seconds())
        now = row.next_attempt_at
        [claimed] = claim(now, "webhook")
    assert waited == [
        pytest.approx(rung, rel=0.2) for rung in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600)
    ]
    assert claimed.attempt == 7
    assert mark_failed(session, claimed, "503 Service Unavailable", now=now)
    row = fresh(session, claimed)
    assert (row.state, row.attempts, row.error) == ("failed", 7, "503 Service Unavailable")
    # Given up is this message, not the channel: the next incident is told again.
    assert channel_of(session, claimed).enabled


def test_a_receiver_that_asks_for_more_time_gets_it(session, hooked, claim, noon) -> None:
    mark_failed(session, hooked, "429", now=noon, retry_after=2 * MINUTE)
    assert claim(noon + 2 * MINUTE - SECOND, "webhook") == []
    assert len(claim(noon + 2 * MINUTE, "webhook")) == 1


def test_a_receiver_that_is_gone_switches_its_channel_off(
    session, add_monitor, webhook, go_down, claim, deliveries, noon
) -> None:
    for _ in range(4):
        add_monitor(down_after=1)
    go_down(noon)
    first, second = claim(noon, "webhook")
    assert mark_failed(session, first, "The receiver answered 410 Gone", now=noon + SECOND, permanent=True)
    channel = channel_of(session, first)
    assert (channel.enabled, channel.disabled_reason) == (False, "The receiver answered 410 Gone")
    assert channel.updated_at == noon + SECOND
    of_channel = [each for each in deliveries() if each.channel_id == webhook.id]
    assert [each.state for each in of_channel] == ["failed"] * 4
    assert {each.error for each in of_channel if each.id != first.id} == {
        "The channel was switched off: The receiver answered 410 Gone"
    }
    assert claim(noon + timedelta(days=1), "webhook") == []
    # The second was under way. If it did arrive, then it was sent.
    assert mark_sent(session, second, now=noon + SECOND)
    assert fresh(session, second).state == "sent"


def test_a_mail_of_an_account_that_nobody_takes_is_given_up_and_erased(
    session, alice, vault, claim, noon
) -> None:
    mail = Mail("nobody@example.com", "Confirm", "https://link")
    enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
    [claimed] = claim(noon)
    assert mark_failed(session, claimed, "550 no such user", now=noon, permanent=True)
    row = fresh(session, claimed)
    assert (row.state, row.body) == ("failed", None)


def test_who_is_too_late_changes_nothing(session, hooked, claim, noon) -> None:
    """The lease ended, another sender has the delivery now."""
    [second] = claim(noon + LEASE, "webhook")
    assert not mark_failed(session, hooked, "timed out", now=noon + LEASE)
    assert not mark_failed(session, hooked, "410", now=noon + LEASE, permanent=True)
    row = fresh(session, hooked)
    assert (row.token, row.attempts, row.error) == (second.token, 0, None)
    assert channel_of(session, hooked).enabled


def test_what_was_sent_too_late_was_sent_all_the_same(session, hooked, claim, noon) -> None:
    [second] = claim(noon + LEASE, "webhook")
    assert mark_sent(session, hooked, now=noon + LEASE)
    assert not mark_failed(session, second, "no", now=noon + LEASE)
    assert fresh(session, hooked).state == "sent"


def test_what_is_gone_is_neither_sent_nor_failed(session, hooked, noon) -> None:
    gone = hooked._replace(id=uuid.uuid4())
    assert not mark_sent(session, gone, now=noon)
    assert not mark_failed(session, gone, "x", now=noon)


def test_a_delivery_whose_channel_was_removed_is_not_tried_again(session, alice, hooked, claim, noon) -> None:
    remove_channel(session, alice, "webhook")
    assert not mark_failed(session, hooked, "timed out", now=noon)
    assert fresh(session, hooked).error == "The channel was removed."
    assert claim(noon + timedelta(days=1), "webhook") == []


@pytest.mark.parametrize("error", ["\0", "\ud800", "x" * 10_000, "", "näh\r\n"])
def test_whatever_a_receiver_says_can_be_stored(session, hooked, noon, error: str) -> None:
    assert mark_failed(session, hooked, error, now=noon)
    assert len(fresh(session, hooked).error or "") <= 500

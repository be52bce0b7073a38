"""What the scheduler asks at every tick: the same as what senders and workers would then find."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from emeter_core import trials
from emeter_core.alerts import claim_deliveries, enqueue_mail
from emeter_core.mail import Mail
from emeter_core.waiting import Waiting, waiting_for_checker

MINUTE = timedelta(minutes=1)


def test_nothing_waits_in_an_empty_house(session, noon) -> None:
    assert waiting_for_checker(session, now=noon) == Waiting(deliveries=False, channels=False, checks=False)


def test_a_delivery_waits_from_when_it_is_due_until_it_is_claimed(session, alice, vault, noon) -> None:
    enqueue_mail(session, alice.user, Mail("a@example.com", "x", "x"), "account.test", vault=vault, now=noon)
    assert not waiting_for_checker(session, now=noon - MINUTE).deliveries
    assert waiting_for_checker(session, now=noon).deliveries
    assert claim_deliveries(session, now=noon, limit=9, channel="mail")
    assert not waiting_for_checker(session, now=noon).deliveries
    # The lease is over, and nothing was marked.
    assert waiting_for_checker(session, now=noon + 2 * MINUTE).deliveries


@pytest.mark.parametrize(("kind", "field"), [("check", "checks"), ("channel", "channels")])
def test_a_trial_waits_until_it_is_taken_or_expires(
    session, alice, vault, noon, kind: str, field: str
) -> None:
    trials.ask(session, alice, kind, {}, vault=vault, now=noon)
    assert waiting_for_checker(session, now=noon)._asdict() == {
        "deliveries": False,
        "channels": kind == "channel",
        "checks": kind == "check",
    }
    assert not getattr(waiting_for_checker(session, now=noon + 11 * MINUTE), field)
    assert trials.take_trials(session, kind, now=noon, limit=9)
    assert not getattr(waiting_for_checker(session, now=noon), field)


def test_all_is_asked_in_one_statement(session, connection, noon) -> None:
    session.connection()
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    waiting_for_checker(session, now=noon)
    assert len(statements) == 1

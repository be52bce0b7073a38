"""Who was told what and when; and what is forgotten in the end."""

from datetime import timedelta

from sqlalchemy import select, update

from emeter_core.alerts import Delivery, enqueue_mail, list_deliveries, list_told, purge
from emeter_core.incidents import Incident
from emeter_core.mail import Mail

DAY = timedelta(days=1)


def test_the_deliveries_of_a_team_are_listed_newest_first(
    session, alice, add_monitor, mail_channel, webhook, go_down, come_back, noon
) -> None:
    add_monitor(name="Shop", down_after=1, up_after=1)
    come_back(go_down(noon))
    told = list_told(session, alice)
    listed = [(each.delivery.event, each.delivery.channel) for each in told]
    assert listed == [
        ("incident.resolved", "mail"),
        ("incident.resolved", "webhook"),
        ("incident.opened", "mail"),
        ("incident.opened", "webhook"),
    ]
    incident = session.scalars(select(Incident)).one()
    assert {(each.public_id, each.title) for each in told} == {(incident.public_id, "Shop")}
    assert len(list_told(session, alice, limit=3)) == 3


def test_those_of_one_incident_are_listed_alone(
    session, alice, add_monitor, mail_channel, go_down, noon
) -> None:
    add_monitor(down_after=1)
    add_monitor(down_after=1)
    go_down(noon)
    first, _second = session.scalars(select(Incident).order_by(Incident.id))
    [delivery] = list_deliveries(session, alice, incident_id=first.id)
    assert delivery.incident_id == first.id


def test_charlie_is_told_nothing_of_what_alice_was_told(
    session, charlie, add_monitor, mail_channel, go_down, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    incident = session.scalars(select(Incident)).one()
    assert list_told(session, charlie) == []
    assert list_deliveries(session, charlie, incident_id=incident.id) == []


def test_mails_of_accounts_are_nobodys_business(session, alice, vault, noon) -> None:
    mail = Mail("a@example.com", "x", "x")
    enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
    assert list_told(session, alice) == []


def test_what_was_settled_long_ago_is_purged(
    session, alice, vault, add_monitor, mail_channel, go_down, deliveries, noon
) -> None:
    add_monitor(down_after=1)
    go_down(noon)
    for state in ("sent", "pending"):
        mail = Mail("a@example.com", state, "x")
        row = enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
        row.state = state
    session.flush()
    assert purge(session, now=noon + 30 * DAY) == 0
    assert purge(session, now=noon + 31 * DAY) == 1
    session.execute(update(Delivery).where(Delivery.team_id.is_not(None)).values(state="failed"))
    assert purge(session, now=noon + 400 * DAY) == 0
    assert purge(session, now=noon + 401 * DAY) == 1
    assert session.scalars(select(Delivery.state)).all() == ["pending"]

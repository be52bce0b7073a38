"""What is put on the wire: mails that people read, webhooks that programs read, and no secret in either."""

import json
from datetime import UTC, timedelta
from email import message_from_bytes, policy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from standardwebhooks import Webhook

from emeter_core import alerts
from emeter_core.alerts import Channel, Delivery, MailOut, WebhookOut, mark_sent, remove_channel, render_test
from emeter_core.errors import NotFound
from emeter_core.incidents import Incident, acknowledge
from emeter_core.mail import Mail, message_of
from emeter_core.monitors import Monitor, cause_of, delete_monitor
from emeter_core.outbox.delivery import LEASE
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

MINUTE = timedelta(minutes=1)
BASE = "https://status.example.com"
ENDPOINT = "http://example.com/health?token=hush#part"


@pytest.fixture
def render(session, vault, noon):  # noqa: ANN201 - a function
    return lambda claimed, now=noon: alerts.render(session, claimed, vault=vault, base_url=BASE, now=now)


@pytest.fixture
def shop(session, add_monitor, mail_channel, webhook) -> Monitor:
    return add_monitor(name="Shop", target=ENDPOINT, down_after=1, up_after=1)


@pytest.fixture
def day(noon) -> str:
    """Today, as mails write it."""
    return f"{noon.day} {noon:%b %Y}"


@pytest.fixture
def link(session):  # noqa: ANN201 - a function
    return lambda: f"{BASE}/incidents/{session.scalars(select(Incident.public_id)).one()}"


@pytest.fixture
def up_again(session, shop, go_down, check, claim, noon):  # noqa: ANN201 - a function
    """Down at noon, told, and up again; returns the claim of the end, and how long it lasted."""

    def run(channel: str = "mail"):  # noqa: ANN202 - as above
        later = go_down(noon)
        for each in claim(noon, channel):
            mark_sent(session, each, now=noon)
        check(later)
        [claimed] = claim(later, channel)
        return claimed, later

    return run


def test_a_name_that_runs_to_the_left_does_not_turn_our_words_round(
    session, shop, go_down, claim, render, noon
) -> None:
    name = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED} 1"
    shop.name = name
    session.flush()
    go_down(noon)
    mail = render(claim(noon)[0]).mail
    by_itself = f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    assert mail.subject == f"Down: {by_itself}"
    assert mail.text.startswith(f"{by_itself} has been down since")
    assert f"{by_itself} is down" in mail.html


def test_the_mail_about_a_beginning_tells_what_since_when_and_why(
    shop, go_down, claim, render, link, day, noon
) -> None:
    go_down(noon)
    out = render(claim(noon)[0])
    assert isinstance(out, MailOut)
    assert (out.mail.to, out.mail.subject, out.mail.follows) == ("ops@example.com", "Down: Shop", None)
    for part in (out.mail.text, out.mail.html):
        assert f"12:00:00 UTC, {day}" in part
        assert "Connection refused by 192.0.2.71:80" in part
        assert "http://example.com/health?…" in part
        assert "3 ms" in part
        assert link() in part
        assert f"{BASE}/alerts" in part
    assert out.mail.text.startswith(f"Shop has been down since 12:00:00 UTC, {day}.\n\nConnection refused")


def test_the_mail_about_the_end_tells_how_long_it_lasted(session, up_again, render, link) -> None:
    claimed, later = up_again()
    lasted = f"{int((later.second + 60 * later.minute) // 60)} min" if later.minute else f"{later.second} s"
    out = render(claimed, later)
    assert out.mail.subject == f"Up again after {lasted}: Shop"
    opened = session.scalars(
        select(Delivery.id).where(Delivery.event == "incident.opened", Delivery.channel == "mail")
    ).one()
    assert out.mail.follows == opened
    for part in (out.mail.text, out.mail.html):
        assert "is up again after" in part
        assert "12:00:00 UTC" in part
        assert "Connection refused by 192.0.2.71:80" in part
        assert link() in part


def test_a_beginning_that_is_told_late_says_that_it_is_over(
    shop, go_down, come_back, claim, render, noon
) -> None:
    later = go_down(noon)
    come_back(later)
    out = render(claim(later)[0], later)
    assert out.mail.subject == "Down: Shop"
    assert f"It came back at {later:%H:%M:%S} UTC" in out.mail.text
    assert "It came back at" in out.mail.html


@pytest.fixture
def taken(session, alice, shop, go_down, claim, noon):  # noqa: ANN201 - a function
    """Down at noon, told, and taken a minute later; returns the claim of what tells so."""

    def run(channel: str = "mail"):  # noqa: ANN202 - as above
        go_down(noon)
        for each in claim(noon, channel):
            mark_sent(session, each, now=noon)
        acknowledge(session, alice, session.scalars(select(Incident)).one(), now=noon + MINUTE)
        [claimed] = claim(noon + MINUTE, channel)
        return claimed

    return run


def test_the_mail_about_who_took_it_tells_when_and_what_is_down_since_when(
    session, taken, render, link
) -> None:
    out = render(taken())
    opened = session.scalars(
        select(Delivery.id).where(Delivery.event == "incident.opened", Delivery.channel == "mail")
    ).one()
    assert (out.mail.to, out.mail.subject, out.mail.follows) == (
        "ops@example.com",
        "Acknowledged: Shop",
        opened,
    )
    for part in (out.mail.text, out.mail.html):
        assert "alice@example.com acknowledged" in part
        assert "12:01:00 UTC" in part
        assert "Down since" in part
        assert "12:00:00 UTC" in part
        assert "Connection refused by 192.0.2.71:80" in part
        assert "came back" not in part
        assert link() in part
        assert f"{BASE}/alerts" in part
    assert out.mail.text.startswith("alice@example.com acknowledged at 12:01:00 UTC, ")


def test_that_somebody_took_it_is_told_late_with_its_end(
    session, alice, shop, taken, render, come_back, noon
) -> None:
    claimed = taken()
    delete_monitor(session, alice, shop, now=noon + 6 * MINUTE)
    for part in (render(claimed).mail.text, render(claimed).mail.html):
        assert "Shop was down" in part
        assert "It was deleted at 12:06:00 UTC" in part
        assert "after 6 min" in part


def test_a_webhook_says_who_took_it_and_when(taken, render, noon) -> None:
    body = json.loads(render(taken("webhook")).body)
    assert (body["type"], body["timestamp"]) == ("incident.acknowledged", f"{noon:%Y-%m-%d}T12:01:00Z")
    incident = body["data"]["incident"]
    assert (incident["state"], incident["acknowledged_by"], incident["acknowledged_at"]) == (
        "open",
        "alice@example.com",
        body["timestamp"],
    )


def test_who_took_it_may_be_gone_since(session, taken, render) -> None:
    claimed = taken()
    session.execute(update(Incident).values(acknowledged_by=None))
    mail = render(claimed).mail
    assert mail.text.startswith("Somebody acknowledged at 12:01:00 UTC")
    assert "Somebody acknowledged" in mail.html


def test_what_was_expected_is_told_in_the_words_of_the_pages(
    session, shop, go_down, claim, render, noon
) -> None:
    go_down(noon)
    seen = {"code": 503, "expected": {"codes": "200-299"}}
    session.execute(update(Incident).values(cause="unexpected_code", evidence=seen))
    mail, hook = render(claim(noon)[0]).mail, json.loads(render(claim(noon, "webhook")[0]).body)
    said = "503 instead of 200–299"
    assert said in mail.text
    assert said in mail.html
    assert hook["data"]["incident"]["cause_text"] == said == cause_of(shop, "unexpected_code", seen)


def test_of_a_deleted_monitor_it_is_told_that_it_was_deleted(
    session, alice, shop, go_down, claim, render, noon
) -> None:
    go_down(noon)
    for channel in ("mail", "webhook"):
        for each in claim(noon, channel):
            mark_sent(session, each, now=noon)
    delete_monitor(session, alice, shop, now=noon + 6 * MINUTE)
    [mail], [hook] = claim(noon + 6 * MINUTE), claim(noon + 6 * MINUTE, "webhook")
    out = render(mail)
    assert out.mail.subject == "Deleted while down: Shop"
    for part in (out.mail.text, out.mail.html):
        assert "Shop was deleted while it was down" in part
        assert "up again" not in part.lower()
    data = json.loads(render(hook).body)["data"]
    assert data["monitor"] == {"id": None, "name": "Shop", "deleted": True}
    assert (data["incident"]["resolution"], data["incident"]["duration_seconds"]) == ("deleted", 360.0)


def test_a_beginning_that_is_told_after_the_monitor_was_deleted_says_so(
    session, alice, shop, go_down, claim, render, noon
) -> None:
    go_down(noon)
    delete_monitor(session, alice, shop, now=noon + MINUTE)
    text_of = render(claim(noon + MINUTE)[0]).mail.text
    assert "It was deleted at 12:01:00 UTC, " in text_of


def test_a_webhook_says_the_same_for_programs(shop, go_down, claim, render, link, noon) -> None:
    go_down(noon)
    out = render(claim(noon, "webhook")[0])
    assert isinstance(out, WebhookOut)
    body = json.loads(out.body)
    assert (body["type"], body["timestamp"]) == ("incident.opened", f"{noon:%Y-%m-%d}T12:00:00Z")
    data = body["data"]
    assert (data["version"], data["url"]) == (1, link())
    incident = data["incident"]
    assert link().endswith(incident["id"])
    assert incident == {
        "id": incident["id"],
        "title": "Shop",
        "state": "open",
        "cause": "connection_refused",
        "cause_text": "Connection refused by 192.0.2.71:80",
        "started_at": f"{noon:%Y-%m-%d}T12:00:00Z",
        "confirmed_at": f"{noon:%Y-%m-%d}T12:00:00Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "resolution": None,
        "duration_seconds": None,
        "evidence": {
            "address": "192.0.2.71",
            "code": None,
            "error": "refused",
            "phases": {"dns": 1000, "connect": 2000, "tls": 0, "wait": 0, "transfer": 0},
        },
    }
    assert data["monitor"] == {
        "id": str(shop.public_id),
        "name": "Shop",
        "deleted": False,
        "kind": "http",
        "target": "http://example.com/health?…",
        "status": "down",
        "url": f"{BASE}/monitors/{shop.public_id}",
    }


def test_a_webhook_about_the_end_has_its_length(session, up_again, render, noon) -> None:
    claimed, later = up_again("webhook")
    body = json.loads(render(claimed, later).body)
    assert body["type"] == "incident.resolved"
    incident = body["data"]["incident"]
    assert (incident["state"], incident["resolution"]) == ("resolved", "recovered")
    assert incident["duration_seconds"] == (later - noon).total_seconds()
    assert body["data"]["monitor"]["status"] == "up"


def test_what_signs_a_webhook_is_what_its_receiver_checks_with(
    session, shop, go_down, claim, render, vault, noon
) -> None:
    go_down(noon)
    out = render(claim(noon, "webhook")[0], noon + MINUTE / 8)
    channel = session.scalars(select(Channel).where(Channel.kind == "webhook")).one()
    assert out.secret == alerts.open_secret(channel, vault)
    assert out.url == channel.target
    assert out.timestamp == int((noon + MINUTE / 8).timestamp())
    # The receiver's own package takes the secret as it stands.
    signed = Webhook(out.secret).sign(str(out.id), noon.astimezone(UTC), out.body.decode())
    assert signed.startswith("v1,")
    assert "whsec" not in repr(out)


def test_no_channel_carries_what_a_server_sent_or_a_target_hides(shop, go_down, claim, render, noon) -> None:
    go_down(noon)
    mail, hook = render(claim(noon)[0]).mail, render(claim(noon, "webhook")[0]).body.decode()
    for sent in (mail.text, mail.html, hook):
        assert "hush" not in sent
        assert "#part" not in sent


def test_times_are_those_of_the_team(session, alice, shop, go_down, claim, render, day, noon) -> None:
    alice.team.time_zone = "Asia/Kolkata"
    session.flush()
    go_down(noon)
    assert f"17:30:00 IST, {day}" in render(claim(noon)[0]).mail.text


def test_a_time_zone_that_nobody_knows_any_more_is_utc(
    session, alice, shop, go_down, claim, render, noon
) -> None:
    alice.team.time_zone = "../Mars"
    session.flush()
    go_down(noon)
    assert "12:00:00 UTC" in render(claim(noon)[0]).mail.text


def test_names_cannot_speak_html(session, shop, go_down, claim, render, noon) -> None:
    go_down(noon)
    session.execute(update(Incident).values(title='<img src=x onerror="alert(1)">'))
    mail = render(claim(noon)[0]).mail
    assert "<img" not in mail.html
    assert "&lt;img" in mail.html
    assert '<img src=x onerror="alert(1)">' in mail.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
    | st.sampled_from(["Shop\r\nBcc: evil@example.com", "a\x85b", "a\u2028Bcc: x@y", "\x0bX: y", "näh 🦉"])
)
def test_no_name_makes_a_header_of_its_own(session, shop, go_down, claim, render, noon, name: str) -> None:
    with session.begin_nested() as undone:
        go_down(noon)
        session.execute(update(Incident).values(title=name))
        out = render(claim(noon)[0])
        message = message_of(out.mail, sender="E-Meter <e@example.com>", message_id=out.id, date=noon)
        read = message_from_bytes(message.as_bytes(), policy=policy.default)
        undone.rollback()
    assert set(read.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    assert (str(read["To"]), str(read["From"])) == ("ops@example.com", "E-Meter <e@example.com>")
    assert str(read["Subject"]).startswith("Down:")


def test_a_mail_of_an_account_is_sent_as_it_was_written(session, alice, vault, claim, render, noon) -> None:
    mail = Mail("new@example.com", "Grüße", "https://link\n", "<p>https://link</p>")
    row = alerts.enqueue_mail(session, alice.user, mail, "account.confirmation", vault=vault, now=noon)
    [claimed] = claim(noon)
    assert render(claimed) == MailOut(row.id, mail)
    with pytest.raises(UserError, match="cannot be read"):
        alerts.render(
            session, claimed, vault=Vault("another key of the tests, long enough"), base_url=BASE, now=noon
        )


def test_what_was_settled_meanwhile_is_not_rendered(session, shop, go_down, claim, render, noon) -> None:
    go_down(noon)
    [claimed] = claim(noon)
    mark_sent(session, claimed, now=noon)
    with pytest.raises(NotFound):
        render(claimed)


def test_what_another_sender_has_now_is_not_rendered(shop, go_down, claim, render, noon) -> None:
    go_down(noon)
    [late], _ = claim(noon), claim(noon + LEASE)
    with pytest.raises(NotFound):
        render(late)


def test_what_belongs_to_a_removed_channel_is_not_rendered(
    session, alice, shop, go_down, claim, render, noon
) -> None:
    go_down(noon)
    [claimed] = claim(noon, "webhook")
    remove_channel(session, alice, "webhook")
    with pytest.raises(NotFound):
        render(claimed)


def test_what_went_with_its_team_is_not_rendered(session, alice, shop, go_down, claim, render, noon) -> None:
    go_down(noon)
    [claimed] = claim(noon)
    session.execute(text("DELETE FROM teams WHERE id = :id"), {"id": alice.team.id})
    with pytest.raises(NotFound):
        render(claimed)


def test_a_test_of_a_mail_channel_says_what_it_is(alice, noon) -> None:
    out = render_test("mail", "ops@example.com", "", test_id=alice.team.id, base_url=BASE, now=noon)
    assert isinstance(out, MailOut)
    assert (out.id, out.mail.to) == (alice.team.id, "ops@example.com")
    assert out.mail.subject == "Test: alerts reach this address"
    assert f"{BASE}/alerts" in out.mail.text
    assert "ops@example.com" in out.mail.html


def test_a_test_of_a_webhook_is_sent_like_an_alert(alice, noon) -> None:
    hook = "https://hooks.example.com/"
    out = render_test("webhook", hook, "whsec_AAAA", test_id=alice.team.id, base_url=BASE, now=noon)
    assert isinstance(out, WebhookOut)
    assert (out.id, out.url, out.secret, out.timestamp) == (
        alice.team.id,
        hook,
        "whsec_AAAA",
        int(noon.timestamp()),
    )
    assert json.loads(out.body) == {
        "type": "channel.test",
        "timestamp": f"{noon:%Y-%m-%d}T12:00:00Z",
        "data": {"version": 1, "url": f"{BASE}/alerts"},
    }

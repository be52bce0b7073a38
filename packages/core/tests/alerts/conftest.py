"""Channels, and monitors that go down and come back by way of real checks."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.orm import Session

from emeter_core import alerts, checks
from emeter_core.alerts import Channel, Claimed, Delivery, draft_channel, save_channel
from emeter_core.checks import Finished
from emeter_core.outcome import Outcome, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault

HOOK = "https://hooks.example.com/e-meter"
EVIDENCE = {
    "url": "http://example.com/?token=hush",
    "address": "192.0.2.71",
    "error": "refused",
    "headers": [["Set-Cookie", "session=hush"]],
    "body": "hush",
    "phases": {"dns": 1000, "connect": 2000, "tls": 0, "wait": 0, "transfer": 0},
}


@pytest.fixture
def mail_channel(session: Session, alice: Scope, vault: Vault, noon: datetime) -> Channel:
    return save_channel(session, alice, draft_channel("mail", "ops@example.com"), vault=vault, now=noon)


@pytest.fixture
def webhook(session: Session, alice: Scope, vault: Vault, noon: datetime) -> Channel:
    return save_channel(session, alice, draft_channel("webhook", HOOK), vault=vault, now=noon)


@pytest.fixture
def check(session: Session) -> Callable[..., list[Finished]]:
    """Check whatever is due at `now`, and record it."""

    def run(now: datetime, reason: Reason = Reason.OK) -> list[Finished]:
        batch = finished(session, now, reason)
        assert batch
        checks.record(session, batch, now=now)
        return batch

    return run


@pytest.fixture
def go_down(session: Session, check) -> Callable[[datetime], datetime]:
    """All monitors (of `down_after=1`) fail at `now`; returns when they are checked next."""

    def run(now: datetime) -> datetime:
        check(now, Reason.CONNECTION_REFUSED)
        return next_slot(session)

    return run


@pytest.fixture
def come_back(session: Session, check) -> Callable[[datetime], datetime]:
    """All monitors (of `up_after=1`) are well at `now`; returns when they are checked next."""

    def run(now: datetime) -> datetime:
        check(now)
        return next_slot(session)

    return run


@pytest.fixture
def statements(connection: Connection) -> list[str]:
    """The statements that were run since."""
    seen: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        seen.append(statement)

    return seen


@pytest.fixture
def finish(session: Session) -> Callable[..., list[Finished]]:
    """Make the checks that are due at `now`, without recording them."""
    return lambda now, reason=Reason.OK: finished(session, now, reason)


@pytest.fixture
def deliveries(session: Session) -> Callable[[], Sequence[Delivery]]:
    """All deliveries about incidents as they are now, in the order in which they are told."""
    found = select(Delivery).where(Delivery.team_id.is_not(None))
    ordered = found.order_by(Delivery.inserted_at, Delivery.event, Delivery.channel, Delivery.id)
    return lambda: session.scalars(ordered.execution_options(populate_existing=True)).all()


@pytest.fixture
def told(deliveries) -> Callable[[], list[tuple[str, str, str]]]:
    """Event, channel and state of each delivery."""
    return lambda: [(each.event, each.channel, each.state) for each in deliveries()]


@pytest.fixture
def claim(session: Session) -> Callable[..., list[Claimed]]:
    """Claim what is due of a kind of channel."""

    def run(now: datetime, channel: str = "mail", limit: int = 100) -> list[Claimed]:
        return alerts.claim_deliveries(session, now=now, limit=limit, channel=channel)

    return run


def finished(session: Session, now: datetime, reason: Reason) -> list[Finished]:
    """What the checks that are due at `now` find."""
    hint = checks.claim_due(
        session, location_id=1, after=now - timedelta(days=9), until=now, limit=999, now=now
    )
    taken = checks.take(session, hint, process_id=uuid.uuid4(), now=now)
    evidence = {} if reason is Reason.OK else EVIDENCE
    return [Finished(claim, Outcome(reason, address="192.0.2.71", evidence=evidence), now) for claim in taken]


def next_slot(session: Session) -> datetime:
    """When the last of all monitors is checked next."""
    found: datetime = session.execute(text("SELECT max(next_slot) FROM probes")).scalar_one()
    return found

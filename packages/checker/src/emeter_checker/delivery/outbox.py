"""The outbox carried out: deliveries of one kind of channel, claimed, sent and marked."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from emeter_checker.delivery.carriers import Carrier
from emeter_checker.delivery.lane import Lane
from emeter_checker.delivery.results import DeliveryError
from emeter_core import alerts
from emeter_core.alerts import ChannelKind, Claimed, MailOut, WebhookOut
from emeter_core.errors import NotFound
from emeter_core.logs import get_logger
from emeter_core.metrics.buckets import LONG_US, Buckets
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory
from emeter_storage.errors import UserError

_log = get_logger(__name__)

_LEASE_S = 55.0
"""A little less than the lease of a claim: whoever marks later might meet another sender."""

_MICROSECOND = timedelta(microseconds=1)

Content = MailOut | WebhookOut | DeliveryError


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery and what is to be sent for it, or why that could not be made."""

    claimed: Claimed
    content: Content
    until: float
    """When the lease ends, of `time.monotonic()`."""


class OutboxLane(Lane[Parcel]):
    """The deliveries of one kind of channel. At least once each: marked after they were sent."""

    def __init__(
        self,
        kind: ChannelKind,
        carrier: Carrier,
        sessions: SessionFactory,
        clock: DatabaseClock,
        vault: Vault,
        *,
        base_url: str,
        hands: int,
    ) -> None:
        self.name = kind.value
        super().__init__(sessions, clock, hands=hands)
        self._kind = kind
        self._carrier = carrier
        self._vault = vault
        self._base_url = base_url
        self._counting = Lock()
        self.lateness = Buckets(LONG_US)
        self.sent = 0
        self.failed = 0

    def take(self, session: Session, *, limit: int, now: datetime) -> Sequence[Parcel]:
        """Claim what is due and make its texts, from what is true now."""
        until = time.monotonic() + _LEASE_S
        claimed = alerts.claim_deliveries(session, now=now, limit=limit, channel=self._kind)
        made = ((each, self._render(session, each, now)) for each in claimed)
        return [Parcel(each, content, until) for each, content in made if content is not None]

    def carry_out(self, item: Parcel) -> None:
        """Send one delivery and mark what came of it."""
        try:
            self._send(item.content)
        except DeliveryError as error:
            self._note_failure(item, error)
        else:
            now = self._clock.now()
            self._count(item.claimed, now)
            self.write(partial(alerts.mark_sent, claimed=item.claimed, now=now), until=item.until)

    def _count(self, claimed: Claimed, now: datetime) -> None:
        """Count what was sent; many hands send at once."""
        late_us = 0 if claimed.inserted_at is None else (now - claimed.inserted_at) // _MICROSECOND
        with self._counting:
            self.sent += 1
            self.lateness.add(max(0, late_us))

    def _render(self, session: Session, claimed: Claimed, now: datetime) -> Content | None:
        """What is to be sent, or why it cannot be made; None where that is no longer wanted."""
        try:
            return alerts.render(session, claimed, vault=self._vault, base_url=self._base_url, now=now)
        except DBAPIError:
            raise
        except NotFound:
            return None
        except UserError as error:
            return DeliveryError(str(error))
        except Exception:  # noqa: BLE001 - one that cannot be made must not keep the others from being sent
            _log.exception("a delivery cannot be rendered", delivery=str(claimed.id))
            return DeliveryError("The message could not be made, because of an error of ours")

    def _send(self, content: Content) -> None:
        if isinstance(content, DeliveryError):
            raise content
        try:
            self._carrier(content)
        except DeliveryError:
            raise
        except Exception:  # noqa: BLE001 - it is an attempt that failed, and is tried again as such
            _log.exception("a delivery broke", delivery=str(content.id))
            raise DeliveryError("The message could not be sent, because of an error of ours") from None

    def _note_failure(self, item: Parcel, error: DeliveryError) -> None:
        claimed = item.claimed
        now = self._clock.now()
        with self._counting:
            self.failed += 1
        _log.warning(
            "a delivery failed",
            delivery=str(claimed.id),
            channel=claimed.channel,
            attempt=claimed.attempt,
            error=str(error),
        )
        self.write(
            partial(
                alerts.mark_failed,
                claimed=claimed,
                error=error.text,
                now=now,
                permanent=error.permanent,
                retry_after=error.retry_after,
            ),
            until=item.until,
        )

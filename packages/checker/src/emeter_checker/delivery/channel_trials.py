"""Channels that somebody tries from a page: a test message, sent at once, and what came of it."""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from emeter_checker.delivery.carriers import Carriers
from emeter_checker.delivery.lane import Lane
from emeter_checker.delivery.results import DeliveryError, Receipt
from emeter_core import trials
from emeter_core.alerts import ChannelKind, render_test
from emeter_core.logs import get_logger
from emeter_core.trials import Trial, TrialKind
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory
from emeter_storage.errors import UserError

_log = get_logger(__name__)

_PATIENCE_S = 60.0
"""How long a database that is away is waited for: nobody looks at the page for longer."""


class ChannelTrialLane(Lane[Trial]):
    """The tests of channels. At most once each: somebody waits for the answer, and can ask again."""

    name = "trials"

    def __init__(
        self,
        carriers: Carriers,
        sessions: SessionFactory,
        clock: DatabaseClock,
        vault: Vault,
        *,
        base_url: str,
        hands: int,
    ) -> None:
        super().__init__(sessions, clock, hands=hands)
        self._carriers = carriers
        self._vault = vault
        self._base_url = base_url

    def take(self, session: Session, *, limit: int, now: datetime) -> Sequence[Trial]:
        """Take the tests that wait."""
        return trials.take_trials(session, TrialKind.CHANNEL, now=now, limit=limit)

    def carry_out(self, item: Trial) -> None:
        """Send one test message and write the answer."""
        began = time.monotonic()
        try:
            receipt: Receipt | DeliveryError = self._try(item)
        except DeliveryError as error:
            receipt = error
        except Exception:  # noqa: BLE001 - whoever waits is told
            _log.exception("a trial broke", trial=str(item.id))
            receipt = DeliveryError("The test could not be made, because of an error of ours")
        ended = time.monotonic()
        answer = {
            "ok": isinstance(receipt, Receipt),
            "text": receipt.text,
            "code": receipt.code or None,
            "ms": round((ended - began) * 1000),
        }
        now = self._clock.now()
        self.write(
            partial(trials.answer, trial_id=item.id, answer=answer, now=now), until=ended + _PATIENCE_S
        )

    def _try(self, trial: Trial) -> Receipt:
        try:
            payload = trials.payload_of(trial, self._vault)
        except UserError as error:
            raise DeliveryError(str(error)) from None
        kind = ChannelKind(payload["kind"])
        message: Any = render_test(
            kind,
            payload["target"],
            payload.get("secret") or "",
            test_id=uuid.uuid4(),
            base_url=self._base_url,
            now=self._clock.now(),
        )
        return self._carriers[kind](message)

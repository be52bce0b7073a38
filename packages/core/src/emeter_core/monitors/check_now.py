"""A check that somebody asks for, beside the schedule: one at a time, so that we are nobody's weapon."""

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.claim import ClaimKind
from emeter_core.checks.schedule import LEASE_BEYOND_TIMEOUT
from emeter_core.checks.slots import slot_at
from emeter_core.errors import NotFound
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.lock import lock_monitor
from emeter_core.monitors.monitor import Monitor
from emeter_core.scope import Scope

PAUSE = timedelta(seconds=2)
"""From the begin of a check, also one of the schedule, until another may be asked for."""


class CheckNow(NamedTuple):
    """What becomes of the wish: the slot of the check that answers it, and whether it was added for it.

    No slot: the monitor is paused. `is_open` says whether the result of that check is still to come.
    """

    slot: datetime | None
    is_new: bool
    is_open: bool = True

    @property
    def words(self) -> str:
        """What there is to say of the monitor, to go behind its name."""
        if not self.is_open:
            return f"was checked less than {PAUSE.seconds} seconds ago"
        return "is being checked" if self.is_new else "is being checked already"


# A last slot far ahead of now is that of a clock that has been set back since: nobody waits for it.
_UNDER_WAY = text(f"""
SELECT slot, is_open FROM (
  SELECT c.slot, true AS is_open FROM claims c JOIN probes p ON p.id = c.probe_id
  WHERE p.monitor_id = :monitor_id AND (c.kind = '{ClaimKind.NOW}' OR (c.slot > :since AND c.slot <= :now))
  UNION ALL
  SELECT last_slot, false FROM probes
  WHERE monitor_id = :monitor_id AND last_slot > :since AND last_slot < :now + CAST(:pause AS interval)
) AS begun
ORDER BY slot DESC, is_open DESC LIMIT 1
""")  # noqa: S608 - made of our own constants

_ADD = text("""
INSERT INTO claims (probe_id, slot, lease_until, token, kind)
SELECT id, :slot, CAST(:slot AS timestamptz) + timeout_ms * interval '1 millisecond' + :beyond, :token, :kind
FROM probes WHERE monitor_id = :monitor_id
ON CONFLICT DO NOTHING
""")


def check_monitor_now(session: Session, scope: Scope, monitor: Monitor, *, now: datetime) -> CheckNow:
    """Ask for a check: while one that was asked for is open, or any began within `PAUSE`, that is the answer.

    Raises NotFound where there is nothing to ask, as of a heartbeat.
    """
    # The turnstile: of many who ask at once, each sees what those before it have added.
    monitor = lock_monitor(session, scope, monitor)
    if not KINDS[monitor.kind].is_polled:
        raise NotFound("A heartbeat is not checked: it reports by itself.")
    if monitor.paused_at is not None:
        return CheckNow(None, is_new=False, is_open=False)
    values = {"monitor_id": monitor.id, "now": now, "since": now - PAUSE, "pause": PAUSE}
    begun = session.execute(_UNDER_WAY, values).one_or_none()
    if begun is not None:
        return CheckNow(begun.slot, is_new=False, is_open=begun.is_open)
    return CheckNow(_add(session, monitor, slot_at(now)), is_new=True)


def _add(session: Session, monitor: Monitor, slot: datetime) -> datetime:
    values = {
        "slot": slot,
        "token": uuid.uuid4(),
        "kind": ClaimKind.NOW.value,
        "monitor_id": monitor.id,
        "beyond": LEASE_BEYOND_TIMEOUT,
    }
    session.execute(_ADD, values)
    return slot

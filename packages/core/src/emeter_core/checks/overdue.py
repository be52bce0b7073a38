"""What is overdue, as after a restart or an import: caught up with at a pace, by all schedulers together.

Where no interval is longer than 60 s, no second has more than twice the usual number of checks. What is
checked more rarely is caught up with in a minute, however few of it are usual in a second.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.schedule import Hint, claim_due

_LEAST_PER_SECOND, _ALWAYS_AT_ONCE = 5.0, 5
"""Slower than this nobody need be: what a person has just added or resumed is checked at once."""

_SAVED_AT_MOST, _FORGOTTEN_AFTER = timedelta(seconds=0.6), timedelta(seconds=2)
"""What of the pace was not used longer ago is lost. A scheduler ticks every half second."""

_MOST_AT_ONCE = 20_000

# Of schedulers at once one catches up, the others have their turn at another tick.
_PACED_UNTIL = text("SELECT paced_until FROM locations WHERE id = :location_id FOR NO KEY UPDATE SKIP LOCKED")

_USE = text("UPDATE locations SET paced_until = :paced_until WHERE id = :location_id")

# What falls due meanwhile comes besides, so this is four tenths of it. Workers hear of it late, and slots are
# uneven: with six tenths a second after one jump had 51 checks where 25 are usual, with five 62 where 30 are.
# Nobody waits longer than an interval, as then the next slot comes; nor than a minute, for those whose slots
# are rarer: of these a sixtieth comes in every second, however many are usual.
_PACE = text("""
SELECT coalesce(sum(CASE WHEN interval_ms <= 60000 THEN 400.0 / interval_ms ELSE 1.0 / 60 END), 0)
FROM probes WHERE enabled AND location_id = :location_id
""")


def claim_overdue(session: Session, *, location_id: int, until: datetime, now: datetime) -> list[Hint]:
    """Claim slots up to `now`, the oldest first, as many as the pace allows to all schedulers together.

    Where there are more, those whose probes' next slots come by `until` give way to these.
    """
    row = session.execute(_PACED_UNTIL, {"location_id": location_id}).one_or_none()
    few = _room(row[0], _LEAST_PER_SECOND, now) if row else 0
    if row is None or not few:
        return []
    hint = _claim(session, location_id, few, now)
    if len(hint.claims) < few:
        _use(session, location_id, row[0], _LEAST_PER_SECOND, len(hint.claims), now)
        return [hint]
    # More of them than a person adds by hand: reckoned with only now, as it reads all probes.
    pace = max(_LEAST_PER_SECOND, float(session.execute(_PACE, {"location_id": location_id}).scalar_one()))
    more = _claim(session, location_id, max(0, _room(row[0], pace, now) - few), now)
    _use(session, location_id, row[0], pace, few + len(more.claims), now)
    ahead = claim_due(session, location_id=location_id, until=until, limit=_MOST_AT_ONCE, now=now, ahead=True)
    return [hint, more, ahead]


def _claim(session: Session, location_id: int, limit: int, now: datetime) -> Hint:
    return claim_due(session, location_id=location_id, until=now, limit=limit, now=now)


def _use(
    session: Session, location_id: int, paced_until: datetime | None, pace: float, claimed: int, now: datetime
) -> None:
    """Write down how much of `pace` is used."""
    if claimed:
        used = _since(paced_until, pace, now) + timedelta(seconds=claimed / pace)
        session.execute(_USE, {"location_id": location_id, "paced_until": used})


def _room(paced_until: datetime | None, pace: float, now: datetime) -> int:
    """How many checks `pace` (per second) has left by `now`."""
    return int((now - _since(paced_until, pace, now)).total_seconds() * pace + 1e-6)


def _since(paced_until: datetime | None, pace: float, now: datetime) -> datetime:
    """From when on the pace is not used."""
    at_once = timedelta(seconds=_ALWAYS_AT_ONCE / pace)
    # Out of nothing few begin; it lies ahead where the clock was set back.
    if paced_until is None or not now - _FORGOTTEN_AFTER < paced_until <= now:
        return now - at_once
    return max(paced_until, now - max(_SAVED_AT_MOST, at_once))

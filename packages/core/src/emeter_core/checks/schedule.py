"""What the scheduler asks of the database: slots claimed, hinted at, recovered. Each one statement."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.claim import ClaimKind
from emeter_core.checks.slots import sql_slot, sql_slot_after, sql_turn
from emeter_core.checks.stretches import SQL_STRETCHES, sql_write_gaps
from emeter_storage.statements import affected_rows

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LEASE_BEYOND_TIMEOUT = timedelta(seconds=5)
HINT_AGAIN_AFTER = timedelta(seconds=2)
"""A hint that nobody took is given again: the queue may have lost it."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Claims that fall due: what is put in the queue of a location. Slots in microseconds since 1970."""

    token: uuid.UUID
    claims: list[tuple[int, int]]
    missed: int = 0
    """Slots that became gaps in the same statement, as they were found too late."""

    @classmethod
    def none(cls) -> "Hint":
        """A hint at nothing."""
        return cls(uuid.UUID(int=0), [])


_US = "(extract(epoch FROM {0}) * 1000000)::bigint"

# A slot found later than its interval was missed: the newest one that is not takes its place, and all
# before it become a gap. Where we claim ahead, an overdue slot gives way to the next one when that comes,
# so that nobody waits for longer than an interval; the first of a monitor is then put off, and not missed.
_NOW_LESS = ":now - interval_ms * interval '1 millisecond'"
_BEFORE = sql_turn("id", "interval_ms", "slot - interval '1 millisecond'")

_NEXT = sql_slot_after("id", "interval_ms", ":now")

_CLAIM = f"""
WITH due AS MATERIALIZED (
  SELECT id, next_slot, last_slot, interval_ms, timeout_ms, failures
  FROM probes
  WHERE enabled AND location_id = :location_id AND next_slot > :after AND next_slot <= :until
    AND (next_slot > :now OR NOT :ahead OR {_NEXT} <= :until)
  ORDER BY next_slot LIMIT :limit
  FOR NO KEY UPDATE SKIP LOCKED
), cut AS (
  SELECT *, CASE WHEN :ahead AND next_slot <= :now THEN {_NEXT}
    WHEN next_slot > {_NOW_LESS} THEN next_slot
    ELSE {sql_slot_after("id", "interval_ms", _NOW_LESS)} END AS slot
  FROM due
), passed AS (
  SELECT id AS probe_id, interval_ms, next_slot AS first_slot,
    {_BEFORE} - {sql_turn("id", "interval_ms", "next_slot")} + 1 AS count,
    greatest(next_slot, {sql_slot("id", "interval_ms", _BEFORE)}) AS last_slot,
    last_slot IS NULL AND next_slot > {_NOW_LESS} AS is_put_off
  FROM cut WHERE slot > next_slot
), missed AS (
  SELECT * FROM passed WHERE NOT is_put_off
), {sql_write_gaps("missed")}, put_off AS (
  INSERT INTO gaps (probe_id, first_slot, last_slot, count, reason)
  SELECT probe_id, first_slot, last_slot, count, 'dropped' FROM passed WHERE is_put_off
  ON CONFLICT (probe_id, first_slot) DO NOTHING
), moved AS (
  UPDATE probes p SET next_slot = {sql_slot_after("p.id", "p.interval_ms", "cut.slot")}
  FROM cut WHERE p.id = cut.id
)
INSERT INTO claims (probe_id, slot, lease_until, hinted_at, token, kind)
SELECT id, slot, greatest(slot, :now) + timeout_ms * interval '1 millisecond' + :beyond, :now, :token,
  CASE WHEN failures > 0 AND slot <> {sql_slot("id", "interval_ms", sql_turn("id", "interval_ms", "slot"))}
    THEN '{ClaimKind.CONFIRM}' ELSE '{ClaimKind.REGULAR}' END
FROM cut
ON CONFLICT DO NOTHING
RETURNING probe_id, {_US.format("slot")}, (SELECT coalesce(sum(count), 0)::int FROM missed)
"""  # noqa: S608 - made of our own constants

# What a worker is just taking needs no other hint; nobody waits for anybody here.
_UNHINTED = f"""
WITH unheard AS (
  SELECT c.probe_id, c.slot FROM claims c JOIN probes p ON p.id = c.probe_id
  WHERE p.location_id = :location_id AND c.taken_by IS NULL
    AND (c.hinted_at IS NULL OR (c.hinted_at < :now - CAST(:again AS interval) AND c.slot < :now))
  FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE claims c SET hinted_at = :now
FROM unheard u WHERE c.probe_id = u.probe_id AND c.slot = u.slot
RETURNING c.token, c.probe_id, {_US.format("c.slot")}
"""  # noqa: S608 - made of our own constants

# A claim whose lease ran out: its slot is tried again while younger than its interval, else it is a gap. What
# somebody asked for beside the schedule is no slot.
_RENEW = """
WITH young AS (
  SELECT c.probe_id, c.slot, p.timeout_ms FROM claims c JOIN probes p ON p.id = c.probe_id
  WHERE p.location_id = :location_id AND p.enabled
    AND c.lease_until < :now AND c.slot > :now - p.interval_ms * interval '1 millisecond'
  ORDER BY c.probe_id, c.slot
  FOR UPDATE OF c SKIP LOCKED
)
UPDATE claims c
SET token = CAST(:token AS uuid), taken_by = NULL, hinted_at = NULL,
  lease_until = :now + y.timeout_ms * interval '1 millisecond' + :beyond
FROM young y WHERE c.probe_id = y.probe_id AND c.slot = y.slot
"""

_GIVE_UP = f"""
WITH lost AS (
  DELETE FROM claims WHERE (probe_id, slot) IN (
    SELECT c.probe_id, c.slot FROM claims c JOIN probes p ON p.id = c.probe_id
    WHERE p.location_id = :location_id AND c.lease_until < :now
    ORDER BY c.probe_id, c.slot FOR UPDATE OF c SKIP LOCKED
  ) RETURNING probe_id, slot, kind
), slots AS (
  SELECT lost.probe_id, lost.slot, p.interval_ms FROM lost JOIN probes p ON p.id = lost.probe_id
  WHERE lost.kind <> '{ClaimKind.NOW}'
), missed AS (
{SQL_STRETCHES}
), {sql_write_gaps("lost")}
SELECT count(*) FROM slots
"""  # noqa: S608 - made of our own constants

_RATE = (
    "SELECT coalesce(sum(1000.0 / interval_ms), 0) FROM probes WHERE enabled AND location_id = :location_id"
)


def claim_due(
    session: Session,
    *,
    location_id: int,
    until: datetime,
    limit: int,
    now: datetime,
    after: datetime = _LONG_AGO,
    ahead: bool = False,
) -> Hint:
    """Claim the slots that fall due in (`after`, `until`], at most `limit`, oldest first.

    With `ahead` those after `now` alone: an overdue one is left, or gives way to its probe's next one.
    Probes that another scheduler is claiming are passed over. Slots missed since are written as gaps.
    """
    token = uuid.uuid4()
    found = session.execute(
        text(_CLAIM),
        {
            "location_id": location_id,
            "after": after,
            "until": until,
            "limit": limit,
            "now": now,
            "token": token,
            "ahead": ahead,
            "beyond": LEASE_BEYOND_TIMEOUT,
        },
    )
    rows = found.all()
    return Hint(token, [(row[0], row[1]) for row in rows], rows[0][2] if rows else 0)


def hint_again(session: Session, *, location_id: int, now: datetime) -> list[Hint]:
    """Take up the claims that nobody was told of, or whose hint got lost on the way."""
    rows = session.execute(
        text(_UNHINTED), {"location_id": location_id, "now": now, "again": HINT_AGAIN_AFTER}
    )
    hints: dict[uuid.UUID, Hint] = {}
    for token, probe_id, slot in rows:
        hints.setdefault(token, Hint(token, [])).claims.append((probe_id, slot))
    return list(hints.values())


def recover(session: Session, *, location_id: int, now: datetime) -> tuple[int, int]:
    """Deal with leases that ran out; returns how many claims were renewed and how many became gaps."""
    # One token for all: they are hinted at together.
    values = {"location_id": location_id, "now": now, "beyond": LEASE_BEYOND_TIMEOUT, "token": uuid.uuid4()}
    renewed = session.execute(text(_RENEW), values)
    lost = session.execute(text(_GIVE_UP), {"location_id": location_id, "now": now})
    return affected_rows(renewed), int(lost.scalar_one())


def checks_per_second(session: Session, *, location_id: int) -> float:
    """The rate at which the enabled probes of a location fall due."""
    return float(session.execute(text(_RATE), {"location_id": location_id}).scalar_one())

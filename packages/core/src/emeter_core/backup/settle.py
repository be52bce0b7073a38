"""What was true at the time of a backup, made fit for the time at which it is restored."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.claim import ClaimKind
from emeter_core.checks.slots import sql_slot, sql_slot_after, sql_turn
from emeter_core.checks.stretches import sql_write_gaps
from emeter_core.checks.sweep import sweep_silence
from emeter_core.monitors.location import INBOUND_ID
from emeter_core.rollups import RAW
from emeter_storage.backup.domain import Restored
from emeter_storage.statements import affected_rows

_BEFORE_NEXT = sql_turn("id", "interval_ms", "next_slot - interval '1 millisecond'")
_NEWEST = sql_turn("id", "interval_ms", ":now")
_IS_OFF_GRID = f"(next_slot <> {sql_slot('id', 'interval_ms', _BEFORE_NEXT + ' + 1')})"

# Heartbeats know by themselves when nobody took pings: see `heartbeats.watch`.
_IS_CHECKED = f"enabled AND location_id <> {INBOUND_ID}"

# Nobody did what was claimed, and nobody was there for what fell due since. The next slots are those of the
# grid, over which the probes are spread evenly: there is nothing to catch up with.
_SKIP = text(f"""
WITH gone AS (
  DELETE FROM claims RETURNING probe_id, slot, kind
), missed AS (
  SELECT probe_id, slot AS first_slot, slot AS last_slot, 1 AS count, interval_ms
  FROM gone JOIN probes p ON p.id = gone.probe_id
  WHERE slot <= :now AND kind <> '{ClaimKind.NOW}'
  UNION ALL
  SELECT id, next_slot, greatest(next_slot, {sql_slot("id", "interval_ms", _NEWEST)}),
    ({_NEWEST} - {_BEFORE_NEXT} + {_IS_OFF_GRID}::int)::int, interval_ms
  FROM probes WHERE {_IS_CHECKED} AND next_slot <= :now
), {sql_write_gaps("restored")}, moved AS (
  UPDATE probes SET next_slot = {sql_slot_after("id", "interval_ms", ":now")} WHERE {_IS_CHECKED}
)
SELECT coalesce(sum(count), 0) FROM missed
""")  # noqa: S608 - made of our own constants

# The instance that the backup was made of has sent them, or will.
_GIVE_UP = text("""
UPDATE deliveries SET state = 'failed', error = :error, body = NULL, lease_until = NULL, token = NULL
WHERE state = 'pending'
""")
_LET_GO = text("""
UPDATE deliveries SET next_attempt_at = least(next_attempt_at, :now), lease_until = NULL, token = NULL
WHERE state = 'pending' AND lease_until IS NOT NULL
""")

# What is rolled up is not to be counted again from results that are not here.
_FORGET_RESULTS = text(
    "UPDATE rollups_progress SET kept_since = greatest(kept_since, :made_at) WHERE level = :raw"
)
_RELEASE = text("UPDATE instance SET secret_fingerprint = :fingerprint")
_RELEASE_TO_ANY = text("DELETE FROM instance")
_OPEN = text("SELECT count(*) FROM incidents WHERE resolved_at IS NULL")


def settle(session: Session, restored: Restored, *, fingerprint: bytes | None) -> list[str]:
    """Do all that a restore changes; returns what a person should know of it.

    `fingerprint` is that of the SECRET_KEY here, from now on the only one that processes may start with.
    None, where a data directory has no key yet: its first start will make one.
    """
    now = session.execute(text("SELECT now()")).scalar_one()
    missed = int(session.execute(_SKIP, {"now": now}).scalar_one())
    sweep_silence(session, now=now)
    waiting = _settle_deliveries(session, restored, now)
    if not restored.has_results:
        session.execute(_FORGET_RESULTS, {"made_at": restored.made_at, "raw": RAW})
    if fingerprint is None:
        session.execute(_RELEASE_TO_ANY)
    else:
        session.execute(_RELEASE, {"fingerprint": fingerprint})
    is_open = int(session.execute(_OPEN).scalar_one())
    waited = f"Deliveries that were waiting: {waiting:,}"
    if waiting:
        waited += (
            "; they will be sent" if restored.send_waiting else "; they are given up, as each of them says"
        )
    return [
        f"Open incidents: {is_open:,}. Slots that nobody checked since: {missed:,}, as gaps.",
        f"{waited}.",
        "Everybody logs in again.",
        "If the instance that the backup was made of still runs, stop it first: both would check and tell.",
    ]


def _settle_deliveries(session: Session, restored: Restored, now: object) -> int:
    if restored.send_waiting:
        session.execute(_LET_GO, {"now": now})
        count = text("SELECT count(*) FROM deliveries WHERE state = 'pending'")
        return int(session.execute(count).scalar_one())
    error = f"Not sent: it was waiting when the backup was made, {restored.made_at:%Y-%m-%d %H:%M} UTC."
    return affected_rows(session.execute(_GIVE_UP, {"error": error}))

"""A ping taken: three statements and a savepoint, one more where the monitor's condition changes."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.record import store
from emeter_core.checks.slots import from_us
from emeter_core.heartbeats.known import LOCKED, LOCKS, Known
from emeter_core.monitors.heartbeat.beats import NEVER, heard, next_due, pack_runs
from emeter_core.monitors.heartbeat.heartbeat import PINGS_KEPT
from emeter_core.monitors.heartbeat.ping import Ping, PingKind
from emeter_core.monitors.heartbeat.tokens import digest_of
from emeter_core.monitors.kinds.heartbeat import TARGET
from emeter_core.outcome import NO_PHASES, Outcome, Phases, Reason


class Taken(Enum):
    """What became of a ping."""

    COUNTED = "counted"
    PAUSED = "paused"
    UNKNOWN = "unknown"


_FIND = text(f"{LOCKED} WHERE h.token_digest = :digest {LOCKS} FOR KEY SHARE OF m")

_KEEP = text(f"""
WITH kept AS (
  UPDATE heartbeats SET anchor = :anchor, runs = CAST(:runs AS jsonb), last_ping_at = :at, pings = pings + 1
  WHERE monitor_id = :monitor_id RETURNING pings
), moved AS (
  UPDATE probes SET next_slot = :next_slot WHERE id = :probe_id AND next_slot <> :next_slot
)
INSERT INTO heartbeat_pings AS p (monitor_id, place, at, kind, exit_code, run_us, rid, message)
SELECT :monitor_id, pings % {PINGS_KEPT}, :at, :kind, :exit_code, :run_us, :rid, :message FROM kept
ON CONFLICT (monitor_id, place) DO UPDATE SET at = excluded.at, kind = excluded.kind,
  exit_code = excluded.exit_code, run_us = excluded.run_us, rid = excluded.rid, message = excluded.message
""")  # noqa: S608 - made of our own constants


def take_ping(session: Session, token: str, ping: Ping, *, now: datetime) -> Taken:
    """Take a ping of whoever knows the token, at the instant `now`; of a paused monitor it is only kept."""
    row = session.execute(_FIND, {"digest": digest_of(token)}).one_or_none()
    if row is None:
        return Taken.UNKNOWN
    known = Known.of(row)
    known.beats, run_us = heard(known.settings, known.beats, ping, now)
    at = now
    if known.enabled and ping.is_end:
        judged = known.judge(_outcome(ping, run_us), now, now=now)
        store(session, [judged], now=now)
        at = from_us(judged.finished.claim.slot_us)
    _keep(session, known, ping, run_us, at)
    return Taken.COUNTED if known.enabled else Taken.PAUSED


def _outcome(ping: Ping, run_us: int | None) -> Outcome:
    phases = Phases(transfer=run_us) if run_us else NO_PHASES
    code = ping.exit_code or 0
    if ping.kind is PingKind.SUCCESS:
        return Outcome(Reason.OK, phases, code)
    evidence: dict[str, object] = {"url": TARGET}
    if code:
        evidence["code"] = code
    if ping.message:
        evidence |= {"body": ping.message, "heartbeat": {"message": _first_line(ping.message.splitlines())}}
    return Outcome(Reason.RUN_FAILED, phases, code, evidence=evidence)


def _first_line(lines: Sequence[str]) -> str:
    return next((line.strip() for line in lines if line.strip()), "")


def _keep(session: Session, known: Known, ping: Ping, run_us: int | None, at: datetime) -> None:
    due = next_due(known.settings, known.beats)
    session.execute(
        _KEEP,
        {
            "monitor_id": known.monitor_id,
            "probe_id": known.probe_id,
            "anchor": known.beats.anchor,
            "runs": json.dumps(pack_runs(known.beats)),
            "at": at,
            "next_slot": due.at if due else NEVER,
            "kind": ping.kind.value,
            "exit_code": ping.exit_code,
            "run_us": run_us,
            "rid": ping.rid,
            "message": ping.message or None,
        },
    )

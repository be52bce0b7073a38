"""What a worker asks of the database before it checks: claims confirmed, specs read, what is stale."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emeter_core.checks.schedule import Hint
from emeter_core.checks.spec import CheckSpec
from emeter_core.logs import get_logger
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.settings import open_settings
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

_log = get_logger(__name__)


class Taken(NamedTuple):
    """A claim that is ours to check. Times in microseconds since 1970.

    A check that starts by `start_by_us` ends before the lease does; a later one might be done twice.
    """

    probe_id: int
    slot_us: int
    token: str
    monitor_id: int
    version: int
    start_by_us: int


# `taken_by` makes a hint that arrives twice count once: the second finds nothing left to take.
_TAKE = text("""
UPDATE claims c SET taken_by = :process_id
FROM unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[])) AS h (probe_id, slot_us),
  probes p, monitors m
WHERE c.probe_id = h.probe_id AND c.slot = 'epoch'::timestamptz + h.slot_us * interval '1 microsecond'
  AND c.token = :token AND c.taken_by IS NULL
  AND p.id = c.probe_id AND p.enabled AND m.id = p.monitor_id
  AND c.slot > :now - p.interval_ms * interval '1 millisecond'
RETURNING c.probe_id, h.slot_us, m.id, m.version,
  (extract(epoch FROM c.lease_until) * 1000000)::bigint - p.timeout_ms * 1000
""")

_CURRENT = text("""
SELECT m.id, m.version FROM monitors m
WHERE m.id = ANY (CAST(:monitor_ids AS int[])) AND m.paused_at IS NULL
""")

_RELEASE = text("""
UPDATE claims c SET taken_by = NULL, hinted_at = NULL
FROM unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[]), CAST(:tokens AS uuid[]))
  AS d (probe_id, slot_us, token)
WHERE c.probe_id = d.probe_id AND c.slot = 'epoch'::timestamptz + d.slot_us * interval '1 microsecond'
  AND c.token = d.token
""")

_DROP = text("""
DELETE FROM claims c
USING unnest(CAST(:probe_ids AS int[]), CAST(:slots AS bigint[]), CAST(:tokens AS uuid[]))
  AS d (probe_id, slot_us, token)
WHERE c.probe_id = d.probe_id AND c.slot = 'epoch'::timestamptz + d.slot_us * interval '1 microsecond'
  AND c.token = d.token
""")


def take(session: Session, hint: Hint, *, process_id: uuid.UUID, now: datetime) -> list[Taken]:
    """Confirm the claims of a hint by their token and take them: nobody else will check them.

    A slot that is older than its interval by now is left: its lease runs out and it becomes a gap.
    """
    rows = session.execute(
        _TAKE,
        {
            "process_id": process_id,
            "now": now,
            "token": hint.token,
            "probe_ids": array(probe_id for probe_id, _ in hint.claims),
            "slots": array(slot for _, slot in hint.claims),
        },
    )
    token = str(hint.token)
    return [
        Taken(probe_id, slot_us, token, monitor_id, version, start_by_us)
        for probe_id, slot_us, monitor_id, version, start_by_us in rows
    ]


def current_versions(session: Session, monitor_ids: Collection[int]) -> dict[int, int]:
    """The version of each of the monitors that may be checked now; paused and deleted ones are left out."""
    rows = session.execute(_CURRENT, {"monitor_ids": array(monitor_ids)})
    return {monitor_id: version for monitor_id, version in rows}  # noqa: C416 - rows are no pairs to mypy


def drop(session: Session, stale: Sequence[Taken]) -> None:
    """Give up claims of a version that is gone; the slots of the new version come by themselves."""
    session.execute(_DROP, _keys(stale))


def release(session: Session, taken: Sequence[Taken]) -> None:
    """Give claims back unchecked: another worker is hinted at them, or they end as gaps."""
    session.execute(_RELEASE, _keys(taken))


def load_specs(session: Session, monitor_ids: Collection[int], *, vault: Vault) -> list[CheckSpec]:
    """Read what is to be checked, secrets decrypted; what cannot be read is logged and left out."""
    monitors = session.scalars(select(Monitor).where(Monitor.id.in_(monitor_ids)))
    return [spec for monitor in monitors if (spec := _spec(monitor, vault)) is not None]


def _spec(monitor: Monitor, vault: Vault) -> CheckSpec | None:
    try:
        settings = open_settings(monitor, vault)
    except (LookupError, UserError, ValueError) as error:
        # One monitor of a newer version, or under another key, must not keep the others from being checked.
        _log.warning("cannot check the monitor", monitor=str(monitor.public_id), error=str(error))
        return None
    return CheckSpec(
        monitor_id=monitor.id,
        version=monitor.version,
        kind=monitor.kind,
        target=monitor.target,
        timeout_seconds=monitor.timeout_seconds,
        settings=settings,
    )


def array(values: Iterable[object]) -> str:
    """Spell an array for PostgreSQL: one text parameter is cheaper to send than a list of many."""
    return "{" + ",".join(map(str, values)) + "}"


def _keys(claims: Sequence[Taken]) -> dict[str, str]:
    return {
        "probe_ids": array(claim.probe_id for claim in claims),
        "slots": array(claim.slot_us for claim in claims),
        "tokens": array(claim.token for claim in claims),
    }

"""The uptime of many monitors over several windows, in one statement."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.analytics.known import sql_spans
from emeter_core.analytics.span import NOTHING
from emeter_core.analytics.uptime import UNMEASURED, Uptime, uptime_of
from emeter_core.checks.take import array
from emeter_core.scope import Scope


def uptimes(
    session: Session,
    scope: Scope,
    monitor_ids: Iterable[int],
    *,
    windows: Mapping[str, timedelta],
    now: datetime,
) -> dict[int, dict[str, Uptime]]:
    """For each monitor its uptime in each of `windows`, which end `now`; unmeasured for a stranger's."""
    ids = list(monitor_ids)
    found = {monitor_id: dict.fromkeys(windows, UNMEASURED) for monitor_id in ids}
    if not ids or not windows:
        return found
    longest = max(windows.values())
    values: dict[str, object] = {
        "monitor_ids": array(ids),
        "team_id": scope.team.id,
        "now": now,
        "since": now - longest,
    }
    shorter = {number: window for number, window in enumerate(windows.values()) if window < longest}
    values |= {f"since_{number}": now - window for number, window in shorter.items()}
    statement = _statement([number not in shorter for number in range(len(windows))])
    for monitor_id, *sums in session.execute(text(statement), values):
        pairs = zip(sums[::2], sums[1::2], strict=True)
        found[monitor_id] = {
            name: uptime_of(up or NOTHING, down or NOTHING)
            for name, (up, down) in zip(windows, pairs, strict=True)
        }
    return found


def _statement(is_longest: Iterable[bool]) -> str:
    sums = ", ".join(_sums(number, is_whole=each) for number, each in enumerate(is_longest))
    return f"""
SELECT m.id, s.* FROM monitors m CROSS JOIN LATERAL (
  SELECT {sums} FROM ({sql_spans()}) AS span WHERE status IN ('up', 'degraded', 'down')
) AS s
WHERE m.id = ANY (CAST(:monitor_ids AS int[])) AND m.team_id = :team_id
"""  # noqa: S608 - made of our own constants


def _sums(number: int, *, is_whole: bool) -> str:
    """SQL for the time up and the time down; the longest window is as long as the spans are."""
    since = "since" if is_whole else f"greatest(since, :since_{number})"
    inside = "" if is_whole else f" AND until > :since_{number}"
    return (
        f"sum(until - {since}) FILTER (WHERE status <> 'down'{inside}) AS up_{number},"
        f" sum(until - {since}) FILTER (WHERE status = 'down'{inside}) AS down_{number}"
    )

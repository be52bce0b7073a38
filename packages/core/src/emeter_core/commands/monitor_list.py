"""`emeter monitor list`: the monitors of a team, once or again and again."""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from emeter_core.commands.edge import Edge, scoped
from emeter_core.monitors import MonitorRow, Page, Status, list_monitors, told_target
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.queries import MAX_PAGE, MAX_PER_PAGE, PER_PAGE

_REFRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of monitors as it was at `now`; `is_filtered` where not all were asked for."""

    page: Page
    now: datetime
    is_filtered: bool = False


@click.command("list")
@click.option("--search", default="", help="Part of a name or a target.")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@click.option("--kind", type=click.Choice(list(KINDS)))
@click.option("--page", type=click.IntRange(1, MAX_PAGE), default=1, show_default=True)
@click.option("--per-page", type=click.IntRange(1, MAX_PER_PAGE), default=PER_PAGE, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one line.")
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C.")
@scoped
def list_(
    edge: Edge,
    *,
    status: str | None,
    kind: str | None,
    as_json: bool,
    watch: bool,
    **wanted: Any,  # noqa: ANN401 - options
) -> None:
    """List monitors with status, latency and last check."""
    wanted["status"] = None if status is None else Status(status)
    wanted["kind"] = kind or ""
    if watch:
        _watch(edge, wanted, as_json=as_json)
        return
    listing = _read(edge, wanted)
    if as_json:
        click.echo(_json(listing))
        return
    from emeter_core.commands.monitor_table import print_once  # noqa: PLC0415 - JSON is quicker without rich

    print_once(listing)


def _read(edge: Edge, wanted: dict[str, Any]) -> Listing:
    with edge.desk() as desk:
        page = list_monitors(desk.session, desk.scope, **wanted)
        is_filtered = bool(wanted["search"].strip() or wanted["status"] or wanted["kind"])
        return Listing(page, desk.now, is_filtered)


def _watch(edge: Edge, wanted: dict[str, Any], *, as_json: bool) -> None:
    """Show the list anew each second; a database that goes away meanwhile is waited for."""
    from emeter_core.commands.monitor_table import Screen  # noqa: PLC0415 - see above

    # What is wrong from the start is told at once, not waited for.
    listing, trouble = _read(edge, wanted), ""
    with Screen() as screen:
        while True:
            if as_json and not trouble:
                click.echo(_json(listing))
            elif not as_json:
                screen.show(listing, trouble)
            time.sleep(_REFRESH_S)
            try:
                listing, trouble = _read(edge, wanted), ""
            except DBAPIError as error:
                trouble = str(error.orig or error).strip().partition("\n")[0]


def _json(listing: Listing) -> str:
    return json.dumps([_entry(row) for row in listing.page.rows])


def _entry(row: MonitorRow) -> dict[str, Any]:
    """A monitor for programs; times in ISO 8601, null for what is not known."""
    monitor = row.monitor
    return {
        "id": str(monitor.public_id),
        "name": monitor.name,
        "kind": monitor.kind,
        "target": told_target(monitor),
        "interval": monitor.interval_seconds,
        "status": monitor.status.value,
        "condition": monitor.condition,
        "condition_since": monitor.condition_since.isoformat(),
        "latency_ms": None if row.last_total_us is None else row.last_total_us / 1000,
        "last_check": _iso(row.last_slot),
        "reason": None if row.last_reason is None else row.last_reason.slug,
        "code": row.last_code or None,
        "certificate_ends_at": _iso(row.certificate_ends_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

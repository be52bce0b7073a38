"""The page of one monitor, and the figures of its chart."""

import uuid
from datetime import UTC, datetime, timedelta

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from emeter_core import analytics
from emeter_core.monitors import MonitorRow
from emeter_web import db
from emeter_web.live.shared import shared
from emeter_web.shown.monitor_page import SPANS, fitting_span, monitor_page
from emeter_web.shown.series import series_of
from emeter_web.views.monitors.find import find, find_row

# After this nobody waits for a check any more.
_PATIENCE = timedelta(minutes=2)


@shared
def show(public_id: uuid.UUID) -> str:
    """Show it: what it is in, since when and why, then figures, latency, checks and changes."""
    row, now = find_row(public_id), db.now()
    return render_template(
        "monitors/show.html",
        row=row,
        monitor=row.monitor,
        shown=monitor_page(
            db.session(), g.scope, row, span=request.args.get("span", ""), vault=db.vault(), now=now
        ),
        base_url=db.settings().base_url,
        is_awaited=_is_awaited(row, request.args.get("asked", ""), now),
        now=now,
    )


@shared
def latency(public_id: uuid.UUID) -> ResponseReturnValue:
    """Answer the figures that the chart of latency is drawn of, as JSON."""
    monitor, now = find(public_id), db.now()
    name = request.args.get("span", "")
    since = now - SPANS[name if name in SPANS else fitting_span(now - monitor.inserted_at)]
    found = analytics.latency(db.session(), g.scope, monitor, since=since, now=now)
    spans = analytics.history(db.session(), g.scope, [monitor.id], since=found.since, now=now)
    return jsonify(series_of(found, spans.get(monitor.id, [])))


def _is_awaited(row: MonitorRow, asked: str, now: datetime) -> bool:
    """Whether somebody asked for a check (when, in milliseconds since 1970) and none has come since."""
    if not (asked.isascii() and asked.isdigit() and len(asked) < 15):  # noqa: PLR2004 - until the year 5138
        return False
    at = datetime.fromtimestamp(int(asked) / 1000, UTC)
    if not now - _PATIENCE <= at <= now or row.monitor.paused_at is not None:
        return False
    return row.last_slot is None or row.last_slot < at

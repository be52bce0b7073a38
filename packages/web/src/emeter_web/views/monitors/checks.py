"""One check with all that it saw."""

import uuid

from flask import g, render_template

from emeter_core import analytics
from emeter_core.monitors import Monitor, cause_of, open_settings
from emeter_web import db
from emeter_web.shown.evidence import Evidence, evidence_of
from emeter_web.views.monitors.find import find


def check(public_id: uuid.UUID, slot: int) -> str:
    """Show the check of one slot, in microseconds since 1970."""
    monitor = find(public_id)
    found = analytics.get_check(db.session(), g.scope, monitor, slot)
    return render_template(
        "checks/show.html",
        monitor=monitor,
        check=found,
        evidence=_evidence(monitor, found),
        cause=cause_of(monitor, found.reason, found.evidence, code=found.code),
        now=db.now(),
    )


def _evidence(monitor: Monitor, check: analytics.Check) -> Evidence:
    return evidence_of(
        check.reason,
        check.phases,
        check.evidence,
        settings=open_settings(monitor, db.vault()),
        target=monitor.target,
        now=db.now(),
    )

"""The monitor of a URL, as the team of who asks knows it."""

import uuid

from flask import g

from emeter_core.monitors import Monitor, MonitorRow, get_monitor, get_monitor_row
from emeter_web import db


def find(public_id: uuid.UUID) -> Monitor:
    """The monitor; raises NotFound, which is a page, where it is another team's or nobody's."""
    return get_monitor(db.session(), g.scope, public_id)


def find_row(public_id: uuid.UUID) -> MonitorRow:
    """The same with what its checks have added up to."""
    return get_monitor_row(db.session(), g.scope, public_id)

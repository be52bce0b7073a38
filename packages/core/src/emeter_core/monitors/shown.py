"""The status of a monitor and since when it has it, as SQL: the same as `Monitor.status`, for whole teams."""

from sqlalchemy import case

from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.status import TROUBLE_FIRST, Status

shown_status = case((Monitor.paused_at.is_not(None), Status.PAUSED.value), else_=Monitor.condition)
shown_since = case((Monitor.paused_at.is_not(None), Monitor.paused_at), else_=Monitor.condition_since)
shown_rank = case(
    {status.value: rank for rank, status in enumerate(TROUBLE_FIRST)}, value=shown_status, else_=99
)

SQL_STATUS = "CASE WHEN m.paused_at IS NOT NULL THEN 'paused' ELSE m.condition END"
SQL_SINCE = "coalesce(m.paused_at, m.condition_since)"

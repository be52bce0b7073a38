"""Analytics: what the results and the status changes of a team add up to, read and rolled up."""

from emeter_core.analytics.bars import Bar, bars
from emeter_core.analytics.bucket import Bucket
from emeter_core.analytics.checks import Check, get_check, last_checks, recent_latencies
from emeter_core.analytics.history import history, status_changes
from emeter_core.analytics.latency import Latency, Percentiles, latency
from emeter_core.analytics.live import LiveRow, LiveState, live_states
from emeter_core.analytics.purge import purge
from emeter_core.analytics.results import Results, results
from emeter_core.analytics.roll_up import roll_up
from emeter_core.analytics.scale import Scale, Timespan
from emeter_core.analytics.span import Span
from emeter_core.analytics.tape import Tick, tape
from emeter_core.analytics.uptime import Uptime, uptime
from emeter_core.analytics.uptimes import uptimes

__all__ = [
    "Bar",
    "Bucket",
    "Check",
    "Latency",
    "LiveRow",
    "LiveState",
    "Percentiles",
    "Results",
    "Scale",
    "Span",
    "Tick",
    "Timespan",
    "Uptime",
    "bars",
    "get_check",
    "history",
    "last_checks",
    "latency",
    "live_states",
    "purge",
    "recent_latencies",
    "results",
    "roll_up",
    "status_changes",
    "tape",
    "uptime",
    "uptimes",
]

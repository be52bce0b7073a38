"""Analytics: what the results and the status changes of a team add up to. Reads only."""

from emeter_core.analytics.bars import Bar, bars
from emeter_core.analytics.history import history, status_changes
from emeter_core.analytics.latency import Latency, Percentiles, latency, percentiles
from emeter_core.analytics.live import LiveRow, LiveState, live_states
from emeter_core.analytics.results import Check, get_check, last_checks, recent_latencies
from emeter_core.analytics.span import Span
from emeter_core.analytics.tape import Tick, tape
from emeter_core.analytics.uptime import Uptime, uptime
from emeter_core.analytics.uptimes import uptimes

__all__ = [
    "Bar",
    "Check",
    "Latency",
    "LiveRow",
    "LiveState",
    "Percentiles",
    "Span",
    "Tick",
    "Uptime",
    "bars",
    "get_check",
    "history",
    "last_checks",
    "latency",
    "live_states",
    "percentiles",
    "recent_latencies",
    "status_changes",
    "tape",
    "uptime",
    "uptimes",
]

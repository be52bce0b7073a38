"""Heartbeats: jobs that tell us that they ran, and that they did not."""

from emeter_core.heartbeats.missing import find_missing
from emeter_core.heartbeats.queries import HeartbeatView, ShownPing, get_heartbeat
from emeter_core.heartbeats.realign import realign
from emeter_core.heartbeats.take_ping import Taken, take_ping
from emeter_core.heartbeats.watch import WATCH_EVERY_S, keep_watch
from emeter_core.monitors.heartbeat.heartbeat import Heartbeat, HeartbeatPing, HeartbeatWatch
from emeter_core.monitors.heartbeat.ping import MAX_MESSAGE, Ping, PingKind, clean_message

__all__ = [
    "MAX_MESSAGE",
    "WATCH_EVERY_S",
    "Heartbeat",
    "HeartbeatPing",
    "HeartbeatView",
    "HeartbeatWatch",
    "Ping",
    "PingKind",
    "ShownPing",
    "Taken",
    "clean_message",
    "find_missing",
    "get_heartbeat",
    "keep_watch",
    "realign",
    "take_ping",
]

"""The form of the `heartbeat` kind: when a job is expected, and how long it may take."""

from collections.abc import Mapping
from typing import Any, ClassVar

from wtforms import StringField

from emeter_core.monitors.kinds.heartbeat import HEARTBEAT, HeartbeatSettings
from emeter_core.monitors.kinds.lengths import say_length
from emeter_web.monitor_forms.monitor_form import Card, MonitorForm

_DEFAULTS = HeartbeatSettings()
_LENGTHS = ("period", "grace", "longest_run")


class HeartbeatForm(MonitorForm):
    """There is no address: its URL is given by us."""

    card = Card("heartbeat", "Heartbeat", "cron jobs, backups", "heart")
    texts = (*_LENGTHS, "schedule", "time_zone")
    settings_at: ClassVar[str] = "period"

    period = StringField("Expected every", default=say_length(_DEFAULTS.period))
    grace = StringField("Grace", default=say_length(_DEFAULTS.grace))
    schedule = StringField("Cron expression")
    time_zone = StringField("Time zone", default=_DEFAULTS.time_zone)
    longest_run = StringField("Longest run")
    down_after = StringField("Down after", default=str(HEARTBEAT.down_after))
    up_after = StringField("Up again after", default=str(HEARTBEAT.up_after))

    @classmethod
    def in_words(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Lengths as people write them."""
        lengths = {name: str(values[name]) for name in _LENGTHS if str(values.get(name, "")).isdigit()}
        return {**values, **{name: _said(int(seconds)) for name, seconds in lengths.items()}}


def _said(seconds: int) -> str:
    return say_length(seconds) if seconds else ""

"""Alerts: what must be sent, and what somebody tries."""

from emeter_core.alerts.delivery import Delivery
from emeter_core.alerts.trial import Trial

__all__ = ["Delivery", "Trial"]

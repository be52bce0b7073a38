"""Our own health: whether checks are made, and made on time."""

from emeter_core.health.look import Health, look

__all__ = ["Health", "look"]

"""The settings of a monitor's kind, at rest: the plain ones as JSON, the others encrypted."""

import json
from typing import Any

from emeter_core.monitors.kinds import KINDS, KindSettings
from emeter_core.monitors.monitor import Monitor
from emeter_core.vault import Vault

PURPOSE = "monitor settings"


def seal_settings(settings: KindSettings, vault: Vault) -> tuple[dict[str, Any], bytes | None]:
    """Split settings into what may lie open and what may not; only what differs from the defaults is kept."""
    chosen = settings.model_dump(mode="json", exclude_defaults=True)
    secret = {name: chosen.pop(name) for name in settings.secret_fields if name in chosen}
    return chosen, vault.seal(PURPOSE, json.dumps(secret).encode()) if secret else None


def open_settings(monitor: Monitor, vault: Vault) -> KindSettings:
    """The whole settings of a monitor; raises UserError where the key is another."""
    secret = json.loads(vault.open(PURPOSE, monitor.secrets)) if monitor.secrets else {}
    return KINDS[monitor.kind].settings.model_validate(monitor.settings | secret)


def plain_settings(monitor: Monitor) -> KindSettings:
    """The settings of a monitor without what is secret, for which no key is needed."""
    # Valid when they were saved.
    return KINDS[monitor.kind].settings.model_construct(**monitor.settings)


def described(monitor: Monitor) -> str:
    """What a check of this monitor does, in few words: `HTTP GET`, `TCP with TLS`."""
    return plain_settings(monitor).described()


def told_target(monitor: Monitor) -> str:
    """What is watched, as people are told: its address, and when it is expected where nobody is asked."""
    if KINDS[monitor.kind].is_polled:
        return monitor.target
    return monitor.target.partition("://")[2]

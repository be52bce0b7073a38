"""The monitors that are checked, spread over their interval from the first moment on."""

from instance import Instance
from options import Options
from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core import accounts, monitors
from emeter_core.checks.slots import phase_ms, sql_slot_after

# A new monitor is due at once, and thousands of them would be a burst that no installation sees.
_SPREAD = f"UPDATE probes SET next_slot = {sql_slot_after('id', 'interval_ms', 'clock_timestamp()')}"
_NUMBERS = "SELECT substr(m.name, 2)::int, p.id FROM monitors m JOIN probes p ON p.monitor_id = m.id"


def add_monitors(instance: Instance, url: str, options: Options) -> dict[int, int]:
    """Add them in one transaction; returns for the number in each path the phase of its probe (ms)."""
    with instance.sessions.begin() as session:
        _add(session, instance, url, options)
        session.execute(text(_SPREAD))
        numbers = session.execute(text(_NUMBERS)).all()
    return {number: phase_ms(probe_id, options.interval * 1000) for number, probe_id in numbers}


def _add(session: Session, instance: Instance, url: str, options: Options) -> None:
    vault, now = instance.vault(), instance.clock.now()
    # Nobody logs in: the cheapest hash will do.
    registration = accounts.prepare_registration("bench@example.com", "correct horse battery", rounds=4)
    scope = accounts.scope_of(session, accounts.register_user(session, registration, now=now))
    for number in range(options.monitors):
        draft = monitors.draft_monitor(
            target=f"{url}/m/{number}", name=f"m{number}", interval=options.interval, timeout=5
        )
        monitors.create_monitor(session, scope, draft, vault=vault, now=now)

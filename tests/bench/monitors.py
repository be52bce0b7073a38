"""The monitors that are checked, spread over their interval from the first moment on."""

from collections.abc import Callable

from instance import Instance
from scenarios import Scenario
from sqlalchemy import text
from sqlalchemy.orm import Session
from target import DOMAIN, Target

from emeter_core import accounts, monitors
from emeter_core.checks.slots import phase_ms, sql_slot_after

# A new monitor is due at once, and thousands of them would be a burst that no installation sees.
_SPREAD = f"UPDATE probes SET next_slot = {sql_slot_after('id', 'interval_ms', 'clock_timestamp()')}"
_NUMBERS = "SELECT substr(m.name, 2)::int, p.id FROM monitors m JOIN probes p ON p.monitor_id = m.id"

Addresses = Callable[[int], str]
"""The URL that the monitor of this number checks."""


def addresses(scenario: Scenario, target: Target, silence: str) -> Addresses:
    """Of the target, each under a name of its own or all by address; those that hang at `silence`."""
    scheme, port = ("https", target.tls_port) if scenario.tls else ("http", target.port)

    def address(number: int) -> str:
        if scenario.hangs(number):
            return f"{silence}/m/{number}"
        host = f"m{number}.{DOMAIN}" if scenario.names else "127.0.0.1"
        return f"{scheme}://{host}:{port}/m/{number}"

    return address


def add_monitors(instance: Instance, address: Addresses, scenario: Scenario) -> dict[int, int]:
    """Add them in one transaction; returns for the number in each path the phase of its probe (ms)."""
    with instance.sessions.begin() as session:
        _add(session, instance, address, scenario)
        session.execute(text(_SPREAD))
        numbers = session.execute(text(_NUMBERS)).all()
    return {number: phase_ms(probe_id, scenario.interval * 1000) for number, probe_id in numbers}


def _add(session: Session, instance: Instance, address: Addresses, scenario: Scenario) -> None:
    vault, now = instance.vault(), instance.clock.now()
    # Nobody logs in: the cheapest hash will do.
    registration = accounts.prepare_registration("bench@example.com", "correct horse battery", rounds=4)
    scope = accounts.scope_of(session, accounts.register_user(session, registration, now=now))
    for number in range(scenario.monitors):
        draft = monitors.draft_monitor(
            target=address(number),
            name=f"m{number}",
            interval=scenario.interval,
            timeout=scenario.timeout,
        )
        monitors.create_monitor(session, scope, draft, vault=vault, now=now)

"""One check, here and now: what `emeter check URL` runs."""

from queue import SimpleQueue

from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.guard import AddressGuard
from emeter_core.checks.spec import CheckSpec

USER_AGENT = "E-Meter/0.1"


def check_once(
    spec: CheckSpec,
    guard: AddressGuard,
    *,
    user_agent: str = USER_AGENT,
    ca_file: str | None = None,
) -> Finished:
    """Run one check on an engine of its own and wait for its end: the timeout of `spec` at the longest."""
    ends: SimpleQueue[Finished] = SimpleQueue()
    engine = Engine(guard, ends.put, user_agent=user_agent, ca_file=ca_file)
    engine.start()
    try:
        engine.submit([Scheduled(spec, 0.0, None)])
        return ends.get()
    finally:
        engine.stop(0.0)

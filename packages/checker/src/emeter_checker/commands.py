"""`emeter scheduler|worker|check`."""

import sys
from datetime import UTC, datetime

import click
from redis import Redis

from emeter_core import processes
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.draft import MAX_TIMEOUT, draft_monitor
from emeter_core.outcome import Condition
from emeter_core.settings import Settings
from emeter_core.supervisor.runtime import StopSignal, setup_logging
from emeter_core.supervisor.spec import ProcessSpec

SCHEDULER = ProcessSpec("scheduler", ("scheduler",), stop_order=10, ready_word="Scheduling")
WORKER = ProcessSpec("worker", ("worker",), stop_order=20, stop_within=75.0, ready_word="Checking")

_POOL_SIZE = 5


@click.command()
def scheduler() -> None:
    """Claim the slots that fall due, and tell the workers."""
    from emeter_checker.scheduler import Scheduler  # noqa: PLC0415 - `emeter check` starts without it
    from emeter_core.database import Database  # noqa: PLC0415 - `emeter check` starts without it

    setup_logging("scheduler")
    stop = StopSignal.install()
    settings = Settings.load()
    database = Database.of(settings, name="emeter scheduler", pool_size=2)
    Scheduler(database.sessions, database.clock, _redis(settings)).run(stop.wait)


@click.command()
def worker() -> None:
    """Check what falls due, and record what is found."""
    from emeter_checker.guard import AddressGuard  # noqa: PLC0415 - the same
    from emeter_checker.worker import Worker  # noqa: PLC0415 - the same
    from emeter_core.database import Database  # noqa: PLC0415 - the same

    setup_logging("worker")
    stop = StopSignal.install()
    settings = Settings.load()
    database, vault = Database.of(settings, name="emeter worker", pool_size=_POOL_SIZE), settings.vault()
    with database.sessions.begin() as session:
        processes.check_secret(session, vault, now=database.clock.now())
    guard = AddressGuard(settings.private_targets)
    Worker(database.sessions, database.clock, _redis(settings), vault, guard).run(stop)


@click.command()
@click.argument("url")
@click.option("--timeout", default=10, show_default=True, help="Seconds from the look-up to the last byte.")
@click.option("--method", default="GET", show_default=True)
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="May be given again.")
@click.option("--body", default="")
@click.option(
    "--expect", "expected_codes", default="200-299", show_default=True, help="Codes, like 200-299,301."
)
@click.option("--keyword", default="", help="Text that the body must hold.")
@click.option("--keyword-absent", is_flag=True, help="The keyword must not be there instead.")
@click.option("--max-redirects", default=10, show_default=True)
@click.option("--ipv4", "ip_family", flag_value="ipv4", help="Dial IPv4 addresses only.")
@click.option("--ipv6", "ip_family", flag_value="ipv6", help="Dial IPv6 addresses only.")
@click.option("--no-verify", "verify_tls", flag_value=False, default=True, help="Accept any certificate.")
def check(
    url: str, timeout: int, headers: tuple[str, ...], ip_family: str | None, **settings: object
) -> None:
    """Check URL once, here, and print what was found; exit 0 where it is up, 1 where not.

    Needs no server. Targets in private networks are allowed: it is your own terminal.
    """
    from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard  # noqa: PLC0415 - `emeter --help` is quick
    from emeter_checker.once import check_once  # noqa: PLC0415 - the same
    from emeter_checker.report import report  # noqa: PLC0415 - the same

    chosen = {**settings, "headers": [_header(text) for text in headers], "ip_family": ip_family or "any"}
    draft = draft_monitor(target=url, interval=MAX_TIMEOUT, timeout=timeout, settings=chosen)
    spec = CheckSpec(0, 1, draft.kind, draft.target, draft.timeout, draft.settings)
    outcome = check_once(spec, AddressGuard(LOCAL_NETWORKS)).outcome
    click.echo("\n".join(report(outcome, now=datetime.now(UTC), colour=sys.stdout.isatty())))
    raise SystemExit(0 if outcome.condition in {Condition.UP, Condition.DEGRADED} else 1)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text!r} is no header: write 'Name: value'")
    return name.strip(), value.strip()


def _redis(settings: Settings) -> Redis:
    return Redis.from_url(settings.redis, socket_timeout=5, socket_connect_timeout=2)

"""`emeter scheduler|worker|sender|check`."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

import click
from redis import Redis

from emeter_checker.beside_up import beside_up
from emeter_core.checks.spec import CheckSpec
from emeter_core.commands.monitor_options import requesting, split, told_by_option
from emeter_core.logs import setup_logging
from emeter_core.metrics.settings import MOST_WORKERS
from emeter_core.monitors.draft import MAX_TIMEOUT, draft_monitor
from emeter_core.monitors.kinds import KINDS, kind_of
from emeter_core.outcome import Condition
from emeter_core.settings import Settings
from emeter_core.supervisor.copies import run_copies
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.supervisor.spec import ProcessSpec
from emeter_storage.errors import UserError

SCHEDULER = ProcessSpec("scheduler", ("scheduler",), stop_order=10, ready_word="Scheduling")
WORKER = ProcessSpec(
    "worker",
    ("worker",),
    stop_order=20,
    stop_within=75.0,
    ready_word="Checking",
    copies_by="workers",
)
# With the worker: its last results may open incidents, and what these write is sent after the next start.
SENDER = ProcessSpec("sender", ("sender",), stop_order=20, stop_within=60.0, ready_word="Sending")

_POOL_SIZE = 6
_WORKER_PATIENCE_S = 20.0
"""Far longer than any statement of a worker takes: one that stands still must not keep it from ending."""

# Its ticks, its housekeeping, and the measuring of the clock.
_SCHEDULER_POOL_SIZE = 4
_SENDER_POOL_SIZE = 8


@click.command()
def scheduler() -> None:
    """Claim the slots that fall due, and tell the workers."""
    from emeter_checker.scheduler import Scheduler  # noqa: PLC0415 - `emeter check` starts without it
    from emeter_core.database import Database  # noqa: PLC0415 - `emeter check` starts without it

    stop = StopSignal.install()
    settings = Settings.load()
    setup_logging("scheduler", settings.log)
    database = Database.of(settings, name="emeter scheduler", pool_size=_SCHEDULER_POOL_SIZE)
    database.require_secret(settings.vault())
    Scheduler(
        database.sessions,
        database.clock,
        _redis(settings),
        retention=settings.retention,
        metrics=settings.metrics,
    ).run(stop.wait)


@click.command()
@click.option(
    "--processes",
    envvar="EMETER_PROCESSES",
    type=click.IntRange(1, MOST_WORKERS),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="one per core",
    help="How many processes share the checks.",
)
def worker(processes: int) -> None:
    """Check what falls due, and record what is found."""
    if processes > 1:
        run_copies(WORKER, processes, Settings.load())
    else:
        _work()


def _work() -> None:
    from emeter_checker.guard import AddressGuard  # noqa: PLC0415 - the same
    from emeter_checker.worker import Worker  # noqa: PLC0415 - the same
    from emeter_core.database import Database  # noqa: PLC0415 - the same

    with beside_up("worker", "REDIS_URL") as (stop, settings):
        vault = settings.vault()
        database = Database.of(
            settings, name="emeter worker", pool_size=_POOL_SIZE, patience=_WORKER_PATIENCE_S
        )
        database.require_secret(vault)
        Worker(
            database.sessions,
            database.clock,
            _redis(settings),
            vault,
            AddressGuard(settings.private_targets, own=settings.own_servers),
            metrics=settings.metrics,
            anchors=settings.anchors,
            installation=vault.fingerprint.hex(),
        ).run(stop)


@click.command()
def sender() -> None:
    """Send what waits in the outbox: mails and webhooks."""
    from emeter_checker.delivery.carriers import carriers  # noqa: PLC0415 - the same
    from emeter_checker.guard import AddressGuard  # noqa: PLC0415 - the same
    from emeter_checker.sender import Sender  # noqa: PLC0415 - the same
    from emeter_core.database import Database  # noqa: PLC0415 - the same

    with beside_up("sender", "REDIS_URL", "SMTP_URL") as (stop, settings):
        vault = settings.vault()
        database = Database.of(settings, name="emeter sender", pool_size=_SENDER_POOL_SIZE)
        database.require_secret(vault)
        how = carriers(
            smtp_url=settings.smtp_url,
            mail_from=settings.mail_from,
            mail_directory=settings.directory.mail,
            guard=AddressGuard(settings.private_targets, own=settings.own_servers),
            clock=database.clock,
        )
        Sender(
            database.sessions,
            database.clock,
            _redis(settings),
            vault,
            how,
            base_url=settings.base_url,
            metrics=settings.metrics,
        ).run(stop)


@click.command()
@click.argument("url")
@requesting
def check(url: str, **given: Any) -> None:  # noqa: ANN401 - whatever the options bring
    """Check URL once, here, and print what was found; exit 0 where it is up, 1 where not.

    URL is like https://example.com/, tcp://example.com:25 or ping://example.com. Needs no server. Targets in
    private networks are allowed: it is your own terminal.
    """
    from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard  # noqa: PLC0415 - `emeter --help` is quick
    from emeter_checker.once import check_once  # noqa: PLC0415 - the same
    from emeter_checker.report import report  # noqa: PLC0415 - the same

    kind = kind_of(url)
    if not KINDS[kind].is_polled:
        raise UserError("A heartbeat cannot be checked: it reports by itself.")
    fields, settings = split(given, kind)
    with told_by_option(url):
        draft = draft_monitor(target=url, kind=kind, interval=MAX_TIMEOUT, settings=settings, **fields)
    spec = CheckSpec(0, 1, draft.kind, draft.target, draft.timeout, draft.settings)
    outcome = check_once(spec, AddressGuard(LOCAL_NETWORKS)).outcome
    click.echo("\n".join(report(outcome, now=datetime.now(UTC), colour=sys.stdout.isatty())))
    raise SystemExit(0 if outcome.condition in {Condition.UP, Condition.DEGRADED} else 1)


def _redis(settings: Settings) -> Redis:
    return Redis.from_url(settings.redis, socket_timeout=5, socket_connect_timeout=2)

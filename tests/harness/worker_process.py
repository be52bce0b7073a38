"""`emeter worker` with name servers of the test's choice, which no setting can give it."""

import sys

from redis import Redis

from emeter_checker.guard import AddressGuard
from emeter_checker.worker import Worker
from emeter_core.logs import setup_logging
from emeter_core.settings import Settings
from emeter_core.supervisor.runtime import StopSignal
from emeter_storage.engine import DatabaseClock, make_engine, make_session_factory


def main(*dns_servers: str) -> None:
    """Work until SIGTERM."""
    setup_logging("worker")
    stop = StopSignal.install()
    settings = Settings.load()
    engine = make_engine(settings.database, name="emeter worker")
    Worker(
        make_session_factory(engine),
        DatabaseClock(engine),
        Redis.from_url(settings.redis, socket_timeout=5, socket_connect_timeout=2),
        settings.vault(),
        AddressGuard(settings.private_targets),
        dns_servers=dns_servers,
    ).run(stop)


if __name__ == "__main__":
    main(*sys.argv[1:])

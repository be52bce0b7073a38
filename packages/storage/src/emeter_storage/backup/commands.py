"""`emeter backup` and `emeter restore`."""

import signal
from contextlib import closing
from pathlib import Path

import click

from emeter_storage.backup.archive import ArchiveReader
from emeter_storage.backup.domain import load_domain
from emeter_storage.backup.manifest import Manifest
from emeter_storage.backup.places import new_file, own_database, running_database
from emeter_storage.backup.progress import Progress, shown_size
from emeter_storage.backup.restore import require_known
from emeter_storage.backup.restore import restore as restore_archive
from emeter_storage.backup.snapshot import back_up
from emeter_storage.settings import StorageSettings


@click.command()
@click.argument("file")
@click.option("--without-results", is_flag=True, help="Leave single results out; the history stays.")
@click.option("--with-key", is_flag=True, help="Put the SECRET_KEY into the file.")
def backup(file: str, *, without_results: bool, with_key: bool) -> None:
    """Write all data of this installation into FILE (`-`: standard output), also while it runs.

    The SECRET_KEY, which the secrets in it need, is not in it: keep that one elsewhere.
    """
    _end_in_order()
    settings, domain, progress = StorageSettings.load(), load_domain(), Progress("Backing up")
    with new_file(file) as target, running_database(settings) as engine:
        try:
            manifest = back_up(
                engine,
                target,
                domain,
                with_results=not without_results,
                with_key=with_key,
                progress=progress,
            )
        finally:
            progress.end()
    size = sum(part.size for part in manifest.parts)
    click.echo(f"Backed up {manifest.rows:,} rows: {shown_size(size)} in {progress.seconds:.1f} s.", err=True)
    _tell_of_key(manifest)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--send-waiting", is_flag=True, help="Send what was waiting when the backup was made.")
def restore(file: Path, *, send_waiting: bool) -> None:
    """Bring the backup FILE back into an empty installation; all of it, or nothing.

    It needs the SECRET_KEY of the installation that the backup was made of. What was waiting to be sent is
    not sent, and everybody logs in again.
    """
    _end_in_order()
    settings, domain, progress = StorageSettings.load(), load_domain(), Progress("Restoring")
    with closing(ArchiveReader(file)) as archive:
        manifest = archive.manifest
        require_known(manifest)
        domain.require_key(manifest.fingerprint, archive.key)
        with own_database(settings) as engine:
            try:
                told = restore_archive(engine, archive, domain, send_waiting=send_waiting, progress=progress)
            finally:
                progress.end()
    click.echo(
        f"Restored the backup of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC:"
        f" {manifest.rows:,} rows in {progress.seconds:.1f} s."
    )
    for line in told:
        click.echo(line)


def _end_in_order() -> None:
    """Have a SIGTERM clean up like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _tell_of_key(manifest: Manifest) -> None:
    if manifest.key:
        click.echo("The SECRET_KEY is in the file: whoever reads it can read every secret in it.", err=True)
    elif manifest.fingerprint:
        click.echo(
            f"The SECRET_KEY is not in the file, and nothing can be restored without it: keep it elsewhere"
            f" (its fingerprint is {manifest.fingerprint[:8]}).",
            err=True,
        )

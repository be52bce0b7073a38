"""PostgreSQL's own files of settings, written anew at each start so that they stay right."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from emeter_storage.servers.account import Account

_HEAD = "# Written by E-Meter at each start; ALTER SYSTEM keeps settings of your own.\n"

_SETTINGS = {
    # Reached by its socket alone. 0700 is no loss for root, whom no mode keeps out.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # A small machine that serves many small transactions; a second core is better used by another of them.
    "shared_buffers": "128MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # Files: logind empties /dev/shm at a user's logout, and containers give it 64 MB.
    "dynamic_shared_memory_type": "mmap",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    # Narrow tables change all the time: dead rows go before they slow the scans.
    "autovacuum_naptime": "15s",
    # One clock and one language, whatever the machine's are.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    # A statement that failed is in the error of whoever sent it; its values are nobody's to read.
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}

# What a power cut would cost is of no interest to a test.
_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def write_files(
    cluster: Path, run_directory: Path, client: Account, owner: Account | None, *, fsync: bool
) -> None:
    """Write postgresql.conf, pg_hba.conf and pg_ident.conf.

    `client` is whom `peer` lets in as emeter; `owner` owns the files, None for the current user.
    """
    settings = _SETTINGS | {"unix_socket_directories": str(run_directory)} | ({} if fsync else _UNSAFE)
    files = {
        "postgresql.conf": _settings(settings),
        "pg_hba.conf": "local all emeter peer map=emeter\n",
        "pg_ident.conf": f"emeter {_quoted(client.name)} emeter\n",
    }
    for name, text in files.items():
        _write(cluster / name, _HEAD + text, owner)


def _settings(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _write(path: Path, text: str, owner: Account | None) -> None:
    """Put the file in place by a rename: root follows no link that the servers' account may have put."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
        if owner:
            os.fchown(file, owner.uid, owner.gid)
        new.replace(path)
    except OSError:
        # A disk that is full is tried again and again.
        new.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)

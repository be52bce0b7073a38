"""The short directory that holds the servers' sockets.

A socket's path has at most 107 characters, a data directory's any number: so the sockets live under /tmp, in
a directory named by a hash of the data directory. Always there, whatever XDG_RUNTIME_DIR says: that differs
between a shell, cron and systemd, so that a command would not find the servers beside it, and logind empties
it at logout under running servers.
"""

import hashlib
import os
import stat
from pathlib import Path

from emeter_storage.servers.account import Account
from emeter_storage.servers.errors import ServerError

_PARENT = Path("/tmp")  # noqa: S108 - the name in it is checked for squatters at each start: see make_private


def run_directory(data: Path) -> Path:
    """Return the directory of the sockets for the real path of a data directory; creates nothing."""
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return _PARENT / f"emeter-{os.geteuid()}-{digest}"


def make_private(path: Path, account: Account | None) -> None:
    """Create the directory 0700 for the account (None: the current user), or check that it is just that.

    Raise ServerError where somebody else was first: a symlink, another owner or a wider mode is never used.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise ServerError(f"The directory of the sockets cannot be made: {path}: {error.strerror}") from error
    info = path.lstat()
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in owners or info.st_mode & 0o077:
        raise ServerError(
            f"{path} is not E-Meter's own (owner, mode or kind is wrong): remove it and start again"
        )
    if account and info.st_uid != account.uid:
        # /tmp is sticky and the directory root's, so nobody can have put another in its place.
        os.chown(path, account.uid, account.gid, follow_symlinks=False)

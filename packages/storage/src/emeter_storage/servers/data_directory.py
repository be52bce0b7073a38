"""The directory in which everything of one E-Meter lives."""

import fcntl
import os
import stat
from functools import cached_property
from pathlib import Path
from typing import Self

from emeter_storage.servers.account import Account, service_account
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.run_directory import make_private, run_directory

# PostgreSQL holds paths in 1,024 bytes (MAXPGPATH), of which its own files below the cluster need some.
_LONGEST = 900


class DataDirectory:
    """A data directory: its paths, its preparation, its lock.

    Takes the path, which need not exist; `~` and symlinks are resolved. Making the object touches nothing.
    Raise ServerError for a path that can be none.
    """

    def __init__(self, path: Path | str) -> None:
        try:
            self.path = Path(path).expanduser().resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ServerError(f"The data directory {str(path)!r} cannot be used: {error}") from error
        if "\n" in str(self.path) or len(os.fsencode(self.path)) > _LONGEST:
            raise ServerError(
                f"The data directory's path has a line break or over {_LONGEST} bytes: {str(path)[:60]!r}…"
            )
        self._lock: int | None = None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory; there as a whole or not at all."""
        return self.path / "postgres"

    @property
    def logs(self) -> Path:
        """Where the servers' logs go, 0700."""
        return self.path / "logs"

    @property
    def mail(self) -> Path:
        """Where mails go while there is no SMTP_URL, 0700."""
        return self.path / "mail"

    @property
    def secret_key_path(self) -> Path:
        """The file of the key made on first start; whoever makes it gives it 0600."""
        return self.path / "secret_key"

    @cached_property
    def run_directory(self) -> Path:
        """The directory of the sockets, short whatever the length of the data directory's path."""
        return run_directory(self.path)

    @property
    def database_url(self) -> str:
        """The URL of the embedded PostgreSQL; the port is named so that no PGPORT turns it elsewhere."""
        return f"postgresql+psycopg2://emeter@/emeter?host={self.run_directory}&port=5432"

    @property
    def redis_url(self) -> str:
        """The URL of the embedded Redis."""
        return f"unix://{self.run_directory}/redis.sock"

    @property
    def account(self) -> Account | None:
        """The account of the servers, None for the current user; raise ServerError where there is none."""
        return service_account(self.cluster)

    def prepare(self) -> Self:
        """Create what is missing; call it before writing inside. Raise ServerError for what cannot be used.

        The directory becomes 0700, as root 0710 with the servers' group, which must pass through it. The mode
        of one that held files before is left alone, as are all modes above.
        """
        try:
            self._create()
            self._check()
            for directory in (self.logs, self.mail):
                directory.mkdir(mode=0o700, exist_ok=True)
            os.close(self._open_lock())
        except OSError as error:
            where = "" if error.filename in {None, str(self.path)} else f"{error.filename}: "
            raise ServerError(
                f"The data directory {self.path} cannot be used: {where}{error.strerror}"
            ) from error
        return self

    def make_run_directory(self) -> None:
        """Create the directory of the sockets; raise ServerError where somebody squats there."""
        make_private(self.run_directory, self.account)

    def drop_run_directory(self) -> None:
        """Remove the directory of the sockets unless a server still has one in it."""
        try:
            self.run_directory.rmdir()
        except OSError:
            return

    def lock(self) -> None:
        """Take this directory until the end of the process; raise ServerError naming the one that has it."""
        if self._lock is not None:
            return
        file = self._open_lock()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip()
            os.close(file)
            if isinstance(error, BlockingIOError):
                raise ServerError(f"{self.path} is in use: process {holder} runs E-Meter there") from None
            raise ServerError(f"{self.path} cannot be locked: {error.strerror}") from error
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)
        self._lock = file

    def unlock(self) -> None:
        """Give the directory back; it goes by itself at the end of the process."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            if not self.path.is_dir():
                raise ServerError(f"The data directory {self.path} is a file") from None

    def _check(self) -> None:
        info = self.path.stat()
        if info.st_uid != os.geteuid():
            raise ServerError(
                f"The data directory {self.path} belongs to the user id {info.st_uid}, not to "
                f"{os.geteuid()}: run E-Meter as its owner, or set EMETER_DATA_DIR to another"
            )
        if not any(self.path.iterdir()):
            self._adopt()
        elif info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ServerError(
                f"Others can write to the data directory {self.path}: chmod go-w, or choose another"
            )

    def _adopt(self) -> None:
        account = self.account
        if account:
            try:
                os.chown(self.path, -1, account.gid)
            except OSError as error:
                raise ServerError(
                    f"PostgreSQL refuses to run as root, and this root may not give files to {account.name} "
                    f"({error.strerror}): run E-Meter as an ordinary user, or set DATABASE_URL and REDIS_URL"
                ) from error
        self.path.chmod(0o710 if account else 0o700)

    def _open_lock(self) -> int:
        return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

"""Whether the servers of a data directory run, for commands beside `emeter up`."""

from emeter_storage.servers.data_directory import DataDirectory
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.postgres import answers_at
from emeter_storage.servers.redis import answers_ping


def is_running(data_directory: DataDirectory) -> bool:
    """Say whether both servers of the directory answer at their sockets; takes 2 s at most."""
    run = data_directory.run_directory
    return answers_at(run) and answers_ping(run / "redis.sock")


def reach(data_directory: DataDirectory) -> None:
    """Raise ServerError with what to do unless both servers of the directory answer."""
    if not is_running(data_directory):
        raise ServerError(
            f"The servers of {data_directory.path} are not running: start them with `emeter up`"
        )

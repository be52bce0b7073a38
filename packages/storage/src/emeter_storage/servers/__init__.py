"""PostgreSQL and Redis as our own children: real servers beside `emeter up` and the tests.

Usage: one DataDirectory, `prepare()`, `lock()`, then `PostgresServer(directory).start()` and
`RedisServer(directory).start()` **on the main thread**: the kernel ends a child with the *thread*
that started it.
"""

from emeter_storage.servers.account import Account
from emeter_storage.servers.command import child_command
from emeter_storage.servers.data_directory import DataDirectory
from emeter_storage.servers.errors import ServerError
from emeter_storage.servers.postgres import PostgresServer
from emeter_storage.servers.reach import is_running, reach
from emeter_storage.servers.redis import RedisServer

__all__ = [
    "Account",
    "DataDirectory",
    "PostgresServer",
    "RedisServer",
    "ServerError",
    "child_command",
    "is_running",
    "reach",
]

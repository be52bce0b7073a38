"""Whether a Redis that somebody else runs will do: its version, and what is known of that."""

from collections.abc import Mapping

from redis import AuthenticationError, ConnectionPool, Redis, ResponseError, UnixDomainSocketConnection

from emeter_storage.errors import UserError

_OLDEST = (6, 2)
"""From here on a job is taken without an instant at which a crash would lose it (BLMOVE)."""

_CREDENTIALS = {"username", "password", "credential_provider"}

# CVE-2025-49844: whoever may run scripts may run anything. The release of each line that mends it; a line
# that is not named is mended if it is newer than these. Sources: the release notes of both, 2025-10-03.
_MENDED = {
    "Redis": {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
    "Valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
}


def inspect(client: Redis) -> str:
    """Return what the operator should be warned of, empty where that is nothing.

    Raises UserError for a version that will not do and for a port at which everybody is let in, and
    redis.RedisError where the server is away.
    """
    info = client.info("server")
    if _lets_in_everybody(client.connection_pool):
        raise UserError(
            "The Redis of REDIS_URL lets in whoever brings no password: set requirepass in its configuration."
        )
    return judge(info)


def _lets_in_everybody(pool: ConnectionPool) -> bool:
    """Whether its port asks for no password: with the name of a user in the URL, it then takes any."""
    if issubclass(pool.connection_class, UnixDomainSocketConnection):
        return False
    known = {name: value for name, value in pool.connection_kwargs.items() if name not in _CREDENTIALS}
    with Redis.from_pool(ConnectionPool(connection_class=pool.connection_class, **known)) as stranger:
        try:
            return bool(stranger.ping())
        except (AuthenticationError, ResponseError):
            return False


def judge(info: Mapping[str, object]) -> str:
    """Judge what the server says of itself (`INFO server`); see `inspect`."""
    version = str(info.get("redis_version", "0"))
    if _numbers(version) < _OLDEST:
        raise UserError(f"The Redis of REDIS_URL is {version}, and 6.2 is the oldest that will do.")
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", version))
    if _is_mended(name, _numbers(version)):
        return ""
    return (
        f"The {name} of REDIS_URL is {version}, whose scripts are not safe (CVE-2025-49844):"
        " upgrade it, unless your distribution has mended it."
    )


def _is_mended(name: str, version: tuple[int, ...]) -> bool:
    lines = _MENDED[name]
    line, release = version[:2], version[2:3]
    if line in lines:
        return release >= (lines[line],)
    return line > max(lines)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())

"""How many pages can be open: each holds a file descriptor, and gunicorn ends where it gets none."""

import resource

_WANTED = 16_384
_PAGES = 4_000
_CONNECTIONS = 4_000
_FEWEST_CONNECTIONS = 512


def make_room() -> None:
    """Let this process open as many files as it may, up to what it could need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def room_for_pages() -> int:
    """How many pages may be open at once: half of the files at most, the rest is for requests."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _PAGES if soft == resource.RLIM_INFINITY else min(_PAGES, soft // 2)


def room_for_connections() -> int:
    """How many connections may wait for a request or an answer at once: a quarter of the files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _CONNECTIONS
    return max(_FEWEST_CONNECTIONS, min(_CONNECTIONS, soft // 4))

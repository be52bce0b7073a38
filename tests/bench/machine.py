"""What was measured, and where: never the name of the machine nor a path on it."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import processes
import pycurl
import redis
from instance import Instance
from sqlalchemy import text
from target import Target

ROOT = Path(__file__).parents[2]


def hardware(directory: Path) -> dict[str, object]:
    """What is compared: figures of other machines say nothing beside those of this one."""
    return {
        "cpu": _cpu_model(),
        "cores": processes.cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "filesystem": _filesystem(directory),
    }


def versions(instance: Instance, target: Target) -> dict[str, str]:
    """What the parts say of themselves."""
    return {
        "python": platform.python_version(),
        "postgresql": _postgresql(instance),
        "redis": _redis(instance),
        "libcurl": pycurl.version.split()[1].partition("/")[2],
        "rq": version("rq"),
        "nginx": target.version,
    }


def commit() -> str:
    """The commit of this checkout, and whether there is more in it; what the bench writes does not count."""
    found = _git("rev-parse", "HEAD")[:12] or "unknown"
    changes = _git("status", "--porcelain", "--", ".", ":!docs/bench.*")
    return f"{found} with changes" if changes else found


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(directory: Path) -> str:
    """The kind of file system that the data directory is on: the longest mount point above it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(point), kind) for point, kind in mounts if directory.is_relative_to(point)]
    return max(above)[1] if above else "unknown"


def _postgresql(instance: Instance) -> str:
    with instance.sessions.begin() as session:
        return str(session.execute(text("SHOW server_version")).scalar_one())


def _redis(instance: Instance) -> str:
    with redis.Redis.from_url(instance.data.redis_url) as client:
        return str(client.info("server")["redis_version"])


def _git(*arguments: str) -> str:
    """What git says of this checkout; nothing where there is none. Takes no locks."""
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *arguments]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return told.stdout.strip()

"""CPU and memory of processes and all their children, read from /proc."""

import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_SERVERS = {"postgres": "postgres", "redis-server": "redis", "valkey-server": "redis"}


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment. `cpu_ms` has in it what its ended children have used."""

    pid: int
    parent: int
    cpu_ms: float


def cpu_by_role(supervisor: int) -> dict[str, float]:
    """Milliseconds of CPU used so far by each process of an `emeter up`, its children included."""
    used: defaultdict[str, float] = defaultdict(float)
    for role, process in _family(supervisor):
        used[role] += process.cpu_ms
    return dict(used)


def memory_by_role(supervisor: int) -> dict[str, float]:
    """MB of memory of each, as PSS: what is shared counts once."""
    used: defaultdict[str, float] = defaultdict(float)
    for role, process in _family(supervisor):
        used[role] += _pss_kb(process.pid) / 1024
    return dict(used)


def cpu_of(root: int) -> float:
    """Milliseconds of CPU used so far by a process and its children."""
    return sum(process.cpu_ms for process in _descendants(root))


def memory_of(root: int) -> float:
    """MB of memory of a process and its children, as PSS."""
    return sum(_pss_kb(process.pid) for process in _descendants(root)) / 1024


def pid_of(supervisor: int, role: str) -> int:
    """The process of this role directly under an `emeter up`."""
    return next(each.pid for name, each in _family(supervisor) if name == role and each.parent == supervisor)


def stop(pid: int) -> None:
    """Ask a process to end."""
    os.kill(pid, signal.SIGTERM)


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    return _read(pid) is not None


def cores() -> int:
    """How many cores there are."""
    return os.cpu_count() or 1


def machine_busy_ms() -> float:
    """Milliseconds of CPU that all cores together have spent on anything since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) * _TICK_MS


def _family(supervisor: int) -> Iterator[tuple[str, Process]]:
    """Every process under `emeter up`, with the name of the one directly under it that it belongs to."""
    roles = {supervisor: "supervisor"}
    for process in _descendants(supervisor):
        if process.parent == supervisor:
            roles[process.pid] = _role(process.pid)
        roles.setdefault(process.pid, roles.get(process.parent, "supervisor"))
        yield roles[process.pid], process


def _descendants(root: int) -> Iterator[Process]:
    """The process and all under it, parents first."""
    children: defaultdict[int, list[Process]] = defaultdict(list)
    start = None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (process := _read(int(entry.name))):
            children[process.parent].append(process)
            start = process if process.pid == root else start
    queue = [start] if start else []
    while queue:
        process = queue.pop()
        queue += children[process.pid]
        yield process


def _read(pid: int) -> Process | None:
    """One line of proc_pid_stat(5): utime, stime, cutime and cstime are fields 14 to 17."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(pid, int(fields[1]), sum(map(int, fields[11:15])) * _TICK_MS)


def _role(pid: int) -> str:
    argv = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    program = Path(argv[0].split(" ")[0]).name
    return _SERVERS.get(program, argv[-1])


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)

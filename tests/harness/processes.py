"""Who runs, as /proc tells: the proof that nobody is left behind."""

from collections.abc import Iterator
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes whose parent is `pid`, zombies left out."""
    return [child for child, parent in _parents() if parent == pid]


def tree_of(pid: int) -> set[int]:
    """`pid` and all that descend from it, over any number of sessions."""
    parents = list(_parents())
    found, fresh = {pid}, {pid}
    while fresh:
        fresh = {child for child, parent in parents if parent in fresh} - found
        found |= fresh
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie only waits to be counted."""
    return _state_and_parent(pid) is not None


def command_of(pid: int) -> str:
    """The command line of a process, empty where it is gone."""
    return _read(pid, "cmdline").replace("\0", " ").strip()


def program_of(pid: int) -> str:
    """The file name of a process's program, empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def stack_of(pid: int) -> str:
    """What a process waits for and which signals it blocks, ignores and catches, for a message."""
    told = _read(pid, "status").splitlines()
    wanted = [line for line in told if line.startswith(("State", "PPid", "Sig", "ShdPnd", "Threads"))]
    return f"{_read(pid, 'wchan')} {' '.join(wanted)}"


def belonging_to(*directories: Path) -> dict[int, str]:
    """The command lines of all processes that name one of the directories or work in it, by pid."""
    wanted = tuple(map(str, directories))
    found = {}
    for pid, _ in _parents():
        told = (_read(pid, "cmdline"), _read(pid, "environ"), _cwd(pid))
        if any(directory in text for directory in wanted for text in told):
            found[pid] = command_of(pid) or program_of(pid)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (told := _state_and_parent(int(entry.name))) is not None:
            yield int(entry.name), told


def _state_and_parent(pid: int) -> int | None:
    """The parent of a process that runs; None for one that is gone or a zombie."""
    state, _, rest = _read(pid, "stat").rpartition(")")[2].strip().partition(" ")
    return int(rest.split()[0]) if state and state not in "ZX" else None


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def _cwd(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""

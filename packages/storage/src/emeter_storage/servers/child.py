"""The shim between us and a child: becomes the child after it made it ours, in about 20 ms.

Run by path as `python -I -S child.py` with the arguments that `child_command` writes: nothing of E-Meter is
imported, and in `Popen` no Python code has to run between fork and exec, where threads make that unsafe. In
this order: a session of its own, the account, the signal at the parent's end (the kernel forgets it when the
user id changes), the directory, exec.
"""

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

REFUSED = 125
"""The exit status where the shim gives up; its reason is the last line on stderr."""

# From linux/prctl.h, linux/capability.h and linux/securebits.h.
_PR_SET_PDEATHSIG = 1
_PR_GET_SECUREBITS, _PR_SET_SECUREBITS = 27, 28
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """Effective, permitted and inheritable capabilities, low words first, then high words."""

    _fields_ = (("words", ctypes.c_uint32 * 6),)


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the command after `--`; see child_command for the options before it."""
    split = arguments.index("--")
    argv = list(arguments[split + 1 :])
    options = [argument.partition("=")[::2] for argument in arguments[:split]]
    single = dict(options)
    try:
        _begin_session()
        if "user" in single:
            _become(single["user"], [value for name, value in options if name == "reach"])
        _end_with(int(single["parent"]), int(single["signal"]))
        if "cwd" in single:
            os.chdir(single["cwd"])
        os.execv(argv[0], argv)  # noqa: S606 - no shell is the point
    except OSError as error:
        _refuse(f"{error.filename or argv[0]}: {error.strerror}")


def _begin_session() -> None:
    try:
        os.setsid()
    except PermissionError:
        return  # Popen(start_new_session=True) did it.


def _end_with(parent: int, number: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        _refuse("the process that started this one has ended")


def _become(user: str, reach: Sequence[str]) -> None:
    """Change to `uid:gid`, with the least capability by which it reaches what it must; mostly with none."""
    uid, gid = map(int, user.split(":"))
    # Without this bit setresuid takes all capabilities, and access(2), by which PostgreSQL looks for itself,
    # ignores them.
    _libc.prctl(_PR_SET_SECUREBITS, _libc.prctl(_PR_GET_SECUREBITS, 0, 0, 0, 0) | _NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    held = _capabilities()
    missing = ""
    for capability in _enough(held):
        _set_capabilities(effective=capability, permitted=held, inheritable=0)
        missing = next((path for path in reach if not _reachable(path)), "")
        if not missing:
            _keep(capability)
            return
    _refuse(
        f"the user id {uid} cannot reach {missing}, and no capability is there to help it: "
        "run E-Meter as an ordinary user, or have E-Meter and its data "
        "(EMETER_DATA_DIR) in directories that everybody may enter"
    )


def _enough(held: int) -> Iterator[int]:
    """Yield sets of capabilities, the weakest first.

    The first may search and read everything but write nothing. The second may write, too; containers give it
    to their root, but not the first, and there the servers are still less than the root around them.
    """
    yield 0
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            yield 1 << capability


def _reachable(path: str) -> bool:
    """Say whether a directory may be entered or a file be executed, as the kernel sees it now."""
    return os.access(path, os.X_OK, effective_ids=True)


def _keep(capability: int) -> None:
    """Drop all capabilities but these, and let these outlive exec."""
    _set_capabilities(effective=capability, permitted=capability, inheritable=capability)
    if (
        capability
        and _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability.bit_length() - 1, 0, 0) != 0
    ):
        _refuse(
            "the kernel lets no capability outlive exec (PR_CAP_AMBIENT): run E-Meter as an ordinary user"
        )


def _capabilities() -> int:
    """Return the permitted set of this process."""
    sets = _Sets()
    _check(_libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), ctypes.byref(sets)))
    return int(sets.words[1]) | int(sets.words[4]) << 32


def _set_capabilities(*, effective: int, permitted: int, inheritable: int) -> None:
    both = (effective, permitted, inheritable)
    sets = _Sets()
    sets.words[:] = [value & 0xFFFFFFFF for value in both] + [value >> 32 for value in both]
    _check(_libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), ctypes.byref(sets)))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "capabilities")


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"E-Meter: {reason}\n")
    sys.stderr.flush()
    os._exit(REFUSED)


if __name__ == "__main__":
    main(sys.argv[1:])

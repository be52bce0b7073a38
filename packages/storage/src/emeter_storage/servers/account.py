"""Whose processes the servers are."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from emeter_storage.servers.errors import ServerError

# PostgreSQL's own account where a distribution made one, else the account that owns nothing.
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of the operating system; `name` is empty where the id has none."""

    name: str
    uid: int
    gid: int


def current_user() -> Account:
    """Return the user this process acts as; raise ServerError for one without a name, which `peer` needs."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ServerError(
            f"The user id {uid} has no name in /etc/passwd, and PostgreSQL needs one: add it, "
            "or set DATABASE_URL"
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid)


def service_account(cluster: Path) -> Account | None:
    """Return the unprivileged account the servers run under, or None where that is the current user.

    Only root needs one, since PostgreSQL refuses root: the owner of the cluster, else the first of `postgres`
    and `nobody` that exists. Raise ServerError where there is none.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = cluster.stat()
    except FileNotFoundError:
        return _unprivileged()
    if owner.st_uid == 0:
        name = _unprivileged().name
        raise ServerError(
            f"PostgreSQL refuses to run as root, and {cluster} is root's: chown -R {name} {cluster}"
        )
    return _owner(owner)


def _owner(owner: os.stat_result) -> Account:
    try:
        name = pwd.getpwuid(owner.st_uid).pw_name
    except KeyError:
        name = ""  # The server runs without a name; only initdb asks for one.
    return Account(name, owner.st_uid, owner.st_gid)


def _unprivileged() -> Account:
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServerError(
        "PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody`: "
        "add one, run E-Meter as an ordinary user, or set DATABASE_URL"
    )

"""Mails as files: where there is no SMTP server, each mail is one, and the mailbox of /dev lists them."""

import heapq
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path

from emeter_core.errors import NotFound

# Names sort by time. Nothing in them leads to another directory, nor is it hidden.
_NAME = re.compile(r"\d{8}T\d{12}Z-[A-Za-z0-9@._+-]{1,100}\.eml", re.ASCII)
_ODD = re.compile(r"[^A-Za-z0-9@._+-]", re.ASCII)
_TIME = "%Y%m%dT%H%M%S%fZ"
_MAX_TO = 100
# What the parser of the standard library ends in over a header that is not well formed.
_UNREADABLE = (AttributeError, LookupError, MessageError, ValueError)
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailFile:
    """A mail in the mail directory, as a list shows it."""

    name: str
    to: str
    subject: str
    date: datetime


def write_mail(directory: Path, message: EmailMessage, *, now: datetime) -> str:
    """Write `message` as `<time>-<to>.eml`, for its owner alone; returns the name.

    The file is there as a whole or not at all. Raises OSError where the directory cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = directory / f".{secrets.token_hex(8)}.unfinished"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # On the wire lines end in CRLF, here as in any other file.
            file.write(message.as_bytes(policy=message.policy.clone(linesep="\n")))
            file.flush()
            os.fsync(file.fileno())
        return _publish(unfinished, directory, _ODD.sub("_", str(message["To"]))[:_MAX_TO], now)
    finally:
        unfinished.unlink()


def list_mails(directory: Path, *, limit: int = 50) -> list[MailFile]:
    """The newest mails, at most `limit`; none where there is no such directory."""
    if not directory.is_dir():
        return []
    names = (entry.name for entry in os.scandir(directory) if _NAME.fullmatch(entry.name))
    mails = []
    for name in heapq.nlargest(limit, names):
        try:
            message = read_mail(directory, name)
            mails.append(MailFile(name, str(message["To"]), str(message["Subject"]), _time_of(name)))
        except (NotFound, *_UNREADABLE):
            # Deleted since it was listed, or put there by somebody else.
            continue
    return mails


def read_mail(directory: Path, name: str) -> EmailMessage:
    """The mail of this name; raises NotFound where there is none, or where the name is none of ours."""
    if not _NAME.fullmatch(name):
        raise NotFound("There is no such mail.")
    try:
        descriptor = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return message_from_bytes(file.read(_MAX_BYTES), policy=policy.default)
    except OSError:
        raise NotFound("There is no such mail.") from None


def _publish(unfinished: Path, directory: Path, to: str, now: datetime) -> str:
    """Give the finished file its name: the first that is free, so that no mail covers another."""
    while True:
        name = f"{now.astimezone(UTC).strftime(_TIME)}-{to}.eml"
        try:
            os.link(unfinished, directory / name)
        except FileExistsError:
            now += timedelta(microseconds=1)
        else:
            return name


def _time_of(name: str) -> datetime:
    return datetime.strptime(name.partition("-")[0], _TIME).replace(tzinfo=UTC)

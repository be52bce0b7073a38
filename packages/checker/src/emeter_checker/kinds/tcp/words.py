"""What was said and heard, as evidence shows it. Pure."""

from emeter_checker.kinds.evidence import BODY_READ
from emeter_checker.kinds.hider import SECRET_MIN
from emeter_core.monitors.kinds.escapes import escape


def shown(heard: bytes | bytearray) -> str:
    """The beginning of an answer, line by line, with escapes for what is no text."""
    return "\n".join(escape(line) for line in bytes(heard[:BODY_READ]).split(b"\n")).replace("\\r\n", "\n")


def secrets_in(said: bytes) -> set[str]:
    """The words of what was said, as they are and as `shown` would show them: any may be a password."""
    words = {word for word in said.split() if len(word) >= SECRET_MIN}
    return {word.decode("utf-8", "replace") for word in words} | {escape(word) for word in words}

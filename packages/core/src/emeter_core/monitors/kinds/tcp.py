"""The `tcp` kind: a port that must be open, and what must come out of it."""

from collections.abc import Callable
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from emeter_core.monitors.kinds.base import Kind
from emeter_core.monitors.kinds.escapes import escape, unescape
from emeter_core.monitors.kinds.hosts import HostSettings, bracketed, host_and_port
from emeter_core.outcome import Reason

MAX_SEND = 4096
MAX_EXPECT = 1024
_LIKE = "example.com:25"
# The longest text that so many bytes can be.
_PER_BYTE = len(r"\x00")


def _at_most(most: int) -> Callable[[str], str]:
    """Check escapes and length in bytes, and write the text as `escape` does."""

    def check(text: str) -> str:
        data = unescape(text)
        if len(data) > most:
            raise ValueError(f"should be at most {most:,} bytes")
        return escape(data)

    return check


class TcpSettings(HostSettings):
    """What is said on a connection and what must be heard; both with the escapes of `escapes.py`.

    With `tls` a handshake comes first. Without `send` and `expect` a connection is enough; `send` alone must
    only be taken; `expect` must come within the first 64 KiB.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"send"})

    tls: bool = False
    verify_tls: bool = True
    send: Annotated[str, Field(max_length=MAX_SEND * _PER_BYTE), AfterValidator(_at_most(MAX_SEND))] = ""
    expect: Annotated[str, Field(max_length=MAX_EXPECT * _PER_BYTE), AfterValidator(_at_most(MAX_EXPECT))] = (
        ""
    )

    def described(self) -> str:
        """Whether the connection is secured."""
        return "TCP with TLS" if self.tls else "TCP"

    def expected(self, reason: Reason) -> dict[str, object]:
        """What the answer lacked."""
        return {"keyword": self.expect} if reason is Reason.ANSWER_UNEXPECTED else {}


def clean_target(text: str) -> str:
    """Read `host:port`, write `tcp://host:port`; raises ValueError in plain words."""
    host, port = host_and_port(text, "tcp", _LIKE)
    if port is None:
        raise ValueError(f"must name a port, as in {_LIKE}")
    return f"tcp://{bracketed(host)}:{port}"


TCP = Kind(name="tcp", settings=TcpSettings, clean_target=clean_target, schemes=("tcp",))

"""What one check found: a plain value that crosses from checker to core, and the words it is told in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class Condition(StrEnum):
    """What a check, a probe or a monitor is found to be in."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    BLOCKED = "blocked"
    NO_DATA = "no_data"


class Reason(IntEnum):
    """The cause of an outcome. The numbers are stored with every result: never reuse one."""

    OK = 0

    NAME_NOT_FOUND = 10
    NAME_SERVER_FAILED = 11
    NAME_SERVER_SILENT = 12

    CONNECTION_REFUSED = 20
    CONNECT_TIMEOUT = 21
    HOST_UNREACHABLE = 22
    CONNECTION_CLOSED = 23

    CERTIFICATE_EXPIRED = 30
    CERTIFICATE_UNTRUSTED = 31
    CERTIFICATE_WRONG_HOST = 32
    TLS_FAILED = 33

    TIMEOUT = 40
    RESPONSE_INVALID = 41
    BODY_TOO_LARGE = 42
    HEADERS_TOO_LARGE = 43
    TOO_MANY_REDIRECTS = 44
    REDIRECT_INVALID = 45
    RESPONSE_CUT_OFF = 46
    PACKETS_LOST = 47
    PING_UNANSWERED = 48

    UNEXPECTED_CODE = 50
    KEYWORD_MISSING = 51
    KEYWORD_PRESENT = 52
    ANSWER_UNEXPECTED = 53
    HEARTBEAT_MISSING = 54
    RUN_TOO_LONG = 55
    RUN_FAILED = 56

    ADDRESS_BLOCKED = 60
    SCHEME_BLOCKED = 61

    NETWORK_UNAVAILABLE = 70
    RESOLVER_UNAVAILABLE = 71
    NOT_CHECKED = 72
    PING_FORBIDDEN = 73
    PINGS_NOT_TAKEN = 74

    @property
    def condition(self) -> Condition:
        """The condition that this reason stands for."""
        if self is Reason.OK:
            return Condition.UP
        if self >= Reason.NETWORK_UNAVAILABLE:
            return Condition.NO_DATA
        if self >= Reason.ADDRESS_BLOCKED:
            return Condition.BLOCKED
        return Condition.DOWN

    @property
    def slug(self) -> str:
        """The name used in tables, payloads and URLs, such as `connection_refused`."""
        return self.name.lower()

    @property
    def text(self) -> str:
        """One plain phrase for people, without a full stop."""
        return _TEXTS[self]


_TEXTS = {
    Reason.OK: "As expected",
    Reason.NAME_NOT_FOUND: "The host name does not exist",
    Reason.NAME_SERVER_FAILED: "The name server answered with an error",
    Reason.NAME_SERVER_SILENT: "The name server did not answer",
    Reason.CONNECTION_REFUSED: "Connection refused",
    Reason.CONNECT_TIMEOUT: "No connection within the timeout",
    Reason.HOST_UNREACHABLE: "Host unreachable",
    Reason.CONNECTION_CLOSED: "The server closed the connection without an answer",
    Reason.CERTIFICATE_EXPIRED: "The certificate has expired or is not yet valid",
    Reason.CERTIFICATE_UNTRUSTED: "The certificate is not trusted",
    Reason.CERTIFICATE_WRONG_HOST: "The certificate is for another host",
    Reason.TLS_FAILED: "The TLS handshake failed",
    Reason.TIMEOUT: "No complete answer within the timeout",
    Reason.RESPONSE_INVALID: "The answer is not valid HTTP",
    Reason.BODY_TOO_LARGE: "The body is larger than the cap",
    Reason.HEADERS_TOO_LARGE: "The headers are larger than 64 KiB",
    Reason.TOO_MANY_REDIRECTS: "Too many redirects",
    Reason.REDIRECT_INVALID: "A redirect leads nowhere",
    Reason.RESPONSE_CUT_OFF: "The answer broke off before its end",
    Reason.PACKETS_LOST: "Too many packets were lost",
    Reason.PING_UNANSWERED: "No ping was answered",
    Reason.UNEXPECTED_CODE: "Unexpected status code",
    Reason.KEYWORD_MISSING: "The keyword is missing",
    Reason.KEYWORD_PRESENT: "The forbidden keyword is present",
    Reason.ANSWER_UNEXPECTED: "The answer is not what was expected",
    Reason.HEARTBEAT_MISSING: "No heartbeat in time",
    Reason.RUN_TOO_LONG: "The run did not end in time",
    Reason.RUN_FAILED: "The job reported a failure",
    Reason.ADDRESS_BLOCKED: "The address is not allowed as a target",
    Reason.SCHEME_BLOCKED: "The scheme is not allowed",
    Reason.NETWORK_UNAVAILABLE: "Our own network is not available",
    Reason.RESOLVER_UNAVAILABLE: "No name server of ours can be reached",
    Reason.NOT_CHECKED: "Not checked",
    Reason.PING_FORBIDDEN: "This machine does not let us send pings",
    Reason.PINGS_NOT_TAKEN: "We could not be told at the time",
}


class Phases(NamedTuple):
    """Microseconds per phase of a check, summed over its redirects."""

    dns: int = 0
    connect: int = 0
    tls: int = 0
    wait: int = 0
    transfer: int = 0

    @property
    def total(self) -> int:
        """Microseconds from the start of the look-up to the last byte."""
        return self.dns + self.connect + self.tls + self.wait + self.transfer


NO_PHASES = Phases()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one check. A bad target makes an outcome, never an exception.

    `code` is the protocol's own status (0 where there was none), `address` the last one dialled,
    `evidence` what a person needs to believe a failure: small, JSON-ready, empty for a success.
    """

    reason: Reason
    phases: Phases = NO_PHASES
    code: int = 0
    address: str = ""
    certificate_ends_at: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def condition(self) -> Condition:
        """Up, down, blocked or no data, as the reason has it."""
        return self.reason.condition

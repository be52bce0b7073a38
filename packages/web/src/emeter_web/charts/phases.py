"""The phases of checks: the waterfall of one, and many on one scale."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emeter_core.outcome import Phases, Reason
from emeter_web import formats
from emeter_web.charts import ruler
from emeter_web.charts.paths import number

DNS, CONNECT, TLS, WAIT, TRANSFER = range(5)
Words = Mapping[int, str]
"""Phases by their number (0 to 4), with what they are called."""
WORDS: Words = {DNS: "DNS", CONNECT: "Connect", TLS: "TLS", WAIT: "First byte", TRANSFER: "Transfer"}
_FAILED_IN = {
    Reason.NAME_NOT_FOUND: DNS,
    Reason.NAME_SERVER_FAILED: DNS,
    Reason.NAME_SERVER_SILENT: DNS,
    Reason.CONNECTION_REFUSED: CONNECT,
    Reason.CONNECT_TIMEOUT: CONNECT,
    Reason.HOST_UNREACHABLE: CONNECT,
    Reason.CERTIFICATE_EXPIRED: TLS,
    Reason.CERTIFICATE_UNTRUSTED: TLS,
    Reason.CERTIFICATE_WRONG_HOST: TLS,
    Reason.TLS_FAILED: TLS,
    Reason.CONNECTION_CLOSED: WAIT,
    Reason.PING_UNANSWERED: WAIT,
    Reason.RESPONSE_INVALID: WAIT,
    Reason.HEADERS_TOO_LARGE: WAIT,
    Reason.BODY_TOO_LARGE: TRANSFER,
    Reason.RESPONSE_CUT_OFF: TRANSFER,
    Reason.ANSWER_UNEXPECTED: TRANSFER,
}
# So that what took no time is still seen.
_LEAST = 0.6


@dataclass(frozen=True, slots=True)
class Lane:
    """A phase: its number from 1, its word, where it stands (percent), and its time; `x` is what failed."""

    phase: int
    word: str
    x: str
    width: str
    text: str
    failed: bool = False
    reached: bool = True

    @property
    def css(self) -> str:
        """The class that colours it."""
        return "x" if self.failed else f"p{self.phase}"


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Lanes, the words of the scale, the sum."""

    lanes: tuple[Lane, ...]
    scale: tuple[str, ...]
    total: str


def failed_phase(reason: Reason, phases: Phases) -> int | None:
    """Tell in which phase (0 to 4) a check failed; None where it went through, or failed by what it read."""
    if reason is Reason.TIMEOUT:
        return max((index for index, took in enumerate(phases) if took), default=DNS)
    return _FAILED_IN.get(reason)


def waterfall(phases: Sequence[int], failed: int | None = None, wanted: Words = WORDS) -> Waterfall:
    """Lay out the phases (microseconds) of one check; what there is not, as TLS over http, has no lane.

    `wanted` are the phases that it was to go through: of the others none is told as not reached.
    """
    top = ruler.end_of(sum(phases))
    lanes, start = [], 0
    for index, took in enumerate(phases):
        reached = failed is None or index <= failed
        if took or index == failed or (not reached and index in wanted):
            text = formats.ms(took) if reached else "not reached"
            lanes.append(
                Lane(
                    index + 1,
                    wanted.get(index, WORDS[index]),
                    *_place(start, took, top),
                    text,
                    index == failed,
                    reached=reached,
                )
            )
        start += took
    return Waterfall(tuple(lanes), ruler.words(top, 2), formats.ms(sum(phases)))


def flow_scale(checks: Iterable[Sequence[int]]) -> int:
    """Answer the scale that many checks share: the longest of them, in microseconds."""
    return max((sum(phases) for phases in checks), default=0) or 1


def flow(phases: Sequence[int], scale: int, failed: int | None = None) -> tuple[Lane, ...]:
    """Lay the phases of one check end to end."""
    lanes, start = [], 0
    for index, took in enumerate(phases):
        if took or index == failed:
            place = _place(start, took, scale)
            lanes.append(Lane(index + 1, WORDS[index], *place, formats.ms(took), index == failed))
        start += took
    return tuple(lanes)


def _place(start: int, took: int, top: float) -> tuple[str, str]:
    """Answer where a phase begins and how wide it is, in percent, within the lane."""
    width = max(took / top * 100, _LEAST)
    return number(min(start / top * 100, 100 - width)), number(min(width, 100))

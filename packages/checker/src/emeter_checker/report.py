"""An outcome as lines for the terminal. Pure."""

from collections.abc import Iterator
from datetime import datetime

import click

from emeter_core.incidents import cause_in_words
from emeter_core.monitors.kinds import KINDS, kind_of
from emeter_core.outcome import Condition, Outcome, Reason

_COLOURS = {
    Condition.UP: "green",
    Condition.DOWN: "red",
    Condition.BLOCKED: "yellow",
    Condition.NO_DATA: "yellow",
    Condition.DEGRADED: "yellow",
}
_PHASE_NAMES = {"dns": "look-up", "connect": "connect", "tls": "TLS", "wait": "wait", "transfer": "transfer"}
_LABEL = 12
_FIGURE = 10
_ANSWER = 100


def report(outcome: Outcome, *, now: datetime, colour: bool = False) -> list[str]:
    """Lines that tell of one check: the verdict, then what is known, each phase in milliseconds.

    `now` (aware) is what the days left of the certificate are counted from.
    """
    return [_verdict(outcome, colour=colour), *_facts(outcome, now), *_phases(outcome)]


def _verdict(outcome: Outcome, *, colour: bool) -> str:
    word = outcome.condition.value.replace("_", " ").upper()
    if colour:
        word = click.style(word, fg=_COLOURS.get(outcome.condition), bold=True)
    return f"{word}  {cause_in_words(outcome.reason.slug, outcome.evidence)}"


def _facts(outcome: Outcome, now: datetime) -> Iterator[str]:
    if outcome.code:
        yield _line("code", str(outcome.code))
    if outcome.address:
        yield _line("address", outcome.address)
    if outcome.reason is not Reason.OK and outcome.evidence.get("error"):
        yield _line("error", str(outcome.evidence["error"]))
    for label, told in _of_kind(outcome):
        yield _line(label, told)
    for hop in outcome.evidence.get("redirects", ()):
        yield _line("redirect", f"{hop['code']} from {hop['url']}")
    if outcome.certificate_ends_at is not None:
        yield _line("certificate", _certificate(outcome.certificate_ends_at, now))


def _of_kind(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What only this kind knows, then the first line of what came back, where no code says it."""
    kind = KINDS[kind_of(str(outcome.evidence.get("url", "")))]
    for label, told in kind.facts(outcome.evidence):
        yield label.lower(), told
    if not outcome.code and outcome.evidence.get("body"):
        yield "answer", str(outcome.evidence["body"]).partition("\n")[0][:_ANSWER]


def _certificate(ends_at: datetime, now: datetime) -> str:
    days = (ends_at - now).days
    left = f"{days} days left" if days >= 0 else f"ended {-days} days ago"
    return f"until {ends_at:%Y-%m-%d %H:%M} UTC, {left}"


def _phases(outcome: Outcome) -> Iterator[str]:
    for name, microseconds in outcome.phases._asdict().items():
        yield _line(_PHASE_NAMES[name], _milliseconds(microseconds))
    yield _line("total", _milliseconds(outcome.phases.total))


def _milliseconds(microseconds: int) -> str:
    return f"{microseconds / 1000:{_FIGURE}.1f} ms"


def _line(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"

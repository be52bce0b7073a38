"""Lengths of time that go on: the words are for people, a script keeps them true."""

from datetime import datetime, timedelta

from markupsafe import Markup

from emeter_web.formats import full, instant, length

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def lasting(since: datetime, now: datetime) -> Markup:
    """How long something lasts: `6 min 8 s`, `just now`."""
    return _time(since, now - since)


def lasting_for(since: datetime, now: datetime) -> Markup:
    """The same in a sentence: `for 6 min 8 s`, `just now`."""
    return _time(since, now - since, lead="for")


def lasting_about(since: datetime, now: datetime) -> Markup:
    """The same as a list says it, in whole minutes once there is one: `6 min`, `just now`."""
    took = now - since
    return _time(since, took if took < _MINUTE else took - took % _MINUTE, unit="min")


def lasted(since: datetime, until: datetime | None, now: datetime) -> Markup:
    """How long an incident is open, or was: `Open for 6 min 8 s`, `Closed after 9 min`."""
    if until is None:
        # In one element, for what stands beside a glyph is laid out part by part.
        return Markup("<span>Open {}</span>").format(lasting_for(since, now))
    return Markup("Closed after {}").format(length(until - since))


def _time(since: datetime, took: timedelta, *, unit: str = "", lead: str = "") -> Markup:
    element = Markup('<time datetime="{}" title="since {}" data-for="{}" data-lead="{}">{}</time>')
    told = f"{lead} {length(took)}".lstrip() if took >= _SECOND else "just now"
    return element.format(instant(since), full(since), unit, lead, told)

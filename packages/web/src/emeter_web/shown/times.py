"""Lengths of time that go on: the words are for people, a script keeps them true."""

from datetime import datetime, timedelta

from markupsafe import Markup

from emeter_web.formats import full, instant, length

_MINUTE = timedelta(minutes=1)


def lasting(since: datetime, now: datetime) -> Markup:
    """How long something lasts: `6 min 8 s`."""
    return _time(since, "", max(now - since, timedelta(0)))


def lasting_about(since: datetime, now: datetime) -> Markup:
    """The same as a list says it, in whole minutes once there is one: `6 min`."""
    took = max(now - since, timedelta(0))
    return _time(since, "min", took if took < _MINUTE else took - took % _MINUTE)


def lasted(since: datetime, until: datetime | None, now: datetime) -> Markup:
    """How long an incident is open, or was: `Open for 6 min 8 s`, `Closed after 9 min`."""
    if until is None:
        # In one element, for what stands beside a glyph is laid out part by part.
        return Markup("<span>Open for {}</span>").format(lasting(since, now))
    return Markup("Closed after {}").format(length(until - since))


def _time(since: datetime, unit: str, took: timedelta) -> Markup:
    element = Markup('<time datetime="{}" title="since {}" data-for="{}">{}</time>')
    return element.format(instant(since), full(since), unit, length(took))

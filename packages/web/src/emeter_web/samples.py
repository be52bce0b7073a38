"""Made-up figures for the page of components: every state once, always the same."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import sin

from wtforms import BooleanField, Form, SelectField, StringField, TextAreaField

NOW = datetime(2026, 11, 23, 14, 32, 8, tzinfo=UTC)
STATUSES = (
    *("up", "degraded", "down", "maintenance", "paused", "pending", "no_data"),
    *("blocked", "unreachable"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A monitor as the list shows it."""

    id: str
    name: str
    target: str
    status: str
    told: str = ""
    why: str = ""
    tags: tuple[str, ...] = ()
    statuses: tuple[str | None, ...] = ("up",) * 48
    latencies: tuple[int | None, ...] = ()
    total_us: int | None = None
    uptime: float | None = 1.0
    checked_at: datetime | None = NOW - timedelta(seconds=8)
    href: str = "#list"


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour on the tape."""

    at: datetime
    down: int = 0
    degraded: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A status for some time."""

    status: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """Latencies in microseconds."""

    at: list[datetime] = field(default_factory=list)
    dns: list[float | None] = field(default_factory=list)
    connect: list[float | None] = field(default_factory=list)
    tls: list[float | None] = field(default_factory=list)
    wait: list[float | None] = field(default_factory=list)
    transfer: list[float | None] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


class Fields(Form):
    """One of each kind of field."""

    name = StringField("Name")
    interval = StringField("Interval")
    timeout = StringField("Timeout")
    # The stubs do not know this form yet.
    method = SelectField("Method", choices=["GET", "HEAD", "POST"])  # type: ignore[list-item]
    kind = StringField("Kind")
    headers = TextAreaField("Headers")
    follow = BooleanField("Follow redirects")
    verify = BooleanField("Check the certificate")
    remind = BooleanField("Reminders")


def fields(prefix: str) -> Fields:
    """Fill the fields in, one of them wrongly; a prefix keeps the ids of two forms apart."""
    form = Fields(prefix=prefix)
    form.name.data, form.interval.data, form.timeout.data, form.kind.data = "Payments API", "60", "90", "HTTP"
    form.follow.data = form.remind.data = True
    form.timeout.errors = ["Longer than the interval of 60 s. Take 60 s or less."]
    form.verify.errors = ["Only for https."]
    return form


def day_of(**slots: str) -> tuple[str | None, ...]:
    """A day in half hours, up but for the slots given, as `s47="down"`."""
    return tuple(slots.get(f"s{index}", "up") for index in range(48))


def latencies(*, hot: bool = False) -> tuple[int | None, ...]:
    """Two dozen latencies around 180 ms, ten times as much in the end where hot."""
    quiet = [int(180_000 + 9_000 * sin(index * 1.7)) for index in range(24)]
    rise = [0] * 20 + [420_000, 840_000, 1_260_000, 1_680_000]
    return tuple(usual + more * hot for usual, more in zip(quiet, rise, strict=True))


def rows() -> list[Row]:
    """Rows in every state that a list tells apart."""
    slow = {f"s{index}": "degraded" for index in range(42, 48)}
    silent = {f"s{index}": "no_data" for index in range(45, 48)}
    hour_ago = NOW - timedelta(hours=1, minutes=24)
    return [
        Row("1", "Payments API", "api.payments.example.com/v2/health", "down",
            "Down 6 min", "503 instead of 200, 9 checks in a row", ("checkout", "p1"),
            day_of(s15="degraded", s47="down"), latencies(), None, .99971),
        Row("2", "Search", "www.example.com/search?q=pallet", "degraded",
            "Degraded 1 h 52 min", "2,841 ms, slower than 1,500 ms for 6 checks", ("www",),
            day_of(**slow), latencies(hot=True), 2_841_000, .99989),
        Row("3", "Warehouse door controller 7", "198.51.100.207", "no_data",
            "No data 1 h 24 min", "Location Oslo has been silent. This is not counted as down", (),
            day_of(**silent), latencies(), None, .99995, hour_ago),
        Row("4", "A monitor whose name somebody has made as long as the field allows, because it says it all",
            "very.long.host.name.example.com/with/a/path/that/does/not/end?and=a&query=too", "up",
            tags=("a-tag-that-is-long-too", "p1"), latencies=latencies(), total_us=171_000, uptime=.99999),
        Row("5", "Home page", "www.example.com/", "up", latencies=latencies(), total_us=118_000),
        Row("6", "Rate quotes v3", "quotes.example.com/v3/status", "pending",
            statuses=(*(None,) * 47, "pending"), uptime=None, checked_at=None),
        Row("7", "Old gateway", "gw.example.com:8443", "paused",
            statuses=(*("up",) * 40, *("paused",) * 8)),
    ]  # fmt: skip


def quarters() -> list[Quarter]:
    """A day with a wave of slowness, two outages, and one that lasts."""
    slow = {18: 6, 19: 26, 20: 44, 21: 38, 22: 12, 41: 1, 62: 1, 63: 1, **dict.fromkeys(range(80, 96), 2)}
    down = {30: 1, 40: 2, 41: 2, 88: 1, **dict.fromkeys(range(92, 96), 3)}
    at = datetime(2026, 11, 22, 14, 45, tzinfo=UTC)
    step = timedelta(minutes=15)
    return [Quarter(at + index * step, down.get(index, 0), slow.get(index, 0)) for index in range(96)]


def series() -> Series:
    """A day of latencies with a slow hour, a gap, and nothing in the end."""
    made = Series()
    quiet = {*range(50, 56), *range(117, 120)}
    slow = {**dict.fromkeys((9, 17, 71, 104), 90_000), **dict.fromkeys(range(38, 43), 150_000)}
    for index in range(120):
        wave = 1 + 0.1 * sin(index * 0.9) + 0.12 * sin(index * 0.23)
        values = (5_000, 19_000, 38_000, 95_000 * wave + slow.get(index, 0), 11_000 * wave)
        made.at.append(NOW - timedelta(minutes=12) * (120 - index))
        for name, value in zip(("dns", "connect", "tls", "wait", "transfer"), values, strict=True):
            getattr(made, name).append(None if index in quiet else value)
    return made


def stretches() -> list[Stretch]:
    """What was wrong in that day."""
    slow = NOW - timedelta(minutes=12) * (120 - 38)
    return [
        Stretch("degraded", slow, slow + timedelta(minutes=60)),
        Stretch("down", NOW - timedelta(minutes=36), NOW),
    ]

"""What the frame of a signed-in page shows: its places, what is wrong in them, and our own meter."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for


@dataclass(frozen=True, slots=True)
class Ours:
    """Our own meter: are checks on time? `word` and `text` say it, `title` says what is measured."""

    status: str
    word: str
    text: str
    title: str = "How late checks start, p99 since the workers started; missed in the last hour"


@dataclass(frozen=True, slots=True)
class Page:
    """Counts of the person's team, and our own meter where it is known."""

    down: int = 0
    open_incidents: int = 0
    ours: Ours | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the navigation; `count` is how many are `what`, in the colour of `status`."""

    href: str
    word: str
    icon: str
    is_current: bool
    count: int = 0
    what: str = ""
    status: str = ""

    @property
    def told(self) -> str:
        """Say the count in words."""
        return f"{self.count:,} {self.what}"


_PLACES = (
    ("home.index", "Overview", "overview"),
    ("monitors.index", "Monitors", "monitors"),
    ("incidents.index", "Incidents", "incidents"),
    ("alerts.index", "Alerts", "alerts"),
)


def nav_places(page: Page | None) -> Iterator[Place]:
    """List the places that there are, the one we are in marked."""
    page = page or Page()
    counted = {"monitors": (page.down, "down", "down"), "incidents": (page.open_incidents, "open", "")}
    here = (request.endpoint or "").partition(".")[0]
    for endpoint, word, icon in _PLACES:
        name = endpoint.partition(".")[0]
        if endpoint in current_app.view_functions:
            yield Place(url_for(endpoint), word, icon, name == here, *counted.get(name, ()))


def register(app: Flask) -> None:
    """Let templates list the places."""
    app.jinja_env.globals.update(nav_places=nav_places)

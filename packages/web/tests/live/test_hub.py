"""The hub with real sockets, a source that the test leads, and the clock of the machine."""

import contextlib
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from unittest.mock import ANY

import pytest

from emeter_core.accounts import Role, Seat
from emeter_web.live import fetches, pump, teller, watch
from emeter_web.live.hub import Hub
from emeter_web.live.state import Away, Look, Row, State
from emeter_web.live.stream import MAX_WAITING, Listener

OURS, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENCE = 10.0


class Led:
    """A source whose answers the test sets."""

    def __init__(self) -> None:
        self.revision = "r1"
        self.rows: list[Row] = []
        self.left: set[Seat] = set()
        self.is_away = False
        self.silence: threading.Event | None = None
        self.looks: list[AbstractSet[uuid.UUID]] = []

    def look(self, teams: AbstractSet[uuid.UUID], seats: AbstractSet[Seat]) -> Look:
        self.looks.append(teams)
        if self.silence:
            self.silence.wait(PATIENCE)
        if self.is_away:
            raise Away("it is away")
        state = State(self.revision, list(self.rows))
        return Look(dict.fromkeys(teams, state), seats - self.left)


class Page:
    """The other end of a stream: reads events as a browser would."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self._data = b""

    def event(self) -> tuple[str, object]:
        """The next event; `("", None)` at the end of the stream."""
        while b"\n\n" not in self._data:
            try:
                received = self.sock.recv(65536)
            except ConnectionResetError:
                received = b""
            if not received:
                return "", None
            self._data += received
        event, _, self._data = self._data.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in event.decode().splitlines())
        return fields["event"], json.loads(fields["data"])

    def await_event(self, name: str) -> object:
        """The data of the next event of this name."""
        while True:
            got, data = self.event()
            assert got, f"the stream ended before {name}"
            if got == name:
                return data

    def ends(self) -> bool:
        while self.event()[0]:
            pass
        return True


Open = Callable[..., Page]


@pytest.fixture
def source() -> Led:
    return Led()


@pytest.fixture
def hub(source: Led, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that is five times as quick as in life."""
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(pump, "TURN_S", 0.2)
    hub = Hub(source, limit=1000)
    yield hub
    if source.silence:
        source.silence.set()
    hub.close()


@pytest.fixture
def open_page(hub: Hub) -> Iterator[Open]:
    """Open a page; it shows all monitors and is up to date unless told otherwise."""
    with contextlib.ExitStack() as ends:

        def make(
            team: uuid.UUID = OURS,
            token: bytes = b"t",
            role: Role = Role.VIEWER,
            revision: str = "r1",
            monitors: frozenset[str] | None = None,
        ) -> Page:
            ours, theirs = socket.socketpair()
            ends.callback(theirs.close)
            hub.open(ours, Listener(Seat(token, team, role), revision, monitors), b"")
            return Page(theirs)

        yield make


def row(name: str, status: str = "up", us: int = 171_000, at: datetime = NOON) -> Row:
    return Row(name, status, us, at)


def test_a_page_hears_of_a_check(open_page: Open, source: Led) -> None:
    page = open_page()
    source.rows = [row("a")]

    told = page.await_event("monitors")

    assert told == [{"id": "a", "status": "up", "us": 171_000, "checked_at": 1_795_435_200_000}]


def test_what_was_told_is_not_told_again(open_page: Open, source: Led) -> None:
    page = open_page()
    source.rows = [row("a"), row("b")]
    assert [each["id"] for each in page.await_event("monitors")] == ["a", "b"]

    source.rows = [row("a"), row("b", us=9_000)]

    assert [each["id"] for each in page.await_event("monitors")] == ["b"]


def test_a_page_hears_only_of_the_monitors_it_shows(open_page: Open, source: Led) -> None:
    one, none, every = open_page(monitors=frozenset("b")), open_page(monitors=frozenset()), open_page()
    source.rows = [row("a"), row("b")]

    assert [each["id"] for each in one.await_event("monitors")] == ["b"]
    assert [each["id"] for each in every.await_event("monitors")] == ["a", "b"]
    source.revision = "r2"
    assert none.event()[0] == "page"


def test_a_change_has_the_pages_fetch_themselves_again(open_page: Open, source: Led) -> None:
    pages = [open_page() for _ in range(3)]
    source.rows = [row("a")]
    for page in pages:
        assert page.event()[0] == "monitors"

    source.revision = "r2"

    for page in pages:
        assert page.event() == ("page", {"copy": ANY, "spread": 12})


def test_a_page_that_is_old_when_it_comes_is_told_so_at_once(open_page: Open, source: Led) -> None:
    source.revision = "r2"
    assert open_page(revision="r1").event() == ("page", {"copy": ANY, "spread": 0})


def test_a_team_hears_nothing_of_another(open_page: Open, hub: Hub, source: Led) -> None:
    ours, theirs = open_page(OURS), open_page(THEIRS, revision="old")
    assert theirs.event()[0] == "page"
    source.revision = "r2"
    assert ours.event() == ("page", {"copy": ANY, "spread": 0})
    assert {OURS, THEIRS} in source.looks


def test_all_teams_are_looked_at_together(open_page: Open, source: Led) -> None:
    pages = [open_page(uuid.UUID(int=number), revision="old") for number in range(1, 31)]
    for page in pages:
        assert page.event()[0] == "page"
    assert len(source.looks) <= 3


def test_the_streams_of_whoever_may_not_listen_any_more_end_and_the_others_go_on(
    open_page: Open, source: Led
) -> None:
    dead, alive = [open_page(token=b"dead") for _ in range(2)], open_page(token=b"alive")
    source.left.add(Seat(b"dead", OURS, Role.VIEWER))

    begin = time.monotonic()
    for page in dead:
        assert page.event() == ("end", {})
        assert page.ends()

    assert time.monotonic() - begin < 3
    source.revision = "r2"
    assert alive.event()[0] == "page"


def test_pages_stay_and_are_told_when_the_database_is_away_and_back(
    open_page: Open, source: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "AWAY_AFTER_S", 1.5)
    page = open_page()
    source.is_away = True
    page.await_event("away")

    source.is_away, source.revision = False, "r2"

    assert page.event() == ("back", {})
    assert page.event()[0] == "page"


def test_a_database_that_never_answers_keeps_nobody_waiting(
    open_page: Open, hub: Hub, source: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "AWAY_AFTER_S", 1.0)
    source.silence = threading.Event()
    page = open_page()
    assert page.event() == ("away", {})

    begin = time.monotonic()
    hub.close()

    assert page.ends()
    assert time.monotonic() - begin < 1


def test_a_stream_without_news_says_that_it_is_there(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "BEAT_AFTER_S", 0.5)
    page = open_page()
    assert page.event() == ("beat", {})
    assert page.event() == ("beat", {})


def test_a_page_that_does_not_read_is_dropped_and_delays_nobody(
    open_page: Open, hub: Hub, source: Led
) -> None:
    sleeper, reader = open_page(), open_page()
    wait_for(lambda: len(hub) == 2)
    for check in range(5):
        source.rows = [row(f"m{number}" + "x" * 1000, us=check) for number in range(MAX_WAITING // 2000)]
        begin = time.monotonic()
        reader.await_event("monitors")
        assert time.monotonic() - begin < 3
    assert len(hub) == 1
    source.rows = []
    assert sleeper.ends()
    source.revision = "r2"
    assert reader.await_event("page")


def test_a_page_that_goes_is_forgotten_and_nobody_looks_any_more(
    open_page: Open, hub: Hub, source: Led
) -> None:
    page = open_page()
    source.revision = "r2"
    page.event()
    page.sock.close()

    wait_for(lambda: len(hub) == 0)
    time.sleep(0.5)
    looks = len(source.looks)
    time.sleep(0.5)
    assert len(source.looks) == looks


def test_a_page_that_speaks_is_dropped(open_page: Open) -> None:
    page = open_page()
    page.sock.send(b"GET / HTTP/1.1\r\n\r\n")
    assert page.ends()


def test_hundreds_of_pages_need_two_threads(open_page: Open, hub: Hub, source: Led) -> None:
    before = set(threading.enumerate())
    pages = [open_page(revision="old") for _ in range(300)]
    for page in pages:
        assert page.event()[0] == "page"
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"live pump", "live watch"}
    assert len(hub) == 300


def test_all_streams_end_at_once_and_later_ones_do_not_begin(open_page: Open, hub: Hub, source: Led) -> None:
    pages = [open_page(revision="old") for _ in range(50)]
    for page in pages:
        assert page.event()[0] == "page"
    begin = time.monotonic()

    hub.close()

    assert all(page.ends() for page in pages)
    assert time.monotonic() - begin < 1
    assert not hub.has_room
    assert open_page().ends()


def test_there_is_room_for_so_many(source: Led) -> None:
    hub = Hub(source, limit=1)
    ours, theirs = socket.socketpair()
    with theirs:
        assert hub.has_room
        hub.open(ours, Listener(Seat(b"t", OURS, Role.VIEWER)), b"")
        wait_for(lambda: not hub.has_room)
        hub.close()


def test_a_bug_at_one_look_is_told_and_the_next_one_goes_on(
    open_page: Open, source: Led, caplog: pytest.LogCaptureFixture
) -> None:
    page = open_page()
    source.rows = [("not", "a", "row")]  # type: ignore[list-item]
    wait_for(lambda: "could not be told" in caplog.text)
    source.rows, source.revision = [], "r2"
    assert page.event()[0] == "page"


def test_the_revision_that_was_seen_is_known_for_a_moment(open_page: Open, hub: Hub, source: Led) -> None:
    assert hub.revision(OURS) == ""
    open_page(revision="old").event()
    assert hub.revision(OURS) == "r1"
    assert hub.revision(THEIRS) == ""


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_follows_a_change_is_fetched_together_where_many_look(open_page: Open, source: Led) -> None:
    pages = [open_page(revision="old") for _ in range(100)]
    for page in pages:
        assert page.event()[0] == "page"
    begin = time.monotonic()
    for revision in ("r2", "r3", "r4"):
        source.revision = revision
        time.sleep(0.3)

    asked = [pages[0].event(), pages[0].event()]

    assert [name for name, _ in asked] == ["page", "page"]
    assert time.monotonic() - begin >= 1
    source.revision = "r5"
    assert pages[0].event()[0] == "page"


def test_a_page_of_few_monitors_is_fetched_after_their_checks(
    open_page: Open, source: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetches, "CLOSELY_EVERY_S", 0.5)
    close, far = open_page(monitors=frozenset("a")), open_page(monitors=frozenset(map(str, range(50))))
    time.sleep(0.6)
    source.rows = [row("a"), row("1")]

    assert close.event()[0] == "monitors"
    assert close.event() == ("page", {"copy": ANY, "spread": 0})
    assert far.event()[0] == "monitors"
    source.revision = "r2"
    assert far.event()[0] == "page"


def test_a_page_is_fetched_now_and_then_for_what_ages(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetches, "PAGE_EVERY_S", 1.0)
    page = open_page()
    assert page.event()[0] == "page"
    assert page.event()[0] == "page"

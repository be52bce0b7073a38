"""PostgreSQL or Redis is away or stands still, and comes back: what people see meanwhile and after."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import redis
from harness.emeter import Emeter, short_directory
from harness.pages import Person
from harness.storms import frozen
from harness.targets import Targets
from harness.waiting import wait_until

from emeter_storage.servers import DataDirectory, PostgresServer, RedisServer

EMAIL, PASSWORD = "away@example.com", "a password of some length"
BACK_WITHIN = 15.0
# Longer than the supervisor's longest pause, so that whoever waits for a server has given up at least once.
AWAY_S = 12.0
# Long enough for who was in the middle of something, and for who comes later.
FROZEN_S = 9.0
# More than the pool has connections.
CROWD = 40
PAGES = ("/", "/monitors", "/monitors/new", "/incidents", "/alerts", "/users/settings")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, PostgresServer | RedisServer]]:
    """Servers of our own, so that nobody starts them again behind our back."""
    with ExitStack() as stack:
        root = short_directory()
        data = DataDirectory(root / "servers")
        made: dict[str, PostgresServer | RedisServer] = {
            "postgres": PostgresServer(data, fsync=False),
            "redis": RedisServer(data),
        }
        for server in made.values():
            stack.callback(server.stop)
            server.start()
        yield made


@pytest.fixture(scope="module")
def emeter(
    make_emeter: Callable[..., Emeter], servers: dict[str, PostgresServer | RedisServer]
) -> Iterator[Emeter]:
    running = make_emeter(
        "away",
        DATABASE_URL=servers["postgres"].url,
        REDIS_URL=servers["redis"].url,
        SECRET_KEY="a secret for these tests, long enough",
        EMETER_PRIVATE_TARGETS="127.0.0.0/8",
    ).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def person(emeter: Emeter, targets: Targets) -> Person:
    """Somebody who is logged in, and has a monitor at 5 s."""
    someone = Person(f"http://localhost:{emeter.port}")
    assert someone.register(EMAIL, PASSWORD).status == 200
    site = targets.serve()
    added = someone.submit(
        "/monitors/new", "/monitors", url=site.url(), name="Shop", interval="5", timeout="2"
    )
    assert "Shop" in added.text
    return someone


def test_without_the_database_pages_ask_for_patience(
    emeter: Emeter,
    person: Person,
    servers: dict[str, PostgresServer | RedisServer],
    figure: Callable[[str], None],
) -> None:
    _wait_until_normal(emeter, person)
    servers["postgres"].stop()
    gone = time.monotonic()
    try:
        took = []
        while time.monotonic() - gone < AWAY_S:
            for path in PAGES:
                answer = person.get(path)
                took.append(answer.took)
                assert answer.status == 503, path
                assert int(answer.headers["Retry-After"]) > 0
                assert "Traceback" not in answer.text
                assert "The database is away" in answer.text
        assert person.get("/healthz").status == 503
        style = re.search(r'href="(/static/[^"]+\.css)"', answer.text)
        assert style
        assert person.get(style[1]).status == 200
    finally:
        servers["postgres"].start()
    back = _wait_until_normal(emeter, person)
    figure(f"database away: answers within {max(took):.2f} s; all normal {back:.1f} s after its return")
    assert back < BACK_WITHIN


def test_without_redis_pages_go_on_and_guesses_are_still_counted(
    emeter: Emeter,
    person: Person,
    servers: dict[str, PostgresServer | RedisServer],
    figure: Callable[[str], None],
) -> None:
    _wait_until_normal(emeter, person)
    servers["redis"].stop()
    try:
        took = []
        for path in PAGES:
            answer = person.get(path)
            took.append(answer.took)
            assert answer.status == 200, path
        guesser = Person(person.base_url)
        statuses = [guesser.log_in(EMAIL, f"a wrong password {number}").status for number in range(12)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        health = person.get("/healthz")
        assert health.status == 503
        assert '"redis"' in health.text
    finally:
        servers["redis"].start()
    back = _wait_until_normal(emeter, person)
    figure(f"Redis away: answers within {max(took):.2f} s; all normal {back:.1f} s after its return")
    assert back < BACK_WITHIN


def test_while_the_database_stands_still_pages_ask_for_patience_in_time(
    emeter: Emeter,
    person: Person,
    servers: dict[str, PostgresServer | RedisServer],
    figure: Callable[[str], None],
) -> None:
    _wait_until_normal(emeter, person)
    style = re.search(r'href="(/static/[^"]+\.css)"', person.get("/").text)
    assert style
    with frozen(servers["postgres"]):
        stopped = time.monotonic()
        with ThreadPoolExecutor(CROWD) as crowd:
            first = list(crowd.map(person.get, (PAGES * CROWD)[:CROWD]))
        later = []
        while time.monotonic() - stopped < FROZEN_S:
            later += [person.get(path) for path in PAGES]
        assert {answer.status for answer in first + later} == {503}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in first + later)
        assert all("The database is away" in answer.text for answer in first + later)
        health = person.get("/healthz")
        assert health.status == 503
        assert health.took < 10
        assert person.get(style[1]).status == 200
    back = _wait_until_normal(emeter, person)
    slowest = [max(answer.took for answer in answers) for answers in (first, later)]
    figure(
        f"database frozen: {CROWD} at once answered within {slowest[0]:.2f} s, later ones within"
        f" {slowest[1]:.2f} s; all normal {back:.1f} s after its return"
    )
    assert slowest[0] < 10
    assert slowest[1] < 5
    assert back < BACK_WITHIN


def test_while_redis_stands_still_pages_go_on_and_log_ins_are_hardly_slower(
    emeter: Emeter,
    person: Person,
    servers: dict[str, PostgresServer | RedisServer],
    figure: Callable[[str], None],
) -> None:
    _wait_until_normal(emeter, person)
    guesser = Person(person.base_url)
    with frozen(servers["redis"]):
        pages = [person.get(path) for path in PAGES]
        tries = [guesser.log_in("nobody@example.com", f"a wrong password {each}") for each in range(14)]
        health = person.get("/healthz")
    returned = time.monotonic()
    assert {answer.status for answer in pages} == {200}
    assert [answer.status for answer in tries] == [200] * 10 + [429] * 4
    assert health.status == 503
    assert '"redis"' in health.text

    with redis.Redis.from_url(servers["redis"].url) as counters:
        counters.flushall()

        def is_counted() -> bool:
            Person(person.base_url).log_in("somebody@example.com", "a wrong password")
            return any(b"guess" in key for key in counters.keys())  # noqa: SIM118 - Redis is no dict

        wait_until(is_counted, BACK_WITHIN, "guesses are counted in Redis")
    counted = time.monotonic() - returned
    back = _wait_until_normal(emeter, person) + counted
    slowest = [max(answer.took for answer in answers) for answers in (pages, tries)]
    figure(
        f"Redis frozen: pages within {slowest[0]:.2f} s, log-ins within {slowest[1]:.2f} s;"
        f" guesses counted in it again after {counted:.1f} s, all normal after {back:.1f} s"
    )
    assert max(slowest) < 5
    assert back < BACK_WITHIN


def _wait_until_normal(emeter: Emeter, person: Person) -> float:
    """Wait until pages answer, health is green and the monitor is checked again; returns seconds."""
    begin = time.monotonic()
    since = time.time()
    checked = "SELECT 1 FROM probes WHERE last_slot > to_timestamp(:since)"

    def is_normal() -> bool:
        pages = all(person.get(path).status == 200 for path in (*PAGES, "/healthz"))
        return pages and bool(emeter.rows(checked, since=since))

    wait_until(is_normal, 40, "all is normal")
    return time.monotonic() - begin

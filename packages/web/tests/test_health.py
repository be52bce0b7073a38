"""`/healthz` and our own meter."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from emeter_core.accounts import scope_of
from emeter_core.health import Health
from emeter_core.monitors import create_monitor, draft_monitor
from emeter_core.processes import enlist
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction
from emeter_web import our_meter
from emeter_web.our_meter import told

PROCESSES = ("scheduler", "worker", "sender")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WELL = Health(
    scheduler_seen_at=NOON, workers=2, sender_seen_at=NOON, overdue=0, lateness_p99_ms=4.2, missed=0
)


@pytest.fixture
def seen(sessions: SessionFactory) -> Callable[..., None]:
    """Have processes been seen some seconds ago."""

    def see(*names: str, seconds_ago: float = 1) -> None:
        now = DatabaseClock(sessions.kw["bind"]).now()
        with transaction(sessions) as session:
            for name in names:
                enlist(session, name, location_id=None, now=now - timedelta(seconds=seconds_ago))

    return see


def parts(client: FlaskClient) -> dict[str, str]:
    """What is wrong, by part; nothing where all is well."""
    answer = client.get("/healthz").get_json()
    assert all(part["ok"] is (part["why"] == "") for part in answer["parts"])
    assert answer["ok"] is all(part["ok"] for part in answer["parts"])
    return {part["name"]: part["why"] for part in answer["parts"]}


def test_all_is_well_where_every_part_does_its_work(client: FlaskClient, seen: Callable[..., None]) -> None:
    seen(*PROCESSES)

    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert parts(client) == dict.fromkeys(["database", *PROCESSES, "network", "monitors", "redis"], "")


def test_people_are_shown_a_page(client: FlaskClient, seen: Callable[..., None]) -> None:
    seen("worker", "sender")
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = client.get("/healthz", headers=browser)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Not all is well" in answer.text
    assert "Not seen for 30 s" in answer.text
    seen("scheduler")
    assert "All is well" in client.get("/healthz", headers=browser).text
    assert client.get("/healthz", headers={"Accept": "*/*"}).is_json


@pytest.mark.parametrize("missing", PROCESSES)
def test_a_process_that_was_never_seen_is_missed(client, seen, missing: str) -> None:
    seen(*(name for name in PROCESSES if name != missing))

    assert client.get("/healthz").status_code == 503
    assert {name: why for name, why in parts(client).items() if why} == {missing: "not seen for 30 s"}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_missed_after_thirty_seconds(client, seen, name: str) -> None:
    seen(name, seconds_ago=31)
    assert parts(client)[name] == "not seen for 30 s"

    seen(name, seconds_ago=10)
    assert parts(client)[name] == ""


def test_a_monitor_that_is_overdue_is_told(client, seen, sessions, user, settings) -> None:
    seen(*PROCESSES)
    long_ago = DatabaseClock(sessions.kw["bind"]).now() - timedelta(minutes=5)
    with transaction(sessions) as session:
        draft = draft_monitor(target="http://192.0.2.1/", interval=5)
        create_monitor(session, scope_of(session, user), draft, vault=settings.vault(), now=long_ago)

    assert client.get("/healthz").status_code == 503
    assert parts(client)["monitors"] == "1 overdue"


def test_a_redis_that_is_away_is_told(make_app: Callable[[Settings], Flask], settings: Settings) -> None:
    client = make_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})).test_client()

    assert client.get("/healthz").status_code == 503
    assert parts(client)["redis"] == "does not answer"
    assert parts(client)["database"] == ""


def test_a_database_that_is_away_is_told_without_its_address(
    make_app: Callable[[Settings], Flask], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql+psycopg2://somebody:secret@127.0.0.1:1/hidden"
    client = make_app(settings.model_copy(update={"database_url": url})).test_client()

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    lines = [record.getMessage() for record in caplog.records if record.name == "emeter.web"]
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert parts(client) == {
        "database": "does not answer",
        "scheduler": "unknown without the database",
        "worker": "unknown without the database",
        "sender": "unknown without the database",
        "network": "unknown without the database",
        "monitors": "unknown without the database",
        "redis": "",
    }
    assert "hidden" not in answer.text


def test_a_database_without_migrations_is_told(
    make_app: Callable[[Settings], Flask], settings: Settings, new_database: Callable[..., str]
) -> None:
    empty = settings.model_copy(update={"database_url": new_database(migrated=False)})

    assert parts(make_app(empty).test_client())["database"] == "does not answer"


@pytest.mark.parametrize(
    ("changes", "status", "word", "text"),
    [
        ({}, "up", "Checking on time", "p99 4 ms late, none missed"),
        ({"lateness_p99_ms": None}, "up", "Checking on time", "none missed"),
        ({"missed": 1200}, "degraded", "Checks were missed", "p99 4 ms late, 1,200 missed"),
        ({"lateness_p99_ms": 500}, "up", "Checking on time", "p99 500 ms late, none missed"),
        ({"lateness_p99_ms": 501}, "degraded", "Checks start late", "p99 501 ms late, none missed"),
        ({"workers": 0}, "degraded", "Not all is well", "worker not seen for 30 s"),
        ({"offline": 1}, "degraded", "Not all is well", "network away, so checks tell nothing"),
        ({"overdue": 3}, "degraded", "Not all is well", "monitors 3 overdue"),
        (
            {"scheduler_seen_at": None, "sender_seen_at": NOON - timedelta(seconds=31)},
            "degraded",
            "Not all is well",
            "scheduler not seen for 30 s, sender not seen for 30 s",
        ),
    ],
)
def test_our_meter_says_how_we_are(changes: dict[str, object], status: str, word: str, text: str) -> None:
    health = Health(**{name: getattr(WELL, name) for name in WELL.__dataclass_fields__} | changes)
    ours = told(health, now=NOON)
    assert (ours.status, ours.word, ours.text) == (status, word, text)


def test_pages_share_a_look_for_some_seconds(signed_in, count_queries, monkeypatch) -> None:
    meter = signed_in.application.extensions["emeter_our_meter"]
    signed_in.get("/users/settings")
    with count_queries() as queries:
        assert "Not all is well" in signed_in.get("/users/settings").text
    assert not any("processes" in statement for statement in queries.statements)

    monkeypatch.setattr(meter, "_look_again_at", 0.0)
    with count_queries() as queries:
        signed_in.get("/users/settings")
    assert sum("processes" in statement for statement in queries.statements) == 1
    assert our_meter.told(WELL, now=NOON).status == "up"


def test_the_frame_counts_what_is_wrong(signed_in) -> None:
    page = signed_in.page("/users/settings")
    assert page.find("nav", class_="nav") is not None
    assert page.find(class_="ours")["href"] == "/healthz"

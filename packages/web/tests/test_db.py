"""One request, one transaction (DESIGN 1), and pages while the database is away (reliability.md, R51)."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask, abort, make_response
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from emeter_core.accounts import Team
from emeter_core.errors import NotFound
from emeter_core.settings import Settings
from emeter_storage.engine import transaction
from emeter_web import db
from emeter_web.routes import ANYBODY, Group, get, mount, post
from emeter_web.user_auth import public

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def write(name: str) -> None:
    db.session().add(Team(name=name, time_zone="UTC", inserted_at=NOON, updated_at=NOON))
    db.session().flush()


@pytest.fixture
def visit(app: Flask) -> Callable[..., int]:
    """Mount a view at `/test` and ask for it; returns the status of the answer."""

    def ask(view: Callable[[], ResponseReturnValue], method: Callable[..., object] = get) -> int:
        mount(app, Group(public, (method("/test/view", view, ANYBODY),)))
        browser = app.test_client()
        if method is post:
            return browser.submit("/test/view").status_code
        return browser.get("/test/view").status_code

    return ask


@pytest.fixture
def names(sessions) -> Callable[[], list[str]]:
    def read() -> list[str]:
        with transaction(sessions) as session:
            return sorted(session.scalars(select(Team.name)))

    return read


@pytest.mark.parametrize("status", [200, 302, 400, 404, 422, 429, 499])
def test_what_an_answer_below_500_wrote_is_kept(visit, names, status: int) -> None:
    def answers() -> ResponseReturnValue:
        write("kept")
        return make_response("", status)

    assert visit(answers) == status
    assert names() == ["kept"]


@pytest.mark.parametrize("status", [500, 503, 599])
def test_what_a_failing_answer_wrote_is_not(visit, names, status: int) -> None:
    def fails() -> ResponseReturnValue:
        write("lost")
        return make_response("", status)

    assert visit(fails) == status
    assert names() == []


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("a bug"), 500), (NotFound("not yours"), 404), (KeyError("x"), 500)]
)
def test_what_was_written_before_an_error_is_not_kept(visit, names, error: Exception, status: int) -> None:
    def raises() -> ResponseReturnValue:
        write("lost")
        raise error

    assert visit(raises, post) == status
    assert names() == []


def test_what_was_written_before_an_abort_is_not_kept(visit, names) -> None:
    def aborts() -> ResponseReturnValue:
        write("lost")
        abort(409)

    assert visit(aborts) == 409
    assert names() == []


def test_it_is_committed_before_the_answer_leaves(visit, names) -> None:
    """A commit that fails is an answer that fails: here by a constraint that is looked at only then."""

    def deferred() -> ResponseReturnValue:
        db.session().execute(
            text(
                "CREATE TEMP TABLE late (id int, CONSTRAINT late_id UNIQUE (id)"
                " DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
            )
        )
        db.session().execute(text("INSERT INTO late VALUES (1), (1)"))
        write("lost")
        return "saved"

    assert visit(deferred) == 500
    assert names() == []


def test_after_a_pause_a_new_transaction_begins(app, visit, names) -> None:
    taken: list[int] = []

    def pauses() -> ResponseReturnValue:
        write("before")
        db.pause_transaction()
        taken.append(app.extensions["emeter"].database.engine.pool.checkedout())
        write("after")
        raise RuntimeError

    assert visit(pauses) == 500
    assert names() == ["before"]
    assert taken == [0]


def test_all_of_a_request_has_one_instant(visit) -> None:
    instants: list[datetime] = []

    def asks() -> ResponseReturnValue:
        instants.extend([db.now(), db.now()])
        return ""

    assert visit(asks) == 200
    assert instants[0] is instants[1]


@pytest.mark.parametrize("answer", [200, 404, 500])
def test_no_connection_is_held_after_an_answer(app, visit, answer: int) -> None:
    def asks() -> ResponseReturnValue:
        db.session().execute(text("SELECT 1"))
        abort(answer) if answer != 200 else None
        return ""

    assert visit(asks) == answer
    assert app.extensions["emeter"].database.engine.pool.checkedout() == 0


def test_r51_while_the_database_is_away_pages_are_503_with_retry_after(
    make_app: Callable[[Settings], Flask], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql+psycopg2://somebody:secret@127.0.0.1:1/nowhere_to_be_seen"
    client = make_app(settings.model_copy(update={"database_url": url})).test_client()
    with client.session_transaction() as session:
        session["user_token"] = b"x" * 32

    for answer in (
        client.get("/"),
        client.get("/nowhere"),
        client.submit("/users/log_in", email="a", password="b"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "The database is away" in answer.text
        assert answer.headers["Content-Security-Policy"]
        for word in ("Traceback", "nowhere_to_be_seen", "secret", "127.0.0.1"):
            assert word not in answer.text
    lines = [record for record in caplog.records if record.name == "emeter.web"]
    assert len(lines) == 3
    assert all(record.levelno == logging.WARNING and record.exc_info is None for record in lines)
    assert all("\n" not in record.getMessage() for record in lines)


def test_what_needs_no_database_goes_on_while_it_is_away(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    url = "postgresql+psycopg2://127.0.0.1:1/nothing"
    client = make_app(settings.model_copy(update={"database_url": url})).test_client()

    assert client.get("/").status_code == 200
    assert client.get("/users/log_in").status_code == 200


def test_r51_connections_that_were_cut_are_noticed_before_the_work(signed_in, sessions) -> None:
    """As after a restart of the server: the next request finds them dead, and opens new ones."""
    signed_in.get("/users/settings")
    with transaction(sessions) as session:
        cut = session.execute(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'emeter web'"
            )
        ).scalar_one()
    assert cut >= 1

    assert signed_in.get("/users/settings").status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("SELECT", {}, Exception("deadlock detected\nDETAIL: much")), 503),
        (ProgrammingError("SELECT", {}, Exception("relation does not exist")), 500),
        (ProgrammingError("SELECT", {}, Exception("cut"), connection_invalidated=True), 503),
    ],
)
def test_only_a_database_that_is_away_is_a_503(visit, error: Exception, status: int) -> None:
    def raises() -> ResponseReturnValue:
        raise error

    assert visit(raises) == status


def test_who_finds_all_connections_taken_is_told_soon(app, client, user, monkeypatch) -> None:
    client.log_in()
    pool = app.extensions["emeter"].database.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    taken = [pool.connect() for _ in range(pool.size())]
    try:
        answer = client.get("/users/settings")
    finally:
        for connection in taken:
            connection.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert client.get("/users/settings").status_code == 200


@pytest.mark.parametrize(("method", "in_doubt"), [(post, True), (get, False)])
def test_r51_of_a_commit_that_is_not_answered_nobody_says_that_nothing_was_changed(
    app, method: Callable[..., object], monkeypatch: pytest.MonkeyPatch, *, in_doubt: bool
) -> None:
    def writes() -> ResponseReturnValue:
        write("who knows")
        return "saved"

    def go_away(_session: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("it says nothing"))

    mount(app, Group(public, (method("/test/view", writes, ANYBODY),)))
    browser = app.test_client()
    token = browser.csrf_token()
    monkeypatch.setattr("sqlalchemy.orm.Session.commit", go_away)
    data = {"_csrf_token": token} if method is post else None
    answer = browser.open("/test/view", method="POST" if method is post else "GET", data=data)
    assert answer.status_code == 503
    assert ("it may be saved or not" in answer.text) is in_doubt
    assert ("Nothing was changed" in answer.text) is not in_doubt

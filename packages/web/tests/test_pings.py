"""What jobs tell us by HTTP, as they do it for Healthchecks and for Uptime Kuma."""

import json
import logging
import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import text

from emeter_core.accounts import User, scope_of
from emeter_core.heartbeats import MAX_MESSAGE
from emeter_core.monitors import create_monitor, draft_monitor, get_monitor, pause_monitor
from emeter_core.scope import Scope
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction
from emeter_web.db import parts
from emeter_web.heartbeat_watch import HeartbeatWatch

TOKEN = "aVerySecretTokenOfTheTests-1234"


@pytest.fixture
def now(sessions: SessionFactory) -> datetime:
    return DatabaseClock(sessions.kw["bind"]).now()


@pytest.fixture
def scope(sessions: SessionFactory, user: User) -> Scope:
    with transaction(sessions) as session:
        return scope_of(session, user)


@pytest.fixture
def heartbeat(sessions: SessionFactory, scope: Scope, settings: Settings, now: datetime) -> uuid.UUID:
    draft = draft_monitor(kind="heartbeat", name="Backup")
    with transaction(sessions) as session:
        vault = settings.vault()
        return create_monitor(session, scope, draft, vault=vault, now=now, token=TOKEN).public_id


@pytest.fixture
def pings(sessions: SessionFactory, heartbeat: uuid.UUID) -> Callable[[], list[tuple[object, ...]]]:
    """What was taken, oldest first."""

    def read() -> list[tuple[object, ...]]:
        with transaction(sessions) as session:
            found = "SELECT kind, exit_code, run_us, message, rid FROM heartbeat_pings ORDER BY at, place"
            return [tuple(row) for row in session.execute(text(found))]

    return read


@pytest.fixture
def condition(sessions: SessionFactory) -> Callable[[], str]:
    def read() -> str:
        with transaction(sessions) as session:
            return str(session.execute(text("SELECT condition FROM monitors")).scalar_one())

    return read


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_ping_is_ok_by_any_method(client, pings, condition, method: str) -> None:
    answer = client.open(f"/ping/{TOKEN}", method=method)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert answer.text == ("" if method == "HEAD" else "OK")
    assert pings() == [("success", None, None, None, None)]
    assert condition() == "up"


@pytest.mark.parametrize(
    ("path", "kind", "code", "found"),
    [
        ("start", "start", None, "pending"),
        ("fail", "fail", None, "down"),
        ("log", "log", None, "pending"),
        ("0", "success", 0, "up"),
        ("1", "fail", 1, "down"),
        ("255", "fail", 255, "down"),
    ],
)
def test_what_a_ping_says_is_the_end_of_its_path(
    client, pings, condition, path: str, kind: str, code: int | None, found: str
) -> None:
    assert client.get(f"/ping/{TOKEN}/{path}").text == "OK"
    assert [row[:2] for row in pings()] == [(kind, code)]
    assert condition() == found


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ping/nothing-of-ours", 404),
        ("/ping/nothing-of-ours/start", 404),
        (f"/ping/{TOKEN}/256", 400),
        (f"/ping/{TOKEN}/-1", 404),
        (f"/ping/{TOKEN}/stop", 404),
        (f"/ping/{TOKEN}?rid=7", 400),
        ("/ping/%00%ff", 404),
        (f"/ping/{TOKEN.lower()}", 404),
    ],
)
def test_what_is_no_ping_is_refused_and_kept_nowhere(client, pings, path: str, status: int) -> None:
    assert client.get(path).status_code == status
    assert pings() == []


def test_an_unknown_token_is_not_found_in_plain_text(client) -> None:
    answer = client.get("/ping/nothing-of-ours")
    assert (answer.text, answer.content_type) == ("not found", "text/plain; charset=utf-8")


def test_the_length_of_a_run_is_from_its_start_by_its_rid(client, pings) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    for path in (f"/start?rid={one}", f"/start?rid={other}", f"?rid={other}", ""):
        assert client.get(f"/ping/{TOKEN}{path}").status_code == 200
    took = [(kind, run_us is not None, rid) for kind, _, run_us, _, rid in pings()]
    assert took == [
        ("start", False, one),
        ("start", False, other),
        ("success", True, other),
        ("success", False, None),
    ]


@pytest.mark.parametrize(
    "body", [b"line 1\nline 2", b"a=b&c=d", b"\xff\0", b"x" * 3_000_000, b""], ids=lambda body: body[:8].hex()
)
def test_the_begin_of_a_body_is_kept_however_long_it_is(client, pings, body: bytes) -> None:
    answer = client.post(f"/ping/{TOKEN}/fail", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.text == "OK"
    [(_, _, _, message, _)] = pings()
    assert len((message or "").encode()) <= MAX_MESSAGE
    assert (message or "")[:6] == body.decode(errors="replace").replace("\0", "\ufffd")[:6]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_body_that_looks_like_a_form_names_no_method(client, pings, method: str) -> None:
    body = f"_method={method}"
    for path in (f"/ping/{TOKEN}/log", f"/api/push/{TOKEN}"):
        answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200, path
    assert [(kind, message) for kind, _, _, message, _ in pings()] == [("log", body), ("success", None)]


def test_a_paused_monitor_takes_pings_and_stays_as_it_is(
    client, sessions, scope, heartbeat, now, pings, condition
) -> None:
    with transaction(sessions) as session:
        pause_monitor(session, scope, get_monitor(session, scope, heartbeat), now=now)
    assert client.get(f"/ping/{TOKEN}/fail").text == "OK"
    assert client.get(f"/api/push/{TOKEN}").status_code == 404
    assert len(pings()) == 2
    assert condition() == "pending"


class TestPush:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_it_is_answered_as_uptime_kuma_does(self, client, pings, method: str) -> None:
        answer = client.open(f"/api/push/{TOKEN}?status=up&msg=OK&ping=12.5", method=method)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert json.loads(answer.text) == {"ok": True}
        assert pings() == [("success", None, 12_500, "OK", None)]

    @pytest.mark.parametrize(
        ("query", "found"),
        [("", "up"), ("status=", "up"), ("status=up", "up"), ("status=down", "down"), ("status=UP", "down")],
    )
    def test_what_is_not_up_is_down(self, client, condition, heartbeat, query: str, found: str) -> None:
        assert client.get(f"/api/push/{TOKEN}?{query}").status_code == 200
        assert condition() == found

    @pytest.mark.parametrize("ping", ["", "x", "-1", "0", "nan", "inf", "1e300", "null"])
    def test_a_length_that_is_none_is_left_out(self, client, pings, ping: str) -> None:
        assert client.get(f"/api/push/{TOKEN}?ping={ping}").status_code == 200
        assert pings()[0][2] is None

    def test_what_is_not_there_is_told_in_its_words(self, client) -> None:
        answer = client.get("/api/push/nothing-of-ours?status=up")
        assert answer.status_code == 404
        assert json.loads(answer.text) == {"ok": False, "msg": "Monitor not found or not active."}

    def test_the_message_is_what_was_wrong(self, client, sessions, heartbeat) -> None:
        client.get(f"/api/push/{TOKEN}?status=down&msg=no+space")
        with transaction(sessions) as session:
            evidence = session.execute(text("SELECT evidence FROM incidents")).scalar_one()
        assert evidence["body"] == "no space"


def test_a_ping_reads_no_cookie_and_asks_for_no_csrf_token(signed_in, heartbeat) -> None:
    answer = signed_in.post(f"/ping/{TOKEN}", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers


def test_a_job_that_has_gone_wild_is_told_to_wait(client, heartbeat, pings) -> None:
    answers = [client.get(f"/ping/{TOKEN}/log").status_code for _ in range(62)]
    assert answers == [200] * 60 + [429] * 2
    assert client.get("/ping/of-another-job").status_code == 404
    assert len(pings()) == 60


class TestErrors:
    """Whoever reads them looks at the output of cron, or parses JSON."""

    @staticmethod
    def ask(client, method: str = "GET", end: str = "") -> list[tuple[int, str, str, object]]:
        """Status, kind, wait and text of the answers to a ping and to a push, the latter parsed."""
        answers = [client.open(f"{path}{TOKEN}{end}", method=method) for path in ("/ping/", "/api/push/")]
        texts = (answers[0].text, json.loads(answers[1].text))
        return [
            (answer.status_code, answer.mimetype, answer.headers.get("Retry-After", ""), told)
            for answer, told in zip(answers, texts, strict=True)
        ]

    def test_too_many_are_told_to_wait(self, client, heartbeat) -> None:
        for _ in range(60):
            client.get(f"/ping/{TOKEN}/log")
        text = "too often: wait a minute"
        assert self.ask(client) == [
            (429, "text/plain", "60", text),
            (429, "application/json", "60", {"ok": False, "msg": "Too often: wait a minute."}),
        ]

    def test_without_the_database_they_are_told_to_come_again(
        self, make_app: Callable[[Settings], Flask], settings: Settings
    ) -> None:
        away = settings.model_copy(update={"database_url": "postgresql+psycopg2://127.0.0.1:1/nothing"})
        text = "not now: try again in a few seconds"
        assert self.ask(make_app(away).test_client()) == [
            (503, "text/plain", "5", text),
            (503, "application/json", "5", {"ok": False, "msg": "Not now: try again in a few seconds."}),
        ]

    def test_a_bug_has_its_reference_in_the_log(
        self, client, heartbeat, caplog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("emeter_web.views.pings.take_ping", lambda *_, **__: 1 / 0)
        (status, _, _, words), (_, _, _, told) = self.ask(client)
        assert status == 500
        logged = [record.fields["reference"] for record in caplog.records if hasattr(record, "fields")]
        assert [each.rpartition(" ")[2] for each in (words, told["msg"].rstrip("."))] == logged

    def test_other_methods_and_paths_are_refused_alike(self, client, heartbeat) -> None:
        assert [row[:2] for row in self.ask(client, "DELETE")] == [
            (405, "text/plain"),
            (405, "application/json"),
        ]
        assert [row[:2] for row in self.ask(client, end="/a/b")] == [
            (404, "text/plain"),
            (404, "application/json"),
        ]


def test_the_token_is_in_no_log_and_in_redis_not_either(client, heartbeat, caplog, app: Flask) -> None:
    with caplog.at_level(logging.DEBUG):
        for path in ("", "/fail", "/999", "/nonsense"):
            client.get(f"/ping/{TOKEN}{path}")
        for _ in range(62):
            client.get(f"/ping/{TOKEN}")
    assert TOKEN not in caplog.text
    kept = parts(app).redis
    assert not [key for key in kept.keys("*") if TOKEN.encode() in key]


def test_a_ping_costs_few_statements(client, heartbeat, count_queries) -> None:
    client.get(f"/ping/{TOKEN}")
    with count_queries() as queries:
        client.get(f"/ping/{TOKEN}")
    # Besides the savepoint in which the result is stored: it may be there, where the clock was set back.
    asked = [query for query in queries.statements if not query.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 3, queries


def test_a_web_process_says_that_it_takes_pings(app: Flask, sessions) -> None:
    watch = HeartbeatWatch(parts(app))
    watch.tell()
    watch.start()
    watch.stop()
    with transaction(sessions) as session:
        stretches = session.execute(text("SELECT since <= until FROM heartbeat_watches")).scalars().all()
    assert stretches == [True]

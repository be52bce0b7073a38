"""The application on this run's servers, with a database of the test's own, and browsers without scripts."""

import json
import os
import re
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, event, select, text
from werkzeug.test import TestResponse
from werkzeug.wsgi import get_current_url

from emeter_core.accounts import User, UserToken, get_user_by_email, password
from emeter_core.accounts.hash_slots import HashSlots
from emeter_core.mail import Mail
from emeter_core.outbox import Delivery
from emeter_core.outbox.enqueue import MAIL_PURPOSE
from emeter_core.schema import metadata
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory, transaction
from emeter_web import even
from emeter_web.app import create_app
from emeter_web.db import parts
from emeter_web.live.setup import hub_of

# The tests are no package; what they share is imported by name.
sys.path.insert(0, str(Path(__file__).parent))

import over_http
from permission_site import Site
from permission_world import MAIL
from small_gunicorn import Gunicorn

SECRET_KEY = "a secret of the tests, long enough"
EMAIL, PASSWORD = "dora@example.com", "hello world!"


class Browser(FlaskClient):
    """A browser without JavaScript: it asks by HTTP, keeps cookies, and its forms carry the CSRF token."""

    def run_wsgi_app(self, environ: dict[str, object], buffered: bool = False) -> over_http.Answer:  # noqa: FBT001, FBT002
        """Send the request through a socket; Werkzeug's own client would call the application."""
        self._add_cookies_to_wsgi(environ)
        answer = over_http.server_of(self.application).ask(environ)
        url = urlsplit(get_current_url(environ))
        self._update_cookies_from_response(
            url.hostname or "localhost", url.path, answer[2].getlist("Set-Cookie")
        )
        return answer

    def submit(self, path: str, _method: str = "POST", **fields: object) -> TestResponse:
        """Send a form; `_method` as forms do it, with a field."""
        override = {} if _method == "POST" else {"_method": _method.lower()}
        return self.post(path, data={"_csrf_token": self.csrf_token(), **override, **fields})

    def csrf_token(self) -> str:
        """The token that the forms of this browser's pages carry."""
        with self.session_transaction() as session:
            raw = session.setdefault("_csrf_token", secrets.token_hex(20))
        return URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(raw)

    def page(self, path: str) -> BeautifulSoup:
        """The page at `path`, which is there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return BeautifulSoup(answer.text, "html.parser")

    def register(self, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
        """Fill in the form of those who want an account."""
        return self.submit("/users/register", email=email, password=password)

    def log_in(self, email: str = EMAIL, password: str = PASSWORD, **more: object) -> TestResponse:
        """Fill in the form of those who have one."""
        return self.submit("/users/log_in", email=email, password=password, **more)

    def log_out(self) -> TestResponse:
        """Press Log out."""
        return self.submit("/users/log_out", "DELETE")

    def session_items(self) -> dict[str, object]:
        """What the session cookie holds."""
        with self.session_transaction() as session:
            return dict(session)


@dataclass
class Queries:
    """The statements that were sent to the database."""

    statements: list[str]

    def __len__(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join(self.statements)


@pytest.fixture(scope="session")
def hash_slots(tmp_path_factory: pytest.TempPathFactory) -> HashSlots:
    """The slots of this run alone: what else this machine hashes does not matter to it."""
    return HashSlots(tmp_path_factory.mktemp("hashes") / "slots")


@pytest.fixture(autouse=True)
def _cheap_hashes(hash_slots: HashSlots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "ROUNDS", 4)
    monkeypatch.setattr(password, "SLOTS", hash_slots)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an answer waits for is proved once."""
    monkeypatch.setattr(even, "LEAVES_AFTER_S", 0.0)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def shared_database(new_database: Callable[..., str]) -> Iterator[Engine]:
    """A database for all tests of this package, one after the other: emptying is much quicker than making."""
    engine = make_engine(new_database(), name="tests")
    yield engine
    engine.dispose()


@pytest.fixture
def database_url(shared_database: Engine) -> Iterator[str]:
    """The URL of a migrated database that is this test's own until it ends."""
    yield shared_database.url.render_as_string(hide_password=False)
    with shared_database.begin() as connection:
        # What is still open then would be found out here, not by the next test.
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        for table in reversed(metadata().sorted_tables):
            others = " WHERE id > 1" if table.name == "locations" else ""
            connection.execute(text(f"DELETE FROM {table.name}{others}"))
        connection.execute(
            text(
                "SELECT setval(format('%I', sequencename), start_value, sequencename = 'locations_id_seq')"
                " FROM pg_sequences"
            )
        )


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, secret_key=SECRET_KEY, data_dir=tmp_path)


@pytest.fixture
def make_app(redis_url: str, database_url: str) -> Iterator[Callable[[Settings], Flask]]:
    """Build applications; all count their limits anew."""
    made: list[Flask] = []
    with redis.Redis.from_url(redis_url) as counters:
        counters.flushall()

    def make(settings: Settings) -> Flask:
        app = create_app(settings)
        app.test_client_class = Browser
        made.append(app)
        return app

    yield make
    for app in made:
        over_http.close(app)
        hub_of(app).close()
        parts(app).close()


@pytest.fixture
def app(make_app: Callable[[Settings], Flask], settings: Settings) -> Flask:
    return make_app(settings)


@pytest.fixture
def gunicorn(app: Flask) -> Iterator[Gunicorn]:
    """The application behind our worker of gunicorn."""
    running = Gunicorn(app)
    yield running
    if running.worker.alive:
        running.stop()


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return app.test_client()


@pytest.fixture
def user(app: Flask, sessions: SessionFactory) -> User:
    """Somebody with an account: EMAIL and PASSWORD."""
    assert app.test_client().register().status_code == 302
    with transaction(sessions) as session:
        user = get_user_by_email(session, EMAIL)
    assert user is not None
    return user


@pytest.fixture
def signed_in(app: Flask, user: User) -> Browser:
    """A browser in which `user` is signed in."""
    browser: Browser = app.test_client()
    assert browser.log_in().status_code == 302
    return browser


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """A browser in which somebody else is signed in, of a team of their own."""
    browser: Browser = app.test_client()
    assert browser.register("stranger@example.com").status_code == 302
    return browser


@pytest.fixture
def site(app: Flask, sessions: SessionFactory, settings: Settings) -> Iterator[Site]:
    """The application with two teams that have all there is, and people of every role."""
    settings.directory.mail.mkdir(parents=True)
    (settings.directory.mail / MAIL).write_text("To: dora@example.com\n\nHello\n")
    site = Site(app, sessions, settings)
    yield site
    site.close()


@pytest.fixture
def sessions(settings: Settings) -> Iterator[SessionFactory]:
    """Sessions beside those of the application; they commit."""
    engine = make_engine(settings.database)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.fixture
def contexts(sessions: SessionFactory) -> Callable[[], list[str]]:
    """What the links that were mailed and not used are good for; sessions are left out."""

    def find() -> list[str]:
        with transaction(sessions) as session:
            found = session.scalars(select(UserToken.context).where(UserToken.context != "session"))
            return sorted(found)

    return find


@pytest.fixture
def mails(sessions: SessionFactory, settings: Settings) -> Callable[[], list[Mail]]:
    """The mails that wait to be sent, oldest first."""

    def read() -> list[Mail]:
        vault = settings.vault()
        with transaction(sessions) as session:
            bodies = session.scalars(select(Delivery.body).order_by(Delivery.inserted_at, Delivery.id)).all()
        return [Mail(**json.loads(vault.open(MAIL_PURPOSE, body))) for body in bodies]

    return read


@pytest.fixture
def mailed_paths(mails: Callable[[], list[Mail]], settings: Settings) -> Callable[[], list[str]]:
    """Where the links in those mails lead; those without a link are left out."""
    link = re.compile(rf"^{re.escape(settings.base_url)}(/\S+)$", re.MULTILINE)

    def read() -> list[str]:
        return [found[1] for mail in mails() if (found := link.search(mail.text))]

    return read


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The passwords that were held against a hash."""
    held: list[bytes] = []
    check = password.bcrypt.checkpw
    monkeypatch.setattr(
        password.bcrypt, "checkpw", lambda given, hashed: held.append(given) or check(given, hashed)
    )
    return held


@pytest.fixture
def count_queries(app: Flask) -> Callable[[], "contextmanager[Queries]"]:
    """Count what the application asks the database: `with count_queries() as queries: ...; len(queries)`."""
    engine: Engine = parts(app).database.engine

    @contextmanager
    def count() -> Iterator[Queries]:
        queries = Queries([])

        def note(_connection, _cursor, statement: str, *_rest: object) -> None:
            queries.statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield queries
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return count


@pytest.fixture
def environment(settings: Settings, free_port: int) -> Mapping[str, str]:
    """The environment of a process that serves."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": SECRET_KEY,
        "PORT": str(free_port),
    }

"""The application as people of every kind see it, and whether what they ask changes a row."""

import itertools
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from permission_world import ANONYMOUS, Belongings, build, path_to
from sqlalchemy import text
from werkzeug.test import TestResponse

from emeter_core.schema import metadata
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction
from emeter_web.routes import SAFE_METHODS, Route

ANSWERED, LOG_IN, HOME, REFUSED, NOT_FOUND = "answered", "log in", "home", "refused", "not found"
_ANSWERS = {200, 302, 303, 422, 503}  # the last one is of /healthz, for nothing but the web runs in tests
_numbers = itertools.count(1)

_TABLES = [table for table in metadata().sorted_tables if table.name != "locations"]
_KEYS = {table.name: "id" if table.name == "teams" else "team_id" for table in _TABLES}
# All rows there are, and those of one team; but for when a session was last seen: that changes nothing.
_LOOK = text(
    " UNION ALL ".join(
        f"SELECT '{table.name}', is_theirs, md5(string_agg(h, '' ORDER BY h)) FROM"
        f" (SELECT {f'{_KEYS[table.name]} = :theirs' if _KEYS[table.name] in table.columns else 'false'}"
        f" AS is_theirs, md5((to_jsonb(t) - 'seen_at')::text) AS h FROM {table.name} t) r GROUP BY is_theirs"
        for table in _TABLES
    )
)
_KEEP = "CREATE SCHEMA kept;" + "".join(f"CREATE TABLE kept.{t} AS TABLE {t};" for t in _TABLES)
_RESTORE = "".join(f"DELETE FROM {t};" for t in reversed(_TABLES)) + "".join(
    f"INSERT INTO {t} OVERRIDING SYSTEM VALUE TABLE kept.{t};" for t in _TABLES
)


@dataclass(frozen=True)
class Answer:
    """What came back, and whether rows changed: any at all, and those of the other team."""

    response: TestResponse
    changed: bool
    changed_theirs: bool

    @property
    def outcome(self) -> str:
        """What the answer comes to."""
        status, location = self.response.status_code, self.response.location
        if status == 302 and location in {"/users/log_in", "/"}:
            return LOG_IN if location != "/" else HOME
        if status == 403 and "Your role does not allow this" in self.response.text:
            return REFUSED
        if status == 404:
            return NOT_FOUND
        return ANSWERED if status in _ANSWERS else f"status {status}"


class Site:
    """The application with a world in it, which is made good again after whatever changed it."""

    def __init__(self, app: Flask, sessions: SessionFactory, settings: Settings) -> None:
        self._app, self._sessions = app, sessions
        now = DatabaseClock(sessions.kw["bind"]).now()
        with transaction(sessions) as session:
            self.world = build(session, vault=settings.vault(), now=now)
        self.keep()

    def keep(self) -> None:
        """Have all be as it is now, from here on."""
        with transaction(self._sessions) as session:
            session.execute(text("DROP SCHEMA IF EXISTS kept CASCADE;" + _KEEP))
        self._before = self._look()

    def close(self) -> None:
        """Forget how it was."""
        with transaction(self._sessions) as session:
            session.execute(text("DROP SCHEMA kept CASCADE"))

    def ask(
        self,
        who: str,
        route: Route,
        *,
        of: Belongings | None = None,
        path: str = "",
        more: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send what a route asks for, with `more` in the query and in the form."""
        browser = self.browser(who)
        data = None
        if route.method not in SAFE_METHODS:
            form = {"_csrf_token": browser.csrf_token(), "_method": route.method.lower()}
            # A channel is tested as it was saved, and not where something else is typed beside it.
            typed = {} if route.endpoint == "alerts.test" else _typed()
            data = typed | (more or {}) | form
        response = browser.open(
            path or path_to(route.path, self.world, who, of=of),
            method="GET" if data is None else "POST",
            data=data,
            query_string=more,
            headers=headers,
        )
        return Answer(response, *self._changes())

    def browser(self, who: str) -> FlaskClient:
        """A browser of this person's."""
        browser = self._app.test_client()
        if who != ANONYMOUS:
            with browser.session_transaction() as session:
                session["user_token"] = self.world.tokens[who]
        return browser

    def changed(self) -> bool:
        """Whether any row changed since this was asked last; all is as it was afterwards."""
        return self._changes()[0]

    def restore(self) -> None:
        """Make all as it was."""
        with transaction(self._sessions) as session:
            session.execute(text(_RESTORE))

    def _changes(self) -> tuple[bool, bool]:
        """Whether any row changed, and whether one of the other team did; all is as it was afterwards."""
        changed = self._look() ^ self._before
        if changed:
            self.restore()
        return bool(changed), any(is_theirs for _, is_theirs, _ in changed)

    def _look(self) -> set[tuple[str, bool, str]]:
        with transaction(self._sessions) as session:
            found = session.execute(_LOOK, {"theirs": self.world.theirs.team_id})
            return {(table, bool(is_theirs), rows) for table, is_theirs, rows in found}


def _typed() -> dict[str, str]:
    """What any form of ours could want, other than before."""
    number = next(_numbers)
    return {
        "url": f"https://typed{number}.example.com/",
        "name": f"Typed {number}",
        "email": f"typed{number}@example.com",
        "password": f"typed by hand {number}",
        "password_confirmation": f"typed by hand {number}",
        "current_password": "not theirs at all",
        "action": "update_email",
        "theme": "dark",
    }

"""Whatever is sent to a form: it is taken, or shown again, or refused by 4xx; never a 500.

The forms are found on the pages, and held against the router, so that each is asked and none is forgotten.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import junk
import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from permission_site import Site
from permission_world import ANONYMOUS, STRANGER, path_to
from werkzeug.routing import MapAdapter

from emeter_core.accounts import deliver_user_reset_password_instructions, get_user_by_session_token
from emeter_core.monitors.kinds import DEFAULT, KINDS
from emeter_core.settings import Settings
from emeter_storage.engine import DatabaseClock, SessionFactory, transaction
from emeter_web.router import GROUPS
from emeter_web.routes import SAFE_METHODS
from emeter_web.user_auth import capability

OWNER = "owner"
RESET = "/users/reset_password/<token>"
# What a browser would send: of several choices those that are made.
CHOSEN = "input[name]:not(:is([type=radio], [type=checkbox]):not([checked])), select[name], textarea[name]"
SAMPLES = "/dev/components"  # its forms lead nowhere
WRITING = {
    (route.method, route.endpoint)
    for group in GROUPS
    for route in group.routes
    if route.method not in SAFE_METHODS and group.guard is not capability
}
# What somebody types who means well.
TYPED = {
    "email": "new@example.com",
    "password": "a fine new word",
    "password_confirmation": "a fine new word",
    "current_password": "a password of the tests",
    "url": "http://example.com/",
    "theme": "dark",
    "name": "A job",
}
CASES = 500
# What is good once: the next case would find nothing to do.
USED_UP = {"registrations.create", "reset_passwords.update", "settings.update", "deletion.delete"}
PARTS = 4
# Every so many cases all is made as it was, and whether the next one changes anything is looked at.
LOOK_EVERY = 50
# What is generated for the other kinds of monitors: what they share with the first one is seen there.
OF_ANOTHER_KIND = 60
TARGETS = {"tcp": "example.com:25", "ping": "example.com"}
# A form that is only a button reads nothing; its cases do the same again and again.
OF_A_BUTTON = 60


@dataclass(frozen=True)
class Form:
    """A form of somebody's pages: where it leads, and what it sends when it is filled in well."""

    who: str
    method: str
    path: str
    endpoint: str
    fields: junk.Fields
    cases: int
    """How many are generated: of a form that leads to two places, half for each."""

    @property
    def is_preview(self) -> bool:
        """Whether it only shows what would be: nobody can be asked about a job that reports by itself."""
        return self.fields.get("kind") == "heartbeat" and ".try_" in self.endpoint

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.fields.get('action', '')} as {self.who}".replace("  ", " ")


def is_taken(status: int) -> bool:
    """Whether a form was taken: it leads on."""
    return 300 <= status < 400


class Stage:
    """The application with all of its forms."""

    def __init__(self, app: Flask, site: Site, reset_path: str) -> None:
        self._site, self._reset_path = site, reset_path
        self._urls: MapAdapter = app.url_map.bind("localhost")
        self.forms = self._find()
        self.answers: Counter[tuple[str, int]] = Counter()
        self._browsers: dict[str, tuple[FlaskClient, str]] = {}

    def send(self, form: Form, case: junk.Case, *, by_field: bool = False) -> int:
        """Send a case, by the form's own method or by the field `_method`; returns the status."""
        browser, token = self._browser(form.who)
        method, body = form.method, case.body
        if by_field and case.kind == junk.FORM:
            method, body = "POST", body + f"&_method={form.method}".encode()
        answer = browser.open(
            form.path, method=method, data=body, content_type=case.kind, headers={"X-CSRF-Token": token}
        )
        status = answer.status_code
        told = f"{status} for {form}: {case.kind} {case.body[:2000]!r}"
        assert status < 500, told
        # No case is about the token, about who may, or how often.
        assert status not in {401, 403, 429}, told
        assert status != 200 or "<form" in answer.text, told
        assert "<script>alert" not in answer.text, told
        self.answers[form.endpoint, status // 100] += 1
        if is_taken(status):
            # Who it is and what there is may be another from here on.
            self._browsers.clear()
            if form.endpoint in USED_UP:
                self.restore()
        return status

    def restore(self) -> None:
        """Make all as it was."""
        self._site.restore()
        self._browsers.clear()

    def has_changed(self) -> bool:
        """Whether any row changed; all is as it was afterwards."""
        return self._site.changed()

    def _browser(self, who: str) -> tuple[FlaskClient, str]:
        """A browser of theirs, and its token."""
        if who not in self._browsers:
            browser = self._site.browser(who)
            self._browsers[who] = browser, browser.csrf_token()
        return self._browsers[who]

    def _find(self) -> list[Form]:
        found: dict[object, Form] = {}
        for form in (form for who in (ANONYMOUS, OWNER, STRANGER) for form in self._forms_of(who)):
            # One of the log-ins that may be ended stands for all of them; but channels are of several kinds.
            _, values = self._urls.match(form.path, form.method)
            found.setdefault((form.method, form.endpoint, values.get("kind"), *sorted(form.fields)), form)
        return list(found.values())

    def _forms_of(self, who: str) -> Iterator[Form]:
        world, browser = self._site.world, self._site.browser(who)
        having = world.theirs if who == STRANGER else world.ours
        routes = [route.path for group in GROUPS for route in group.routes if route.method == "GET"]
        paths = [path_to(path, world, who, of=having) for path in routes if path not in {RESET, SAMPLES}]
        others = [f"/monitors/{public_id}" for public_id in (having.paused, having.heartbeat)]
        others += [f"/monitors/new?kind={kind}" for kind in KINDS] + [f"/monitors/{having.heartbeat}/edit"]
        for path in [*paths, *others, self._reset_path]:
            answer = browser.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for tag in BeautifulSoup(answer.text, "html.parser").select("form"):
                    yield from self._read(who, tag)

    def _read(self, who: str, tag: Tag) -> Iterator[Form]:
        """The form, once for each place where its buttons lead; those that only look are left out."""
        fields = {each["name"]: _value(each) for each in tag.select(CHOSEN)}
        fields |= {
            button["name"]: button["value"] for button in tag.select("button[name]:not([name=_method])")
        }
        method = fields.pop("_method", tag.get("method", "get")).upper()
        fields.pop("_csrf_token", None)
        targets = [(method, tag.get("action", ""))]
        for button in tag.select("button[formaction]"):
            overrides = button.get("name") == "_method"
            targets.append((button["value"].upper() if overrides else method, button["formaction"]))
        kind = fields.get("kind", DEFAULT)
        if kind in TARGETS:
            del targets[1:]  # Tried as the first kind is; of a heartbeat there is a preview instead.
        filled = fields | {name: value for name, value in TYPED.items() if name in fields}
        if "url" in filled:
            filled["url"] = TARGETS.get(kind, filled["url"])
        cases = (CASES if kind == DEFAULT else OF_ANOTHER_KIND) // len(targets) if fields else OF_A_BUTTON
        for wanted, target in targets:
            if wanted not in SAFE_METHODS and target.startswith("/"):
                path = target.partition("?")[0]
                endpoint, _ = self._urls.match(path, wanted)
                yield Form(who, wanted, path, endpoint, filled, cases)


def _value(tag: Tag) -> str:
    if tag.name == "select":
        chosen = tag.select_one("option[selected]") or tag.select_one("option")
        return str(chosen.get("value", chosen.text)) if chosen else ""
    # A line break right at the beginning is for the reader of the source.
    return tag.text.removeprefix("\n") if tag.name == "textarea" else str(tag.get("value", ""))


@pytest.fixture
def stage(app: Flask, site: Site, sessions: SessionFactory, settings: Settings, monkeypatch) -> Stage:
    """Tries are not counted: the forms are asked here, not the limits."""
    monkeypatch.setattr(app.extensions["emeter_limiter"], "enabled", False)
    links: list[str] = []
    now = DatabaseClock(sessions.kw["bind"]).now()
    with transaction(sessions) as session:
        user = get_user_by_session_token(session, site.world.tokens[STRANGER], now=now)
        assert user is not None
        deliver_user_reset_password_instructions(
            session, user, lambda token: links.append(token) or "", vault=settings.vault(), now=now
        )
    site.keep()
    return Stage(app, site, RESET.replace("<token>", links[0]))


def test_every_route_that_writes_has_a_form_and_takes_it_when_it_is_filled_in_well(stage: Stage) -> None:
    """Else the cases below would miss one, or break what is broken already."""
    assert {(form.method, form.endpoint) for form in stage.forms} == WRITING
    refused = {}
    for form in stage.forms:
        status = stage.send(form, junk.Case(junk.encoded(list(form.fields.items()))), by_field=True)
        if not is_taken(status):
            refused[form.endpoint, form.is_preview] = status
        stage.restore()
    # Nobody has the e-mail that is typed, and a channel is tested as it was saved.
    assert refused == {
        ("sessions.create", False): 200,
        ("alerts.test", False): 422,
        ("monitors.try_it", True): 200,
        ("monitors.try_change", True): 200,
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_cases_are_taken_shown_again_or_refused(stage: Stage, part: int) -> None:
    """In parts, so that several processes can share them."""
    forms = stage.forms[part::PARTS]
    for form in forms:
        for turn, case in enumerate(junk.cases(form.fields, form.cases, seed=form.endpoint)):
            if turn % LOOK_EVERY == 0:
                stage.restore()
            status = stage.send(form, case, by_field=turn % 2 == 1)
            if turn % LOOK_EVERY == 0 and not is_taken(status):
                assert not stage.has_changed(), f"{status}, and yet: {form}: {case.body[:2000]!r}"
        stage.restore()
    endpoints = {form.endpoint for form in forms if form.fields}
    never_refused = {each for each in endpoints if not stage.answers[each, 2] + stage.answers[each, 4]}
    leading_on = {form.endpoint for form in forms if form.fields and not form.is_preview}
    never_taken = {each for each in leading_on if not stage.answers[each, 3]}
    # What is generated gets to the views and through them, and no log-in is guessed.
    assert (never_refused, never_taken - {"sessions.create"}) == (set(), set())


def test_one_field_missing_repeated_nested_or_with_a_nul_is_no_failure(stage: Stage) -> None:
    for form in stage.forms:
        for turn, case in enumerate(junk.one_wrong(form.fields)):
            if turn % LOOK_EVERY == 0:
                stage.restore()
            stage.send(form, case)


def test_what_is_not_utf8_is_malformed(stage: Stage) -> None:
    for form in stage.forms:
        for case in junk.not_utf8(form.fields):
            assert stage.send(form, case) == 400, (str(form), case.body)
    assert not stage.has_changed()


def test_ten_megabytes_are_too_large(stage: Stage) -> None:
    for form in stage.forms:
        for case in junk.too_long(form.fields):
            assert stage.send(form, case) == 413, str(form)
    assert not stage.has_changed()


@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=st.text(max_size=40), query=st.text(max_size=40))
def test_any_address_is_answered(client, path: str, query: str) -> None:
    answer = client.get("/" + path.lstrip("/").replace("?", ""), query_string={"email": query, "page": query})
    assert answer.status_code < 500 or path.startswith("healthz")

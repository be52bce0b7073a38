"""Nothing changes by a request that is not from our pages (reliability.md, R17)."""

import json
import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from emeter_core.schema import metadata
from emeter_core.settings import Settings
from emeter_storage.engine import SessionFactory, transaction

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_EXAMPLES = {"uuid": str(uuid.uuid4()), "int": "1", "path": "app.css"}


def address(rule: str) -> str:
    """Some address that a rule matches."""

    def example(found: re.Match[str]) -> str:
        return _EXAMPLES.get(found["kind"] or "", "mail")

    return re.sub(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?\w+>", example, rule)


def writing(app: Flask) -> list[tuple[str, str]]:
    """Every method and address that may change something."""
    rules = app.url_map.iter_rules()
    return sorted((method, address(rule.rule)) for rule in rules for method in rule.methods & UNSAFE)


@pytest.fixture
def rows(sessions: SessionFactory) -> Callable[[], dict[str, str]]:
    """All that the database holds, by table."""
    tables = metadata().sorted_tables

    def read() -> dict[str, str]:
        with transaction(sessions) as session:
            return {
                table.name: session.execute(
                    text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table.name} t")
                ).scalar_one()
                for table in tables
            }

    return read


FORGERIES: dict[str, dict[str, object]] = {
    "without a token": {"data": {"email": "a@example.com"}},
    "with a token that is none": {"data": {"_csrf_token": "x"}},
    "with an empty token": {"data": {"_csrf_token": ""}},
    "from another origin": {"headers": {"Origin": "https://evil.example"}, "token": True},
    "from an origin that is hidden": {"headers": {"Origin": "null"}, "token": True},
    "from an origin that is none": {"headers": {"Origin": "http://[localhost"}, "token": True},
    "from another site": {"headers": {"Sec-Fetch-Site": "cross-site"}, "token": True},
    "as JSON in plain text": {"data": json.dumps({"_csrf_token": "x"}), "content_type": "text/plain"},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_r17_no_route_takes_a_forgery(app, signed_in, rows, forgery: str) -> None:
    before = rows()
    for method, path in writing(app):
        request = dict(FORGERIES[forgery])
        if request.pop("token", False):
            request["headers"] = {**request["headers"], "X-CSRF-Token": signed_in.csrf_token()}
        answer = signed_in.open(path, method=method, **request)
        assert answer.status_code == 403, (method, path)
    assert rows() == before


def test_x15_without_a_token_nobody_registers(client, rows) -> None:
    before = rows()
    answer = client.post("/users/register", data={"email": "a@example.com", "password": "hello world!"})

    assert answer.status_code == 403
    assert "Nothing was changed." in answer.text
    assert rows() == before


def test_the_token_of_a_page_is_good_on_that_page(client) -> None:
    form = client.page("/users/register").find("form", class_="form")
    token = form.find("input", {"name": "_csrf_token"})["value"]
    data = {"_csrf_token": token, "email": "dora@example.com", "password": "hello world!"}

    assert client.post("/users/register", data=data).status_code == 302


def test_the_token_may_come_in_a_header(signed_in) -> None:
    token = signed_in.page("/users/settings").find("meta", {"name": "csrf-token"})["content"]
    assert signed_in.delete("/users/log_out", headers={"X-CSRF-Token": token}).status_code == 302


def test_the_token_of_another_browser_is_none(client, signed_in) -> None:
    assert signed_in.post("/settings/theme", data={"_csrf_token": client.csrf_token()}).status_code == 403


def test_the_token_of_an_older_session_is_none(client, user) -> None:
    token = client.csrf_token()
    client.log_in()
    assert client.post("/settings/theme", data={"_csrf_token": token}).status_code == 403


@pytest.mark.parametrize("origin", ["http://localhost", "https://meter.example"])
def test_our_own_origins_are_the_host_that_was_asked_and_the_base_url(
    make_app: Callable[[Settings], Flask], settings: Settings, origin: str
) -> None:
    app = make_app(settings.model_copy(update={"base_url": "https://meter.example"}))
    client = app.test_client()
    headers = {"Origin": origin, "X-CSRF-Token": client.csrf_token(), "Sec-Fetch-Site": "same-origin"}
    # Cookies of https are not sent by http.
    answer = client.post("/settings/theme", headers=headers, base_url="https://localhost")
    assert answer.status_code == 302

"""`/metrics` and `/metrics/targets`."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from emeter_core.processes import enlist, report
from emeter_core.settings import Settings
from emeter_storage.engine import transaction
from emeter_web.request_counts import RequestCounts

TOKEN = "a token of the tests, long enough for all"
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def values(client: FlaskClient) -> Values:
    """All samples that are told, by name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(told: Values, **labels: str) -> float:
    return told.get(("emeter_http_requests_total", frozenset(labels.items())), 0)


def test_requests_are_counted_by_route_and_never_by_path(client) -> None:
    for path in (
        "/users/reset_password/token-of-somebody",
        "/users/reset_password/another",
        "/nowhere/at/all",
    ):
        client.get(path)
    client.head("/users/log_in")

    told = values(client)

    assert requests(told, method="GET", route="/users/reset_password/<token>", status="3xx") == 2
    assert requests(told, method="GET", route="nowhere", status="4xx") == 1
    assert requests(told, method="HEAD", route="/users/log_in", status="2xx") == 1
    assert requests(values(client), method="GET", route="/metrics", status="2xx") == 1
    assert "token-of-somebody" not in str(told)
    name = "emeter_http_request_duration_seconds_count"
    assert told[name, frozenset({("route", "/users/reset_password/<token>")})] == 2


def test_methods_and_statuses_are_few() -> None:
    counts = RequestCounts()
    for method in ("BREW", "PROPFIND", "GET"):
        counts.count(method, "/", 404, 1000)

    assert {sample.labels for sample in counts.samples()} == {
        ("other", "/", "4xx"),
        ("GET", "/", "4xx"),
        ("/",),
    }


def test_it_tells_whether_database_and_redis_answer(
    make_app: Callable[[Settings], Flask], settings: Settings, client
) -> None:
    well = values(client)
    away = {"database_url": "postgresql+psycopg2://x:y@127.0.0.1:1/z", "redis_url": "redis://127.0.0.1:1/0"}
    ill = values(make_app(settings.model_copy(update=away)).test_client())

    for told, value in ((well, 1), (ill, 0)):
        assert told["emeter_database_up", frozenset()] == value
        assert told["emeter_redis_up", frozenset()] == value
    assert ("emeter_live_pages", frozenset()) in well


@pytest.mark.parametrize("path", ["/metrics", "/metrics/targets"])
def test_for_others_than_this_machine_there_is_nothing(client, path: str) -> None:
    for elsewhere in (
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Host": "rebound.example.com"}},
    ):
        answer = client.get(path, **elsewhere)
        assert answer.status_code == 404
        assert "EMETER_METRICS_TOKEN is not set" in answer.text
        assert "emeter_" not in answer.text.lower().replace("emeter_metrics_token", "")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/targets"])
def test_others_bring_the_token(make_app: Callable[[Settings], Flask], settings: Settings, path: str) -> None:
    client = make_app(settings.model_copy(update={"metrics_token": TOKEN})).test_client()
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}

    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = client.get(path, headers=headers, **elsewhere)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    granted = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}, **elsewhere)
    assert granted.status_code == 200


def test_no_cookie_is_read_and_none_is_set(signed_in) -> None:
    answer = signed_in.get("/metrics")

    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_targets_are_this_server_and_all_processes_that_tell(app, client) -> None:
    database = app.extensions["emeter"].database
    with transaction(database.sessions) as session:
        now = database.clock.now()
        process_id = enlist(session, "worker", location_id=None, now=now)
        report(session, process_id, {"metrics": {"host": "127.0.0.1", "port": 9462}}, now=now)

    answer = client.get("/metrics/targets")

    assert answer.mimetype == "application/json"
    web, worker = answer.get_json()
    assert (web["targets"], web["labels"]["process"]) == (["127.0.0.1:8000"], "web")
    assert (worker["targets"], worker["labels"]["process"]) == (["127.0.0.1:9462"], "worker")
    assert set(worker) == {"targets", "labels"}

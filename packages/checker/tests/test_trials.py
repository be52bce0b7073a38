"""Checks that somebody tries: taken, run by the engine, answered as soon as they end."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from emeter_checker.engine import Engine, Finished
from emeter_checker.trials import CheckTrials, Tried, as_json
from emeter_core import trials
from emeter_core.outcome import Condition, Outcome, Phases, Reason

PATIENCE_S = 20.0

Answer = Callable[[], dict[str, Any] | None]


@pytest.fixture
def ask(database, team, vault) -> Callable[..., Answer]:
    """Ask for the trial of a check; returns what tells its answer."""

    def asked(**payload: Any) -> Answer:  # noqa: ANN401 - passed on
        with database.sessions.begin() as session:
            trial = trials.ask(session, team, "check", payload, vault=vault, now=database.clock.now())

        def answer() -> dict[str, Any] | None:
            with database.sessions() as session:
                return trials.get_trial(session, team, trial.id, now=database.clock.now()).answer

        return answer

    return asked


@pytest.fixture
def running(database, vault, guard) -> Iterator[CheckTrials]:
    """Trials on an engine of their own, as in a worker."""

    def ended(finished: Finished) -> None:
        assert isinstance(finished.ticket, Tried)
        under_test.put(finished, finished.ticket.trial_id)

    engine = Engine(guard, ended)
    under_test = CheckTrials(database.sessions, database.clock, vault, engine.submit)
    engine.start()
    under_test.start()
    yield under_test
    under_test.take_no_more()
    engine.stop(5)
    under_test.stop(5)
    assert not under_test.is_alive


def wait_for(answer: Answer) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while (got := answer()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return got


def test_a_check_that_is_tried_is_answered_as_soon_as_it_ends(running, receive, ask) -> None:
    answer = ask(target=receive("200 OK", b"hello").url)
    began = time.monotonic()
    running.look()
    got = wait_for(answer)
    assert time.monotonic() - began < 1.0
    assert (got["condition"], got["reason"], got["text"], got["code"]) == ("up", "ok", "As expected", 200)
    assert got["total_us"] == sum(got["phases"].values()) > 0
    assert got["phases"].keys() == {"dns", "connect", "tls", "wait", "transfer"}
    assert (got["address"], got["certificate_ends_at"], got["evidence"]) == ("127.0.0.1", None, {})


def test_a_failure_comes_with_its_evidence(running, receive, ask) -> None:
    answer = ask(target=receive("500 Oops", b"broken").url)
    running.look()
    got = wait_for(answer)
    assert (got["condition"], got["reason"], got["code"]) == ("down", "unexpected_code", 500)
    assert got["evidence"]["body"] == "broken"


def test_the_settings_count(running, receive, ask) -> None:
    answer = ask(target=receive("200 OK", b"hello").url, settings={"keyword": "bye"})
    running.look()
    assert wait_for(answer)["reason"] == "keyword_missing"


def test_what_waits_at_the_start_is_taken_up(database, ask, running, receive) -> None:
    answer = ask(target=receive("200 OK").url)
    running.look()
    assert wait_for(answer)["condition"] == "up"


def test_many_are_run_at_once(running, receive, ask) -> None:
    slow = receive(lambda connection, over: over.wait(1.0) or connection.sendall(b"HTTP/1.1 204 No\r\n\r\n"))
    answers = [ask(target=slow.url, timeout=5) for _ in range(10)]
    began = time.monotonic()
    running.look()
    assert {wait_for(answer)["code"] for answer in answers} == {204}
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"target": "ftp://example.com"}, "url "),
        ({"target": "http://example.com", "kind": "pigeon"}, "unknown"),
        ({"target": "http://example.com", "wings": 2}, "an error of ours"),
        ({}, "url can't be blank"),
    ],
)
def test_what_cannot_be_checked_is_answered_too(running, ask, payload: dict[str, Any], words: str) -> None:
    answer = ask(**payload)
    running.look()
    got = wait_for(answer)
    assert (got["condition"], got["reason"]) == ("no_data", "not_checked")
    assert words in got["evidence"]["error"]


def test_a_database_that_is_away_delays_the_answer(running, receive, ask, allow_connections, caplog) -> None:
    def away_meanwhile(connection, _over) -> None:
        allow_connections(to=False)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        deadline = time.monotonic() + 10
        while "cannot see to trials" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
        allow_connections(to=True)
        back.append(True)

    back: list[bool] = []
    answer = ask(target=receive(away_meanwhile).url)
    running.look()
    deadline = time.monotonic() + PATIENCE_S
    while not back and time.monotonic() < deadline:
        time.sleep(0.02)
    assert wait_for(answer)["code"] == 204


def test_an_answer_that_nobody_waits_for_any_more_gives_its_place_back(
    running, receive, ask, database, monkeypatch, caplog
) -> None:
    """The team was deleted meanwhile."""
    monkeypatch.setattr("emeter_checker.trials._MOST_AT_ONCE", 1)

    def delete_meanwhile(connection, _over) -> None:
        with database.sessions.begin() as session:
            session.execute(text("DELETE FROM trials"))
        deleted.set()
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    deleted = threading.Event()
    ask(target=receive(delete_meanwhile).url)
    running.look()
    assert deleted.wait(10)
    assert _next_answer(running, receive, ask)["condition"] == "up"
    assert "stumbled" not in caplog.text


def test_an_answer_that_a_bug_of_ours_loses_gives_its_place_back(running, receive, ask, monkeypatch) -> None:
    monkeypatch.setattr("emeter_checker.trials._MOST_AT_ONCE", 1)
    real, stumbled = trials.answer, threading.Event()

    def stumble(*_: object, **__: object) -> None:
        monkeypatch.setattr(trials, "answer", real)
        stumbled.set()
        raise ZeroDivisionError

    monkeypatch.setattr(trials, "answer", stumble)
    ask(target=receive("204 No Content").url)
    running.look()
    assert stumbled.wait(10)
    assert _next_answer(running, receive, ask)["condition"] == "up"


def _next_answer(running: CheckTrials, receive: Callable[..., Any], ask: Callable[..., Answer]) -> Any:  # noqa: ANN401
    answer = ask(target=receive("204 No Content").url)
    deadline = time.monotonic() + 10
    while answer() is None and time.monotonic() < deadline:
        running.look()
        time.sleep(0.05)
    return wait_for(answer)


def test_the_form_of_an_answer_is_what_the_pages_read() -> None:
    outcome = Outcome(Reason.TIMEOUT, Phases(1, 2, 3, 4, 5), evidence={"error": "x"})
    assert as_json(outcome) == {
        "condition": Condition.DOWN.value,
        "reason": "timeout",
        "text": "No complete answer within the timeout",
        "code": 0,
        "phases": {"dns": 1, "connect": 2, "tls": 3, "wait": 4, "transfer": 5},
        "total_us": 15,
        "address": "",
        "certificate_ends_at": None,
        "evidence": {"error": "x"},
    }

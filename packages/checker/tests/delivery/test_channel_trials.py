"""Channels that somebody tries: a test message at once, and what came of it."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from emeter_core import trials
from emeter_core.mail import list_mails

Answer = Callable[[], dict[str, Any] | None]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROMPT = timedelta(seconds=2)
"""A second is what we promise; a machine that does something else as well may take two."""


@pytest.fixture
def ask(database, team, vault) -> Callable[..., Answer]:
    """Ask for a test of a channel; returns what tells its answer."""

    def asked(kind: str, target: str, secret: str = "") -> Answer:
        payload = {"kind": kind, "target": target, "secret": secret}
        with database.sessions.begin() as session:
            trial = trials.ask(session, team, "channel", payload, vault=vault, now=database.clock.now())

        def answer() -> dict[str, Any] | None:
            with database.sessions() as session:
                found = trials.get_trial(session, team, trial.id, now=database.clock.now())
                if found.answered_at and found.answered_at - found.inserted_at > PROMPT:
                    raise AssertionError(found.answered_at - found.inserted_at)
                return found.answer

        return answer

    return asked


def test_a_webhook_that_is_tried_gets_a_signed_test_at_once(run, receive, ask) -> None:
    receiver = receive("200 OK")
    answers: list[object] = []

    def begin() -> None:
        time.sleep(0.7)
        answers.append(ask("webhook", receiver.url, SECRET))

    run(lambda: answers and answers[0](), begin=begin)
    got = answers[0]()
    assert {**got, "ms": 0} == {"ok": True, "text": "The receiver answered 200", "code": 200, "ms": 0}
    assert 0 <= got["ms"] < 1000
    [request] = receiver.requests
    assert Webhook(SECRET).verify(request.body, request.headers)["type"] == "channel.test"


def test_what_goes_wrong_is_the_answer(run, receive, ask) -> None:
    answer = ask("webhook", receive("404 Not Found").url, SECRET)
    run(answer)
    assert {**answer(), "ms": 0} == {
        "ok": False,
        "text": "The receiver answered 404 Not Found",
        "code": 404,
        "ms": 0,
    }


def test_a_mail_channel_that_is_tried_gets_a_mail(run, ask, mail_directory) -> None:
    answer = ask("mail", "bob@example.com")
    run(answer)
    assert {**answer(), "ms": 0} == {"ok": True, "text": "The mail is in the mailbox", "code": None, "ms": 0}
    assert [mail.to for mail in list_mails(mail_directory)] == ["bob@example.com"]


def test_a_trial_that_makes_no_sense_is_answered_too(run, ask) -> None:
    answer = ask("pigeon", "roof")
    run(answer)
    assert answer()["text"] == "The test could not be made, because of an error of ours"

"""*Try it*: a check before anything is saved; the form comes back with the answer beside it."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from emeter_core import trials
from emeter_core.monitors import get_monitor, open_settings
from emeter_core.outcome import Reason
from emeter_storage.engine import transaction

SECRET = "Bearer s3cr3t-of-dora"
PHASES = {"dns": 6_000, "connect": 19_000, "tls": 38_000, "wait": 92_000, "transfer": 8_000}


@pytest.fixture
def ask(signed_in) -> Callable[..., str]:
    """Press *Try it*; answers where the answer will be."""

    def press(path: str = "/monitors", **fields: object) -> str:
        answer = signed_in.submit(f"{path}/trials", **{"url": "https://example.com/", **fields})
        assert answer.status_code == 303
        location: str = answer.location
        return location

    return press


@pytest.fixture
def answer(sessions, now) -> Callable[..., dict[str, Any]]:
    """Answer as the checker does; returns what it was asked to try."""

    def put(vault, reason: Reason = Reason.OK, **more: object) -> dict[str, Any]:
        with transaction(sessions) as session:
            [trial] = trials.take_trials(session, "check", now=now, limit=10)
            payload = trials.payload_of(trial, vault)
            found = {
                "condition": reason.condition.value,
                "reason": reason.slug,
                "text": reason.text,
                "code": 200,
                "phases": PHASES,
                "total_us": sum(PHASES.values()),
                "address": "192.0.2.40",
                "certificate_ends_at": None,
                "evidence": {},
            } | more
            trials.answer(session, trial.id, found, now=now)
        return payload

    return put


def test_what_is_in_the_form_is_tried(ask, answer, vault) -> None:
    location = ask(name="Shop", interval="5", method="POST", headers=f"Authorization: {SECRET}", body="key")
    assert re.fullmatch(r"/monitors/new\?trial=[0-9a-f-]{36}", location)
    assert answer(vault) == {
        "target": "https://example.com/",
        "name": "Shop",
        "kind": "http",
        "interval": 5,
        "timeout": None,
        "down_after": 3,
        "up_after": 2,
        "settings": {"method": "POST", "headers": [["Authorization", SECRET]], "body": "key"},
    }


def test_without_a_script_the_page_asks_again_until_there_is_an_answer(signed_in, ask, answer, vault) -> None:
    location = ask()
    waiting = signed_in.page(location)
    assert waiting.select_one("head noscript meta[http-equiv=refresh]")["content"] == "1"
    assert waiting.select_one("#try[data-waiting]")
    answer(vault)
    page = signed_in.page(location)
    assert page.select_one("noscript meta[http-equiv=refresh]") is None
    panel = page.select_one("#try .panel")
    assert panel["data-status"] == "up"
    assert "Would be up" in panel.text
    assert "200 in 163 ms" in panel.text
    assert "192.0.2.40" in panel.text


def test_a_failure_is_told_with_what_was_seen(signed_in, ask, answer, vault) -> None:
    location = ask()
    seen = {
        "url": "https://example.com/",
        "address": "192.0.2.40",
        "error": "Connection reset",
        "redirects": [],
    }
    answer(vault, Reason.CONNECTION_REFUSED, code=0, evidence=seen)
    panel = signed_in.page(location).select_one("#try .panel")
    assert panel["data-status"] == "down"
    assert "Would be down" in panel.text
    assert "Connection refused" in panel.text
    assert "not reached" in panel.text


def test_the_form_comes_back_as_it_was_but_for_its_secrets(signed_in, ask) -> None:
    typed = {"name": "Shop", "interval": "5", "expected_codes": "200", "keyword": "ok", "down_after": "4"}
    answer = signed_in.get(ask(**typed, method="POST", headers=f"Authorization: {SECRET}", timeout=""))
    page = BeautifulSoup(answer.text, "html.parser")
    assert {name: page.select_one(f"[name={name}]")["value"] for name in typed} == typed
    assert page.select_one("[name=timeout]")["value"] == ""
    assert page.select_one("[name=method] [selected]").text == "POST"
    assert "Kept: Authorization." in page.find(id="headers-hint").text
    assert SECRET not in answer.text


def test_what_was_tried_is_saved_with_its_secrets(signed_in, ask, sessions, scope, vault) -> None:
    trial = ask(headers=f"Authorization: {SECRET}").partition("=")[2]
    made = signed_in.submit("/monitors", url="https://example.com/", trial=trial, secrets_kept="true")
    assert made.status_code == 303
    with transaction(sessions) as session:
        monitor = get_monitor(session, scope, made.location.rpartition("/")[2])
    assert open_settings(monitor, vault).model_dump()["headers"] == (("Authorization", SECRET),)


def test_secrets_that_are_gone_with_their_trial_are_missed(signed_in, ask, sessions) -> None:
    trial = ask(headers=f"Authorization: {SECRET}").partition("=")[2]
    with transaction(sessions) as session:
        session.execute(text("DELETE FROM trials"))
    made = signed_in.submit("/monitors", url="https://example.com/", trial=trial, secrets_kept="true")
    assert made.status_code == 422
    assert "Type them again: they were kept for ten minutes only." in made.text


def test_an_edit_is_tried_with_the_secrets_that_stay(ask, answer, add_monitor, vault) -> None:
    public_id = add_monitor(settings={"headers": [["Authorization", SECRET]]})
    location = ask(f"/monitors/{public_id}", name="Shop 2")
    assert location.startswith(f"/monitors/{public_id}/edit?trial=")
    assert answer(vault)["settings"] == {"headers": [["Authorization", SECRET]]}


def test_a_mistake_is_told_before_anything_is_tried(signed_in, sessions) -> None:
    answer = signed_in.submit("/monitors/trials", url="example.com")
    assert answer.status_code == 422
    assert "Must start with http:// or https://." in answer.text
    with transaction(sessions) as session:
        assert session.execute(text("SELECT count(*) FROM trials")).scalar_one() == 0


def test_too_many_unanswered_have_to_wait(signed_in, ask) -> None:
    for _ in range(20):
        ask()
    answer = signed_in.submit("/monitors/trials", url="https://example.com/")
    assert answer.status_code == 422
    assert "has to wait" in answer.text


@pytest.mark.parametrize("trial", [str(uuid.UUID(int=1)), "nonsense", "%00"])
def test_a_trial_that_is_gone_is_said_to_be(signed_in, trial: str) -> None:
    assert "What you tried is gone" in signed_in.page(f"/monitors/new?trial={trial}").text


def test_the_trial_of_another_team_is_nobodys(stranger, ask) -> None:
    location = ask(name="Shop of Dora")
    page = stranger.page(location)
    assert "What you tried is gone" in page.text
    assert "Shop of Dora" not in page.text


def test_the_monitor_of_another_team_is_not_tried(stranger, add_monitor) -> None:
    public_id = add_monitor(settings={"headers": [["Authorization", SECRET]]})
    answer = stranger.submit(f"/monitors/{public_id}/trials", url="http://evil.example.com/")
    assert answer.status_code == 404

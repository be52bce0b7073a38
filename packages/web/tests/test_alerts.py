import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from sqlalchemy import select

from emeter_core.accounts import User, scope_of
from emeter_core.alerts import Channel, list_channels
from emeter_core.settings import Settings
from emeter_core.trials import Trial, answer, payload_of
from emeter_storage.engine import SessionFactory, transaction

EMAIL = "dora@example.com"
HOOK = "https://hooks.example.com/in"


@pytest.fixture
def channels(sessions: SessionFactory, user: User) -> Callable[[], dict[str, Channel]]:
    """The channels of the signed-in person's team, as they are now."""

    def look() -> dict[str, Channel]:
        with transaction(sessions) as session:
            return list_channels(session, scope_of(session, user))

    return look


def test_a_new_team_is_told_at_the_address_of_its_first_user(signed_in) -> None:
    assert signed_in.page("/alerts").select_one("#email")["value"] == EMAIL


def test_a_webhook_is_saved_with_a_secret_and_keeps_it(
    signed_in, channels: Callable[[], dict[str, Channel]]
) -> None:
    assert signed_in.submit("/alerts/webhook", "PUT", url=HOOK).status_code == 303
    page = signed_in.page("/alerts")
    assert page.select_one("#url")["value"] == HOOK
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)

    signed_in.submit("/alerts/webhook", "PUT", url=HOOK + "/2")
    assert channels()["webhook"].target == HOOK + "/2"
    again = signed_in.page("/alerts").text
    assert secret is not None
    assert secret.group() in again

    signed_in.submit("/alerts/webhook/secret")
    assert secret.group() not in signed_in.page("/alerts").text


@pytest.mark.parametrize(
    ("kind", "field", "typed", "said"),
    [
        ("mail", "email", "not valid", "Must have the @ sign and no spaces."),
        ("mail", "email", "", "Can't be blank."),
        ("webhook", "url", "ftp://example.com", "Must start with http:// or https://."),
        ("webhook", "url", " ", "Can't be blank."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    signed_in,
    channels: Callable[[], dict[str, Channel]],
    kind: str,
    field: str,
    typed: str,
    said: str,
) -> None:
    before = {kind: channel.target for kind, channel in channels().items()}

    answer = signed_in.submit(f"/alerts/{kind}", "PUT", **{field: typed})

    assert answer.status_code == 422
    assert said in answer.text.replace("&#39;", "'")
    assert f'value="{typed}"' in answer.text
    assert {kind: channel.target for kind, channel in channels().items()} == before


def test_a_channel_is_removed_and_removing_again_is_well(
    signed_in, channels: Callable[[], dict[str, Channel]]
) -> None:
    for _ in range(2):
        assert signed_in.submit("/alerts/mail", "DELETE").status_code == 303
    assert channels() == {}
    assert "not set up" in signed_in.page("/alerts").text


def test_a_test_is_asked_for_and_its_answer_comes_to_the_page(
    signed_in, sessions: SessionFactory, settings: Settings
) -> None:
    asked = signed_in.submit("/alerts/mail/tests")
    assert asked.status_code == 303
    waiting = signed_in.page(asked.location)
    assert waiting.select_one("#try[data-waiting]")
    assert waiting.select_one("noscript meta[http-equiv=refresh]")

    with transaction(sessions) as session:
        trial = session.scalars(select(Trial)).one()
        assert payload_of(trial, settings.vault()) == {"kind": "mail", "target": EMAIL, "secret": ""}
        came: dict[str, Any] = {"ok": False, "text": "Connection refused", "code": None, "ms": 12}
        answer(session, trial.id, came, now=trial.inserted_at)
    page = signed_in.page(asked.location)
    assert not page.select_one("[data-waiting]")
    assert "It does not work" in page.select_one("#try").text
    told = " ".join(page.select_one("#try").text.split())
    assert f"Connection refused after 12 ms Tested: {EMAIL}" in told


def test_what_was_typed_and_not_saved_is_not_tested(signed_in, sessions: SessionFactory) -> None:
    answer = signed_in.submit("/alerts/mail/tests", email="other@example.com")
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.select_one("#email")["value"] == "other@example.com"
    assert page.select_one("#email-error").text == "This is not saved yet. Save it first, then test it."
    with transaction(sessions) as session:
        assert session.scalars(select(Trial)).all() == []
    assert signed_in.submit("/alerts/mail/tests", email=f" {EMAIL} ").status_code == 303


def test_the_button_sends_the_field_along(signed_in) -> None:
    button = signed_in.page("/alerts").select_one("button[formaction$=tests]")
    assert button["formaction"] == "/alerts/mail/tests"
    assert (button["name"], button["value"]) == ("_method", "post")
    assert button.find_parent("form").select_one("#email")


def test_the_answer_names_what_was_tested(signed_in) -> None:
    waiting = signed_in.page(signed_in.submit("/alerts/mail/tests").location)
    assert f"Tested: {EMAIL}" in waiting.select_one("#try").text


@pytest.mark.parametrize("trial", [str(uuid.UUID(int=1)), "junk", "\0", ""])
def test_a_test_that_is_gone_leaves_the_page_as_it_is(signed_in, trial: str) -> None:
    assert signed_in.get("/alerts", query_string={"trial": trial}).status_code == 200


def test_there_is_nothing_to_test_without_a_channel_nor_to_rotate(signed_in) -> None:
    assert signed_in.submit("/alerts/webhook/tests").status_code == 404
    assert signed_in.submit("/alerts/webhook/secret").status_code == 404


def test_there_are_no_other_kinds(signed_in) -> None:
    for method in ("PUT", "DELETE"):
        assert signed_in.submit("/alerts/pigeon", method).status_code == 404
    assert signed_in.submit("/alerts/pigeon/tests").status_code == 404


def test_teams_do_not_see_each_others_channels(signed_in, stranger) -> None:
    signed_in.submit("/alerts/webhook", "PUT", url=HOOK)
    asked = signed_in.submit("/alerts/webhook/tests")

    page = stranger.page(asked.location)

    assert page.select_one("#url")["value"] == ""
    assert not page.select_one("[data-waiting]")


def test_nobody_comes_here_without_logging_in(client) -> None:
    assert client.get("/alerts").location == "/users/log_in"
    assert client.submit("/alerts/mail", "PUT", email=EMAIL).location == "/users/log_in"


def test_the_page_asks_little(signed_in, count_queries: Callable[[], Any]) -> None:
    signed_in.submit("/alerts/webhook", "PUT", url=HOOK)
    with count_queries() as queries:
        signed_in.page("/alerts")
    assert len(queries) <= 12, str(queries)


@given_settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from(["mail", "webhook"]),
    name=st.sampled_from(["email", "url", "email[x]"]),
    value=st.one_of(
        st.text(max_size=200), st.sampled_from(["a@b", HOOK, "\0", "http://\ud800", "http://[", "x" * 3000])
    ),
    raw=st.binary(max_size=40),
)
def test_whatever_is_sent_is_kept_or_refused(signed_in, kind: str, name: str, value: str, raw: bytes) -> None:
    fields = {name: value.encode(errors="surrogatepass"), "other": raw}
    assert signed_in.submit(f"/alerts/{kind}", "PUT", **fields).status_code in {303, 400, 422}

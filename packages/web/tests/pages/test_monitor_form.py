"""A monitor made and changed by a form: defaults, mistakes at their fields, secrets never shown again."""

import uuid
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from emeter_core.monitors import Monitor, get_monitor, open_settings
from emeter_storage.engine import transaction

SECRET = "Bearer s3cr3t-of-dora"


@pytest.fixture
def stored(sessions, scope) -> Callable[..., Monitor]:
    """The one monitor of the team, or the one with an id, as it is in the database."""

    def look(public_id: uuid.UUID | None = None) -> Monitor:
        with transaction(sessions) as session:
            if public_id is None:
                public_id = session.execute(text("SELECT public_id FROM monitors")).scalar_one()
            return get_monitor(session, scope, public_id)

    return look


@pytest.fixture
def count(sessions) -> Callable[[], int]:
    def look() -> int:
        with transaction(sessions) as session:
            return session.execute(text("SELECT count(*) FROM monitors")).scalar_one()

    return look


def error_at(page, name: str) -> str:
    """What is said at a field, as assistive technology finds it."""
    field = page.select_one(f"[name={name}][aria-invalid=true]")
    assert field is not None, f"nothing is wrong at {name}"
    described = [page.find(id=each) for each in field["aria-describedby"].split()]
    return next(each.text.strip() for each in described if "error" in each["class"])


def soup(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def test_an_address_is_enough(signed_in, stored) -> None:
    answer = signed_in.submit("/monitors", url="https://shop.example.com/health")
    made = stored()
    assert (answer.status_code, answer.location) == (303, f"/monitors/{made.public_id}")
    assert (made.name, made.kind, made.target) == (
        "shop.example.com",
        "http",
        "https://shop.example.com/health",
    )
    assert (made.interval_seconds, made.timeout_seconds, made.down_after, made.up_after) == (60, 10, 3, 2)
    assert made.settings == {}
    page = signed_in.page(answer.location)
    assert page.select_one("main [data-monitor-id]")["data-status"] == "pending"
    assert "The first check is on its way." in page.main.text


def test_every_field_is_taken(signed_in, stored, vault) -> None:
    fields = {
        "name": "Payments API",
        "kind": "http",
        "url": "https://example.com/pay",
        "method": "POST",
        "expected_codes": "200, 201",
        "keyword": "ok",
        "keyword_absent": ["false", "true"],
        "interval": "5",
        "timeout": "2",
        "down_after": "1",
        "up_after": "4",
        "headers": f"Authorization: {SECRET}\r\nAccept: application/json\r\n",
        "body": "key=value",
        "max_redirects": "0",
        "body_cap": "4096",
        "ip_family": "ipv4",
        "verify_tls": ["false"],
    }
    assert signed_in.submit("/monitors", **fields).status_code == 303
    made = stored()
    settings = open_settings(made, vault).model_dump(mode="json")
    assert (made.name, made.interval_seconds, made.timeout_seconds) == ("Payments API", 5, 2)
    assert (made.down_after, made.up_after) == (1, 4)
    assert settings == {
        "method": "POST",
        "headers": [["Authorization", SECRET], ["Accept", "application/json"]],
        "body": "key=value",
        "expected_codes": "200-201",
        "keyword": "ok",
        "keyword_absent": True,
        "max_redirects": 0,
        "body_cap": 4096,
        "ip_family": "ipv4",
        "verify_tls": False,
    }


def test_without_a_timeout_short_intervals_have_a_short_one(signed_in, stored) -> None:
    signed_in.submit("/monitors", url="http://example.com/", interval="5", timeout="")
    assert stored().timeout_seconds == 5


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "", "Can't be blank."),
        ("url", "example.com", "Must start with http:// or https://."),
        ("url", "http://user:password@example.com/", "Must not hold a user or password"),
        ("name", "x" * 121, "Should be at most 120 character(s)."),
        ("name", "a\0b", "Must not hold control characters."),
        ("interval", "4", "Must be from 5 to 86,400 seconds."),
        ("interval", "soon", "Must be a whole number."),
        ("interval", "\N{ARABIC-INDIC DIGIT ONE}", "Must be a whole number."),
        ("interval", "9" * 5000, "Must be a whole number."),
        ("timeout", "61", "Must be from 1 to 60 seconds."),
        ("down_after", "0", "Must be from 1 to 20."),
        ("up_after", "1.5", "Must be a whole number."),
        ("expected_codes", "200-", "is no status code or range"),
        ("keyword_absent", "true", None),
        ("headers", "no colon here", "Line 1 is no header: write it as Name: value."),
        ("body", "with a GET", "A GET request carries no body."),
        ("max_redirects", "21", "Must be from 0 to 20."),
        ("body_cap", "0", "Must be from 1 to 10,485,760."),
        ("method", "TRACE", "Must be"),
        ("ip_family", "ipv5", "Must be"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    signed_in, count, field: str, value: str, said: str | None
) -> None:
    answer = signed_in.submit("/monitors", **{"url": "http://example.com/", field: value})
    assert answer.status_code == 422
    # That a keyword is missing is wrong at the keyword, not at the tick.
    at = "keyword" if said is None else field
    assert (said or "Can't be blank where it must be absent.") in error_at(soup(answer), at)
    assert count() == 0


def test_a_timeout_beyond_the_interval_is_refused(signed_in) -> None:
    answer = signed_in.submit("/monitors", url="http://example.com/", interval="5", timeout="6")
    assert "interval" in error_at(soup(answer), "timeout")


def test_all_mistakes_are_told_at_once_and_what_was_typed_stays(signed_in) -> None:
    fields = {"url": "ftp://x/", "name": "<b>Shop</b>", "interval": "often", "keyword": "é\"'&"}
    answer = signed_in.submit("/monitors", **fields)
    page = soup(answer)
    assert {each["name"] for each in page.select("[aria-invalid=true]")} == {"url", "interval"}
    assert {name: page.select_one(f"[name={name}]")["value"] for name in fields} == fields
    assert "<b>Shop</b>" not in answer.text


def test_the_address_can_come_with_the_link(signed_in) -> None:
    page = signed_in.page("/monitors/new?url=https://example.com/%22%3E")
    assert page.select_one("[name=url]")["value"] == 'https://example.com/">'


def test_an_edit_begins_with_what_is_there(signed_in, add_monitor) -> None:
    public_id = add_monitor(name="Shop", timeout=3, settings={"keyword": "ok", "verify_tls": False})
    page = signed_in.page(f"/monitors/{public_id}/edit")
    shown = {
        each: page.select_one(f"[name={each}]")["value"] for each in ("name", "url", "interval", "timeout")
    }
    assert shown == {"name": "Shop", "url": "http://example.com/", "interval": "5", "timeout": "3"}
    assert page.select_one("[name=keyword]")["value"] == "ok"
    assert not page.select_one("[type=checkbox][name=verify_tls]").has_attr("checked")


def test_an_edit_counts_at_once(signed_in, add_monitor, stored, vault) -> None:
    public_id = add_monitor(name="Shop")
    answer = signed_in.submit(
        f"/monitors/{public_id}", "PUT", name="Shop 2", url="https://example.com/", interval="30"
    )
    assert (answer.status_code, answer.location) == (303, f"/monitors/{public_id}")
    changed = stored(public_id)
    assert (changed.name, changed.target, changed.interval_seconds) == ("Shop 2", "https://example.com/", 30)
    assert changed.version == 2
    assert "Shop 2 is saved." in signed_in.page(answer.location).text


def test_what_an_edit_leaves_out_stays(signed_in, add_monitor, stored) -> None:
    public_id = add_monitor(name="Shop", timeout=3, down_after=5, settings={"verify_tls": False})
    signed_in.submit(f"/monitors/{public_id}", "PUT", name="Shop 2")
    changed = stored(public_id)
    assert (changed.timeout_seconds, changed.down_after, changed.target) == (3, 5, "http://example.com/")
    assert changed.settings == {"verify_tls": False}


def test_the_largest_monitor_there_may_be_can_be_changed(signed_in, stored, vault) -> None:
    codes = ",".join(str(code) for code in range(100, 600, 2))
    largest = {
        "url": ("http://example.com/?" + '"' * 2048)[:2048],
        # Four bytes each, as long as a form can write a character.
        "name": "\N{ELECTRIC PLUG}" * 120,
        "keyword": '"' * 1024,
        "expected_codes": codes,
        "method": "POST",
        "headers": "\r\n".join(f"X-{number:02}: " + '"' * 73 for number in range(50)) + '"' * 46,
        "body": '"' * (12 * 1024),
    }
    numbers = {"interval": "86400", "timeout": "60", "down_after": "20", "up_after": "20"}
    made = signed_in.submit("/monitors", **largest, **numbers)
    assert made.status_code == 303, made.text
    form = signed_in.page(f"{made.location}/edit").select_one("form[data-try]")
    held = {each["name"]: each.get("value") or "on" for each in form.select("input")}
    held |= {each["name"]: "" for each in form.select("textarea, select")}
    fields = {name: value for name, value in held.items() if name not in {"_csrf_token", "_method"}}
    others = {"trial": str(uuid.uuid4()), "forget_headers": "false", "forget_body": "false", **numbers}
    again = fields | others | largest | {"ip_family": "any", "down_after": "19"}
    answer = signed_in.submit(made.location, "PUT", **again)
    assert answer.status_code == 303, answer.text
    settings = open_settings(stored(), vault).model_dump()
    assert (stored().down_after, len(settings["body"]), len(settings["headers"])) == (19, 12 * 1024, 50)
    assert sum(len(name) + len(value) + 4 for name, value in settings["headers"]) == 4096


def test_an_edit_that_is_refused_changes_nothing(signed_in, add_monitor, stored) -> None:
    public_id = add_monitor(name="Shop")
    answer = signed_in.submit(f"/monitors/{public_id}", "PUT", name="Shop 2", interval="1")
    assert answer.status_code == 422
    assert "Must be from 5" in error_at(soup(answer), "interval")
    assert soup(answer).select_one("[name=name]")["value"] == "Shop 2"
    assert (stored(public_id).name, stored(public_id).version) == ("Shop", 1)


@pytest.fixture
def secretive(add_monitor) -> uuid.UUID:
    """A monitor with credentials in a header and in its body."""
    settings = {"method": "POST", "headers": [["Authorization", SECRET]], "body": f"key={SECRET}"}
    public_id: uuid.UUID = add_monitor(name="Shop", settings=settings)
    return public_id


def test_secrets_are_named_and_never_shown(signed_in, secretive) -> None:
    page = signed_in.get(f"/monitors/{secretive}/edit")
    assert SECRET not in page.text
    assert "Kept: Authorization." in soup(page).find(id="headers-hint").text
    assert SECRET not in signed_in.get(f"/monitors/{secretive}").text


def test_secrets_that_are_left_empty_stay(signed_in, secretive, stored, vault) -> None:
    signed_in.submit(f"/monitors/{secretive}", "PUT", name="Shop 2", headers="", body="  \r\n"[:0])
    settings = open_settings(stored(secretive), vault).model_dump()
    assert settings["headers"] == (("Authorization", SECRET),)
    assert settings["body"] == f"key={SECRET}"


def test_secrets_are_replaced_by_what_is_typed(signed_in, secretive, stored, vault) -> None:
    signed_in.submit(f"/monitors/{secretive}", "PUT", headers="X-Key: other", body="other")
    settings = open_settings(stored(secretive), vault).model_dump()
    assert (settings["headers"], settings["body"]) == ((("X-Key", "other"),), "other")


def test_secrets_are_forgotten_on_demand(signed_in, secretive, stored) -> None:
    signed_in.submit(f"/monitors/{secretive}", "PUT", forget_headers="true", forget_body="true")
    assert stored(secretive).secrets is None


def test_secrets_that_were_typed_do_not_come_back_with_mistakes(signed_in) -> None:
    answer = signed_in.submit(
        "/monitors", url="", headers=f"Authorization: {SECRET}", body=SECRET, method="POST"
    )
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert "Type it again" in error_at(soup(answer), "headers")
    assert soup(answer).find("details", class_="more").has_attr("open")

"""Where a form begins, and what stands at a field that is wrong."""

import pytest
from bs4 import BeautifulSoup


def focused(page: BeautifulSoup) -> list[str]:
    return [field["name"] for field in page.select("[autofocus]")]


def soup(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/users/log_in", "email"),
        ("/users/register", "email"),
        *(("/monitors/new" + query, "url") for query in ("", "?kind=tcp", "?kind=ping")),
    ],
)
def test_a_form_begins_at_its_first_field(client, signed_in, path: str, first: str) -> None:
    browser = signed_in if path.startswith("/monitors") else client
    assert focused(browser.page(path)) == [first]


def test_a_log_in_that_failed_goes_on_at_the_password(client, user) -> None:
    assert focused(soup(client.log_in(password="wrong"))) == ["password"]
    assert focused(soup(client.log_in(email="", password="wrong"))) == ["email"]


def test_a_refused_form_begins_at_the_first_field_that_is_wrong(client, signed_in) -> None:
    assert focused(soup(client.register("new@example.com", "short"))) == ["password"]
    assert focused(soup(client.register("no email", "short"))) == ["email"]
    wrong = {"interval": "1", "timeout": "99", "up_after": "0"}
    assert focused(soup(signed_in.submit("/monitors", url="http://example.com/", **wrong))) == ["interval"]
    assert focused(soup(signed_in.submit("/alerts/webhook", "PUT", url="no"))) == ["url"]
    assert focused(signed_in.page("/alerts")) == []


def test_a_hint_gives_way_to_the_error_that_says_the_same(signed_in) -> None:
    page = soup(signed_in.submit("/monitors", url="http://example.com/", interval="1", headers="A: b"))
    assert page.select_one("#interval-hint").has_attr("hidden")
    assert page.select_one("#interval")["aria-describedby"] == "interval-error"
    # What is said of secrets is no rule, and stays.
    assert not page.select_one("#headers-hint").has_attr("hidden")
    assert page.select_one("#headers")["aria-describedby"] == "headers-error headers-hint"


def test_a_search_is_no_longer_than_what_is_looked_for(signed_in, add_first) -> None:
    field = signed_in.page("/monitors").select_one("input[name=q]")
    assert field["maxlength"] == "200"


@pytest.fixture
def add_first(signed_in) -> None:
    """The list has a search once there is something to find."""
    assert signed_in.submit("/monitors", url="http://example.com/").status_code == 303

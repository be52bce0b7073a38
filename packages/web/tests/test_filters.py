"""What a list was asked for, out of an address that anybody may have typed."""

from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from emeter_core.monitors import Overview, Status
from emeter_web.shown.filters import Filters, read_page


@pytest.fixture
def in_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def test_what_makes_sense_is_taken() -> None:
    asked = MultiDict(
        {"q": "  a \t shop ", "status": "no_data", "kind": "http", "sort": "latency", "page": "7"}
    )
    assert Filters.of(asked) == Filters("a shop", Status.NO_DATA, "http", "latency", 7)


@given(st.dictionaries(st.sampled_from(["q", "status", "kind", "sort", "page"]), st.text()))
def test_all_else_is_left_out(asked: dict[str, str]) -> None:
    filters = Filters.of(asked)
    assert filters.sort in {"trouble", "name", "latency", "changed"}
    assert filters.kind in {"", "http"}
    assert filters.page >= 1
    assert len(filters.search) <= 200


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("0", 1), ("-1", 1), ("", 1), ("٣", 1), ("1.5", 1), ("9" * 99, 1), ("999999", 999_999)],
)
def test_a_page_is_a_number_from_one(text: str, number: int) -> None:
    assert read_page(text) == number


@pytest.mark.usefixtures("in_request")
def test_addresses_say_what_is_not_usual_and_nothing_else() -> None:
    assert Filters().url() == "/monitors"
    filters = Filters("shop", Status.DOWN, "", "name", 4)
    assert filters.url() == "/monitors?q=shop&status=down&sort=name"
    assert filters.page_url(2) == "/monitors?q=shop&status=down&sort=name&page=2"
    assert filters.page_url(1) == filters.url()
    assert filters.url(status="") == "/monitors?q=shop&sort=name"


@pytest.mark.usefixtures("in_request")
def test_tabs_count_all_there_is_trouble_first() -> None:
    counts = dict.fromkeys(Status, 0) | {Status.DOWN: 3, Status.UP: 4}
    tabs = Filters(status=Status.DOWN).tabs(Overview(counts, 7, None, 0))
    assert [(word, count, current) for _, word, count, _, current in tabs][:2] == [
        ("All", 7, False),
        ("Down", 3, True),
    ]
    assert len(tabs) == 1 + len(Status)

"""The list of all monitors, and whatever anybody may type into its address."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emeter_core.outcome import Reason
from emeter_core.testing.filling import fill
from emeter_storage.engine import transaction


def rows(page) -> list[str]:
    return [row.select_one(".who > a").text for row in page.select("tr[data-monitor-id]")]


def test_a_row_carries_its_monitor_and_its_status(signed_in, add_monitor, check) -> None:
    public_id = add_monitor(name="Shop", target="https://shop.example.com/health")
    check(ago=10, code=200)
    row = signed_in.page("/monitors").select_one("tr[data-monitor-id]")
    assert (row["data-monitor-id"], row["data-status"]) == (str(public_id), "up")
    assert row.select_one("[data-live=latency]").text == "94 ms"
    assert row.select_one(".target").text == "shop.example.com/health"
    assert row.select_one(".upt").text == "100%"
    assert row.select_one("time[data-live=checked]").text.endswith("s ago")
    assert row.select_one(".who > a")["href"] == f"/monitors/{public_id}"


def test_what_is_wrong_stands_first_with_since_when_and_why(signed_in, add_monitor, check, go_down) -> None:
    add_monitor(name="A down one")
    go_down(code=503)
    add_monitor(name="Another", ago=5)
    page = signed_in.page("/monitors")
    assert rows(page) == ["A down one", "Another"]
    why = page.select_one("tr[data-status=down] .why").text
    assert re.match(r"Down \d+ s · 503 instead of 200–299, 3 checks in a row · ", why)
    assert "nobody has acknowledged" in why
    assert [group.text.split() for group in page.select("tr.group")] == [["Down", "1"], ["Pending", "1"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=SHOP", ["Shop"]),
        ("q=mail.example", ["Mail"]),
        ("q=%25", []),
        ("status=pending", ["Mail", "Shop"]),
        ("status=down", []),
        ("status=nonsense", ["Mail", "Shop"]),
        ("kind=http&sort=name", ["Mail", "Shop"]),
        ("kind=nonsense", ["Mail", "Shop"]),
        ("page=99", ["Mail", "Shop"]),
    ],
)
def test_it_is_searched_and_filtered(signed_in, add_monitor, query: str, found: list[str]) -> None:
    add_monitor(name="Shop", target="http://shop.example.com/")
    add_monitor(name="Mail", target="http://mail.example.com/")
    assert rows(signed_in.page(f"/monitors?{query}")) == found


def test_what_is_not_found_is_named_with_a_way_back(signed_in, add_monitor) -> None:
    add_monitor()
    page = signed_in.page("/monitors?q=nowhere&status=up")
    assert "Nothing found for “nowhere”" in page.main.text
    assert "1 monitor was searched" in page.main.text
    assert page.select_one("input[name=q]")["value"] == "nowhere"
    assert page.find("a", string="Show all monitors")["href"] == "/monitors"


def test_a_search_keeps_the_filter_and_a_filter_the_search(signed_in, add_monitor) -> None:
    add_monitor(name="Shop")
    page = signed_in.page("/monitors?q=shop&status=pending&sort=name")
    carried = {field["name"]: field.get("value") for field in page.select("form[role=search] input")}
    assert carried == {"q": "shop", "status": "pending", "sort": "name"}
    down = next(tab for tab in page.select(".tabs a") if "Down" in tab.text)
    assert down["href"] == "/monitors?q=shop&status=down&sort=name"


def test_pages_lead_to_each_other(signed_in, sessions, scope, now) -> None:
    with transaction(sessions) as session:
        fill(session, scope, now=now, monitors=60, hours=0.1, flaps=4)
    first, second = (signed_in.page(f"/monitors?sort=name&page={number}") for number in (1, 2))
    assert (len(rows(first)), len(rows(second))) == (50, 10)
    assert not set(rows(first)) & set(rows(second))
    assert first.select_one(".pager [rel=next]")["href"] == "/monitors?sort=name&page=2"
    assert "1–50 of 60" in first.select_one(".pager").text


def test_without_monitors_it_says_what_to_do(signed_in) -> None:
    page = signed_in.page("/monitors")
    assert "Nothing is watched yet" in page.main.text
    assert page.select_one(".empty a")["href"] == "/monitors/new"


def test_a_stranger_sees_none_of_them(stranger, add_monitor) -> None:
    add_monitor(name="Shop")
    assert rows(stranger.page("/monitors")) == []
    assert "Shop" not in stranger.get("/monitors?q=shop").text


def test_the_reason_of_what_is_unknown_is_told(signed_in, add_monitor, check) -> None:
    add_monitor()
    check(Reason.ADDRESS_BLOCKED, ago=10)
    why = signed_in.page("/monitors").select_one("tr[data-status=blocked] .why").text
    assert "The address is not allowed as a target" in why


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.sampled_from(["q", "status", "kind", "sort", "page", "span", "x"]),
        st.one_of(st.text(max_size=300), st.integers().map(str), st.binary(max_size=50)),
    )
)
def test_no_address_breaks_it(signed_in, query: dict[str, str | bytes]) -> None:
    assert signed_in.get("/monitors", query_string=query).status_code == 200

"""The list of incidents, and the page of one: since when, why, who was told, who took it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from emeter_core.outcome import Reason
from emeter_storage.engine import transaction
from emeter_web.router import GROUPS
from emeter_web.words.incident import failures

SEEN = {
    "url": "http://example.com/",
    "address": "192.0.2.71",
    "code": 503,
    "headers": [["server", "edge/2.1"]],
    "body": "upstream connect error",
    "phases": {"dns": 4000, "connect": 18000, "tls": 0, "wait": 33000, "transfer": 2000},
}


@pytest.fixture
def path(signed_in, add_monitor, go_down) -> str:
    """The page of the one incident there is."""
    add_monitor(name="Shop")
    go_down(code=503, evidence=SEEN)
    href: str = signed_in.page("/incidents").select_one("table.incidents a")["href"]
    return href


@pytest.fixture
def deliver(sessions, now) -> Callable[..., None]:
    """Mark what was to be sent as it would be by the sender."""

    def mark(state: str = "sent", attempts: int = 1) -> None:
        with transaction(sessions) as session:
            session.execute(
                text(
                    "UPDATE deliveries SET state = CAST(:state AS text), attempts = :attempts,"
                    " error = CASE WHEN :state = 'failed' THEN 'Connection refused' END,"
                    " sent_at = CASE WHEN :state = 'sent' THEN inserted_at + interval '400 ms' END"
                    " WHERE incident_id IS NOT NULL"
                ),
                {"state": state, "attempts": attempts},
            )

    return mark


def test_there_are_none_yet(signed_in) -> None:
    page = signed_in.page("/incidents")
    assert page.h1.text == "Incidents"
    assert "None is open." in page.main.text
    assert "Nothing here yet" in page.main.text


def test_what_is_open_is_listed_with_its_cause(signed_in, path) -> None:
    page = signed_in.page("/incidents")
    [row] = page.select("[data-incident-id]")
    assert row["data-status"] == "down"
    assert re.search(r"Open for \d+ s nobody has acknowledged", " ".join(row.text.split()))
    assert "503" in row.text
    assert "1 is open." in page.main.text


def test_they_are_filtered_by_state(signed_in, path, check) -> None:
    assert len(signed_in.page("/incidents?state=open").select("[data-incident-id]")) == 1
    assert "Nothing is closed yet" in signed_in.page("/incidents?state=closed").main.text
    for ago in (5, 0):
        check(ago=ago)
    assert "Nothing is open" in signed_in.page("/incidents?state=open").main.text
    [row] = signed_in.page("/incidents?state=closed").select("[data-incident-id]")
    assert row["data-status"] == "up"
    assert "Closed after" in row.text


@pytest.mark.parametrize(
    "query", ["state=nonsense", "page=99", "page=-1", "page=x", "state=%00&page=%00", "page=" + "9" * 99]
)
def test_no_address_breaks_the_list(signed_in, path, query: str) -> None:
    assert signed_in.get(f"/incidents?{query}").status_code == 200


def test_its_page_tells_all_there_is(signed_in, path) -> None:
    page = signed_in.page(path)
    assert page.h1.text == "Shop is down"
    assert page.select_one("main [data-incident-id]")["data-status"] == "down"
    facts = {each.dt.text: each.dd.text for each in page.select(".facts > div")}
    assert facts["Confirmed"].endswith("later3 failures in a row")
    assert facts["Acknowledged"] == "–by nobody yet"
    assert facts["First alarm"] == "–0 of 1 channel told"
    assert "503 Service Unavailable" in page.find("pre", attrs={"aria-label": "Answer"}).text
    told = [entry.p.text for entry in page.select(".timeline li")]
    assert told == ["Confirmed down. 3 failures in a row.", "First failure. 503 instead of 200–299."]
    member = page.find(id="h-monitors").find_parent("section").select_one("[data-monitor-id]")
    assert (member.a.text, member["data-status"]) == ("Shop", "down")


def test_a_single_failure_is_no_row() -> None:
    assert [failures(count) for count in (1, 2, 3)] == [
        "1 failure",
        "2 failures in a row",
        "3 failures in a row",
    ]


def test_it_says_who_was_told_and_when(signed_in, path, deliver) -> None:
    deliver(attempts=2)
    page = signed_in.page(path)
    facts = {each.dt.text: each.dd.text for each in page.select(".facts > div")}
    assert facts["First alarm"].endswith("later1 of 1 channel told")
    assert "dora@example.com 0.4 s, try 2" in page.select_one(".timeline").text
    row = page.find(id="h-told").find_parent("section").select_one("tbody tr")
    assert "dora@example.com" in row.text
    assert "Sent" in row.text


def test_it_says_who_could_not_be_told(signed_in, path, deliver) -> None:
    deliver("failed", attempts=7)
    row = signed_in.page(path).find(id="h-told").find_parent("section").select_one("tbody tr")
    said = [*row.find_all("td")[2].stripped_strings]
    assert said == ["Not sent", "Connection refused", "7 tries"]
    assert [each.name for each in row.select(".note")] == ["div", "div"], "lines of their own"


def test_the_page_of_alerts_says_what_each_was_about(signed_in, path, deliver) -> None:
    deliver("failed", attempts=2)
    row = signed_in.page("/alerts").find(id="told").find_parent("section").select_one("tbody tr")
    assert (row.a.text, row.a["href"]) == ("Shop", path)


def test_a_name_that_runs_to_the_left_stands_by_itself(signed_in, add_monitor, go_down) -> None:
    name = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}"
    public_id = add_monitor(name=name)
    go_down()
    path = f"/monitors/{public_id}"
    by_itself = f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    assert signed_in.page(path).title.text == f"Down: {by_itself} · E-Meter"
    assert signed_in.page(f"{path}/edit").h1.bdi.text == name
    assert signed_in.page("/").select_one("tr[data-monitor-id] a bdi").text == name
    incident = signed_in.page("/incidents").select_one("table.incidents a")["href"]
    assert signed_in.page(incident).h1.text == f"{by_itself} is down"


def test_a_person_takes_it_once(signed_in, path) -> None:
    answer = signed_in.submit(f"{path}/acknowledgement")
    assert (answer.status_code, answer.location) == (303, path)
    page = signed_in.page(path)
    assert not page.select_one(f"form[action='{path}/acknowledgement']")
    facts = {each.dt.text: each.dd.text for each in page.select(".facts > div")}
    assert facts["Acknowledged"].endswith("laterdora@example.com")
    assert page.select_one(".timeline li p").text == "dora@example.com acknowledged."
    assert "dora@example.com is on it" in signed_in.page("/incidents").select_one("[data-incident-id]").text
    signed_in.submit(f"{path}/acknowledgement")
    assert "Somebody was quicker, or it is over." in signed_in.page(path).main.text


def test_who_took_it_stands_wherever_its_monitor_does(signed_in, path, deliver, count_queries) -> None:
    there = signed_in.page("/").select_one("tr[data-monitor-id]")
    assert there.select_one(".why").text.endswith("· nobody has acknowledged")
    notice = signed_in.page(there.a["href"]).select_one(".notice[data-status=down]")
    assert "Nobody has acknowledged it. Not yet: dora@example.com." in notice.text
    signed_in.submit(f"{path}/acknowledgement")
    deliver()
    for page in ("/", "/monitors"):
        assert signed_in.page(page).select_one(".why").text.endswith("· dora@example.com is on it")
    with count_queries() as queries:
        notice = signed_in.page(there.a["href"]).select_one(".notice[data-status=down]")
    assert len(queries) <= 12, str(queries)
    assert re.search(
        r"dora@example\.com is on it since today, \d\d:\d\d\. Told: dora@example\.com\.", notice.text
    )


def test_it_says_who_was_told_that_somebody_took_it(signed_in, path, deliver) -> None:
    deliver()
    signed_in.submit(f"{path}/acknowledgement")
    row = signed_in.page(path).select_one("[data-delivery='incident.acknowledged']")
    assert "Waiting" in row.text
    deliver()
    page = signed_in.page(path)
    row = page.select_one("[data-delivery='incident.acknowledged']")
    assert [each in row.text for each in ("acknowledged", "dora@example.com", "Sent")] == [True] * 3
    told = [entry.p.text for entry in page.select(".timeline li")]
    assert told[:2] == ["Acknowledgement sent to 1 of 1 channel.", "dora@example.com acknowledged."]


def test_the_end_is_told(signed_in, path, check, deliver) -> None:
    for ago in (5, 0):
        check(ago=ago)
    deliver()
    page = signed_in.page(path)
    assert page.h1.text == "Shop was down"
    assert page.select_one("main [data-incident-id]")["data-status"] == "up"
    told = [entry.strong.text for entry in page.select(".timeline li")]
    assert sorted(told) == sorted(["Up again.", "All-clear", "Alarm", "Confirmed down.", "First failure."])


def test_it_outlives_its_monitor(signed_in, add_monitor, go_down) -> None:
    public_id = add_monitor(name="Shop")
    go_down(Reason.CONNECTION_REFUSED, evidence=SEEN | {"code": 0})
    signed_in.submit(f"/monitors/{public_id}", "DELETE")
    page = signed_in.page(signed_in.page("/incidents").select_one("table.incidents a")["href"])
    assert page.h1.text == "Shop was deleted while it was down"
    assert "Connection refused by 192.0.2.71:80." in page.main.text
    assert "It was about a monitor that is deleted." in page.main.text


OF_INCIDENTS = [
    route
    for group in GROUPS
    for route in group.routes
    if route.endpoint.startswith("incidents.") and "<" in route.path
]


@pytest.mark.parametrize("route", OF_INCIDENTS, ids=lambda route: f"{route.method} {route.path}")
def test_another_teams_is_not_found(stranger, signed_in, path, route) -> None:
    there = route.path.replace("/incidents/<uuid:public_id>", path)
    answer = stranger.get(there) if route.method == "GET" else stranger.submit(there, route.method)
    assert answer.status_code == 404
    assert signed_in.page(path).select_one(f"form[action='{path}/acknowledgement']")
    assert stranger.page("/incidents").select("[data-incident-id]") == []

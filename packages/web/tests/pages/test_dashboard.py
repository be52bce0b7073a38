"""`/` for those who are signed in: the first step, then everything in one sentence and one line."""

import re

from emeter_core.testing.filling import fill
from emeter_storage.engine import transaction


def test_a_newcomer_gives_the_first_address_right_there(signed_in, sessions) -> None:
    page = signed_in.page("/")
    assert page.h1.text == "Nothing is watched yet"
    form = page.select_one("main form[action='/monitors']")
    assert form.select_one("[name=url]")
    assert form.select_one(".btn-primary").text == "Save and start"
    answer = signed_in.submit("/monitors", url="http://example.com/")
    assert signed_in.get(answer.location).status_code == 200
    assert signed_in.page("/").h1.text == "1 pending"


def test_a_mistake_in_the_first_address_is_told_on_the_whole_form(signed_in) -> None:
    answer = signed_in.submit("/monitors", url="example.com")
    assert answer.status_code == 422
    assert "Must start with http:// or https://." in answer.text


def test_all_is_said_in_a_sentence_and_a_line(signed_in, add_monitor, check) -> None:
    add_monitor(name="Shop")
    check(ago=10)
    page = signed_in.page("/")
    assert page.h1.text == "The one monitor is up"
    assert re.match(
        r"1 of 1 monitor is up\. The latest change was \d+ s ago\.", page.select_one(".lede").text
    )
    assert page.select_one(".tape[role=group]")["aria-label"].startswith(
        "Monitors in trouble over the last 24 hours"
    )
    assert page.select_one("tr[data-monitor-id]")["data-status"] == "up"


def test_trouble_is_the_headline_and_stands_first(signed_in, sessions, scope, now) -> None:
    with transaction(sessions) as session:
        fill(session, scope, now=now, monitors=40, hours=0.1, flaps=4)
    page = signed_in.page("/")
    assert page.h1.text == "3 down, 2 degraded, 1 without data, 1 blocked"
    rows = [row["data-status"] for row in page.select("tr[data-monitor-id]")]
    assert len(rows) == 30
    assert rows[:4] == ["down", "down", "down", "blocked"]
    tabs = {tab.text.split()[0]: tab["href"] for tab in page.select(".tabs a")}
    assert tabs["Down"] == "/monitors?status=down"
    assert page.select_one(".pager [rel=next]")["href"] == "/monitors?page=2"


def test_those_of_another_team_are_not_counted(stranger, add_monitor) -> None:
    add_monitor()
    assert stranger.page("/").h1.text == "Nothing is watched yet"

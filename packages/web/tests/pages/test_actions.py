"""Pause, resume, check now and delete, from the page of a monitor."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from emeter_storage.engine import transaction


@pytest.fixture
def claims(sessions) -> Callable[[], list[str]]:
    def look() -> list[str]:
        with transaction(sessions) as session:
            return list(session.execute(text("SELECT kind FROM claims")).scalars())

    return look


def test_a_pause_is_shown_and_taken_back(signed_in, add_monitor) -> None:
    path = f"/monitors/{add_monitor(name='Shop')}"
    answer = signed_in.submit(f"{path}/pause")
    assert (answer.status_code, answer.location) == (303, path)
    page = signed_in.page(path)
    assert page.select_one("main [data-monitor-id]")["data-status"] == "paused"
    assert "Shop is paused." in page.main.text
    assert page.select_one(f"form[action='{path}/resume']")
    assert not page.select_one(f"form[action='{path}/checks']")
    signed_in.submit(f"{path}/resume")
    page = signed_in.page(path)
    assert page.select_one("main [data-monitor-id]")["data-status"] == "pending"
    assert page.select_one(f"form[action='{path}/pause']")


def test_pausing_twice_is_no_mistake(signed_in, add_monitor) -> None:
    path = f"/monitors/{add_monitor()}"
    assert [signed_in.submit(f"{path}/pause").status_code for _ in range(2)] == [303, 303]


def test_a_check_that_is_asked_for_is_on_its_way_until_it_came(signed_in, add_monitor, check, claims) -> None:
    path = f"/monitors/{add_monitor(interval=3600, ago=5000)}"
    check(ago=100)
    answer = signed_in.submit(f"{path}/checks")
    assert answer.status_code == 303
    assert claims() == ["now"]
    page = signed_in.page(answer.location)
    assert "A check is on its way." in page.main.text
    assert page.select_one("head noscript meta[http-equiv=refresh]")
    assert "A check is on its way." not in signed_in.page(path).text


def test_a_check_that_is_asked_for_again_is_the_same_one(
    signed_in, add_monitor, check, claims, sessions
) -> None:
    path = f"/monitors/{add_monitor(name='Shop', interval=3600, ago=5000)}"
    check(ago=100)
    answers = [signed_in.submit(f"{path}/checks") for _ in range(3)]
    assert claims() == ["now"]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len({answer.location for answer in answers}) == 1
    page = signed_in.page(answers[-1].location)
    assert "Shop is being checked already." in page.main.text
    assert "A check is on its way." in page.main.text
    with transaction(sessions) as session:
        session.execute(text("UPDATE probes SET last_slot = (SELECT slot FROM claims)"))
        session.execute(text("DELETE FROM claims"))
    again = signed_in.submit(f"{path}/checks")
    assert again.location == answers[0].location
    page = signed_in.page(again.location)
    assert "Shop was checked less than 2 seconds ago." in page.main.text
    assert page.select_one(".notice")["data-status"] == "info"
    assert "A check is on its way." not in page.text
    assert claims() == []


def test_once_it_came_the_page_waits_no_longer(signed_in, add_monitor, check, now) -> None:
    path = f"/monitors/{add_monitor()}"
    check(ago=5)
    asked = int((now.timestamp() - 30) * 1000)
    assert "A check is on its way." not in signed_in.page(f"{path}?asked={asked}").text


@pytest.mark.parametrize("asked", ["", "nonsense", "-1", "9" * 14, "9" * 40, "0", "٣", "1e3"])
def test_nobody_waits_for_what_was_not_asked(signed_in, add_monitor, asked: str) -> None:
    page = signed_in.page(f"/monitors/{add_monitor()}?asked={asked}")
    assert "A check is on its way." not in page.text


def test_a_paused_monitor_is_not_checked_now(signed_in, add_monitor, claims) -> None:
    path = f"/monitors/{add_monitor(name='Shop')}"
    signed_in.submit(f"{path}/pause")
    page = signed_in.page(signed_in.submit(f"{path}/checks").location)
    assert "Shop is paused. Resume it, and it is checked at once." in page.main.text
    assert claims() == []


def test_a_page_asks_before_it_deletes(signed_in, add_monitor) -> None:
    path = f"/monitors/{add_monitor(name='Shop')}"
    assert signed_in.page(path).select_one(f"a[href='{path}/delete']")
    page = signed_in.page(f"{path}/delete")
    assert "Delete Shop?" in page.main.text
    assert "Its history goes too." in page.main.text
    assert page.find("a", string="Keep it")["href"] == path
    form = page.select_one(f"main form[action='{path}']")
    assert form.select_one("[name=_method]")["value"] == "delete"
    assert form.button.text == "Delete monitor"


def test_what_is_deleted_is_gone(signed_in, add_monitor) -> None:
    path = f"/monitors/{add_monitor(name='Shop')}"
    answer = signed_in.submit(path, "DELETE")
    assert (answer.status_code, answer.location) == (303, "/monitors")
    assert "Shop is deleted." in signed_in.page("/monitors").main.text
    assert signed_in.get(path).status_code == 404
    assert signed_in.submit(path, "DELETE").status_code == 404


def test_nothing_is_done_by_looking(signed_in, add_monitor) -> None:
    path = f"/monitors/{add_monitor()}"
    for action in ("pause", "resume", "checks"):
        assert signed_in.get(f"{path}/{action}").status_code == 405
    assert signed_in.get(path).status_code == 200

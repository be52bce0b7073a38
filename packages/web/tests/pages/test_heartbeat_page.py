"""The form and the page of a heartbeat: when it is expected, where it pings, and what came."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from emeter_core.accounts import Role
from emeter_core.heartbeats import Ping, PingKind, find_missing, take_ping
from emeter_core.monitors import Monitor, create_monitor, draft_monitor, get_monitor, told_target
from emeter_storage.engine import transaction

TOKEN = "a-token-that-the-tests-know"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def heartbeat(sessions, scope, vault, now) -> Callable[..., str]:
    """Add a heartbeat that was made two hours ago; answers the path of its page."""

    def add(**settings: object) -> str:
        chosen = {"period": 300, "grace": 60} | settings
        draft = draft_monitor(kind="heartbeat", name="Nightly backup", settings=chosen)
        with transaction(sessions) as session:
            at = now - 120 * MINUTE
            made = create_monitor(session, scope, draft, vault=vault, now=at, token=TOKEN)
            return f"/monitors/{made.public_id}"

    return add


@pytest.fixture
def ping(sessions, now) -> Callable[..., None]:
    def send(ago: float, kind: PingKind = PingKind.SUCCESS, **more: object) -> None:
        with transaction(sessions) as session:
            take_ping(session, TOKEN, Ping(kind, **more), now=now - ago * MINUTE)  # type: ignore[arg-type]

    return send


@pytest.fixture
def look(sessions, now) -> Callable[[], None]:
    """Have a scheduler look now, where pings could be taken all the time."""

    def find() -> None:
        with transaction(sessions) as session:
            values = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
            session.execute(text("INSERT INTO heartbeat_watches VALUES (:since, :until)"), values)
            find_missing(session, now=now)

    return find


@pytest.fixture
def stored(sessions, scope) -> Callable[[], Monitor]:
    def read() -> Monitor:
        with transaction(sessions) as session:
            public_id: uuid.UUID = session.execute(text("SELECT public_id FROM monitors")).scalar_one()
            return get_monitor(session, scope, public_id)

    return read


def lede(page: BeautifulSoup) -> str:
    return " ".join(page.select_one("header.head .lede").text.split())


def error_at(answer, name: str) -> str:
    page = BeautifulSoup(answer.text, "html.parser")
    field = page.select_one(f"[name={name}][aria-invalid=true]")
    assert field is not None, f"nothing is wrong at {name}"
    return " ".join(page.find(id=each).text.strip() for each in field["aria-describedby"].split())


class TestForm:
    def test_a_name_is_enough(self, signed_in, stored) -> None:
        answer = signed_in.submit("/monitors", kind="heartbeat", name="Nightly backup")
        assert answer.status_code == 303
        made = stored()
        assert (made.kind, made.name, made.settings) == ("heartbeat", "Nightly backup", {})
        assert (made.down_after, made.up_after, made.target) == (1, 1, "heartbeat://every 1 d, grace 1 h")
        assert told_target(made) == "every 1 d, grace 1 h"

    def test_without_a_name_it_is_refused(self, signed_in) -> None:
        answer = signed_in.submit("/monitors", kind="heartbeat")
        assert answer.status_code == 422
        assert error_at(answer, "name") == "Can't be blank."

    @pytest.mark.parametrize(
        ("field", "typed", "message"),
        [
            ("period", "soon", "Must be a length like 90 s, 5 min, 2 h or 1 d."),
            ("period", "59 s", "Must be from 1 min to 366 d."),
            ("grace", "367 days", "Must be from 1 min to 366 d."),
            ("longest_run", "30", "Must be from 1 min to 366 d."),
            ("schedule", "every day", "Must have five fields: minute, hour, day of the month, month,"),
            ("schedule", "0 25 * * *", "Is not a cron expression: bad hour."),
            ("time_zone", "Mars", "Must be a time zone like UTC or Europe/Berlin."),
            ("down_after", "0", "Must be from 1 to 20."),
        ],
    )
    def test_what_is_wrong_is_told_at_its_field(
        self, signed_in, field: str, typed: str, message: str
    ) -> None:
        answer = signed_in.submit("/monitors", **{"kind": "heartbeat", "name": "Job", field: typed})
        assert answer.status_code == 422
        assert error_at(answer, field).startswith(message)

    def test_what_was_saved_is_shown_as_people_write_it_and_stays(self, signed_in, heartbeat, stored) -> None:
        path = heartbeat(period=5400, longest_run=120, time_zone="Asia/Kolkata")
        page = signed_in.page(f"{path}/edit")
        shown = {field["name"]: field.get("value") for field in page.select("#monitor-form input[name]")}
        assert shown["period"] == "1 h 30 min"
        assert (shown["grace"], shown["longest_run"]) == ("1 min", "2 min")
        answer = signed_in.submit(path, "PUT", name="Other", schedule="0 3 * * *", longest_run="")
        assert answer.status_code == 303
        assert (stored().name, stored().settings["schedule"]) == ("Other", "0 3 * * *")
        assert "longest_run" not in stored().settings

    def test_a_preview_shows_the_next_runs_and_saves_nothing(self, signed_in, sessions) -> None:
        answer = signed_in.submit("/monitors/trials", kind="heartbeat", name="J", schedule="0 3 * * *")
        assert answer.status_code == 200
        page = BeautifulSoup(answer.text, "html.parser")
        assert len(page.select("#try tbody tr")) == 5
        assert "Heartbeat by 0 3 * * *, UTC, grace 1 h." in page.select_one("#try").text
        assert page.select_one("[name=schedule]")["value"] == "0 3 * * *"
        with transaction(sessions) as session:
            assert session.execute(text("SELECT count(*) FROM monitors")).scalar_one() == 0
            assert session.execute(text("SELECT count(*) FROM trials")).scalar_one() == 0

    def test_a_preview_tells_the_clocks_of_its_time_zone(self, signed_in) -> None:
        answer = signed_in.submit(
            "/monitors/trials", kind="heartbeat", name="J", schedule="0 3 * * *", time_zone="Asia/Tokyo"
        )
        shown = BeautifulSoup(answer.text, "html.parser").select_one("#try table")
        assert shown.th.text == "Next runs, Asia/Tokyo"
        runs = [each.text for each in shown.select("tbody time")]
        assert all(each.endswith(", 03:00 JST") for each in runs), runs

    def test_a_preview_of_what_is_wrong_says_so(self, signed_in) -> None:
        answer = signed_in.submit("/monitors/trials", kind="heartbeat", name="J", schedule="x")
        assert answer.status_code == 422


class TestPage:
    def test_a_new_one_waits_and_says_where_to_ping(self, signed_in, heartbeat, settings) -> None:
        page = signed_in.page(heartbeat())
        assert "It waits for the first ping." in lede(page)
        url = f"{settings.base_url}/ping/{TOKEN}"
        assert page.select_one("#ping-url").text == url
        assert page.select_one("[data-copy=ping-url]") is not None
        assert f"{url}/$?" in page.select_one("pre[aria-label=Examples]").text
        assert page.find("button", string="Check now") is None

    def test_what_was_told_is_listed_with_its_length_and_its_text(self, signed_in, heartbeat, ping) -> None:
        path = heartbeat()
        ping(9, PingKind.START)
        ping(4, message="12 files\n<b>done</b>", exit_code=0)
        page = signed_in.page(path)
        rows = [
            [" ".join(cell.text.split()) for cell in row.select("td")]
            for row in page.select("[data-pings] tbody tr")
        ]
        assert rows[0][1:] == ["Success exit code 0What came with it12 files <b>done</b>", "5 min"]
        assert rows[1][1:] == ["Start", "–"]
        assert "Expected in" in lede(page)

    def test_a_late_one_says_so_and_stays_up(self, signed_in, heartbeat, ping, look) -> None:
        path = heartbeat()
        ping(5.5)
        look()
        page = signed_in.page(path)
        assert lede(page).startswith("Up")
        assert "Late: it was expected" in lede(page)
        assert page.select_one("[aria-labelledby=h-next] .note").text == "late"

    def test_a_missing_one_says_since_when(self, signed_in, heartbeat, ping, look) -> None:
        path = heartbeat()
        ping(10)
        look()
        assert "No heartbeat since" in lede(signed_in.page(path))
        assert "(expected every 5 min, grace 1 min)." in lede(signed_in.page(path))
        assert "No heartbeat in time (expected every 5 min" in signed_in.page("/").text

    def test_its_incident_says_what_was_expected_when(self, signed_in, heartbeat, ping, look) -> None:
        path = heartbeat()
        ping(10)
        look()
        incident = signed_in.page(signed_in.page(path).find("a", string="Open incident")["href"])
        assert "No heartbeat since" in incident.text
        assert "Last heard of" in incident.text

    def test_a_pause_and_an_edit_speak_of_no_check(self, signed_in, heartbeat, ping) -> None:
        path = heartbeat()
        ping(1)
        for action, told in (("pause", "is paused."), ("resume", "is expected again.")):
            signed_in.submit(f"{path}/{action}")
            page = signed_in.page(path)
            assert f"Nightly backup {told}" in page.text
        assert "It waits for the next ping." in lede(page)
        signed_in.submit(path, "PUT", name="Other")
        assert "Other is saved." in signed_in.page(path).text

    def test_a_run_that_has_not_ended_is_seen(self, signed_in, heartbeat, ping) -> None:
        path = heartbeat(longest_run=3600)
        ping(5)
        ping(1, PingKind.START)
        page = signed_in.page(path)
        assert "A run began 1 min ago, and has to end in" in lede(page)
        assert "Running" in page.select_one("[aria-labelledby=h-next]").text

    def test_the_check_of_a_failure_shows_what_the_job_said(self, signed_in, heartbeat, ping) -> None:
        path = heartbeat()
        ping(1, PingKind.FAIL, exit_code=3, message="no space left")
        page = signed_in.page(path)
        check = signed_in.page(page.select_one("[data-pings] tbody a")["href"])
        assert "The job ended with exit code 3" in check.text
        assert "no space left" in check.select_one("pre.code").text

    def test_its_next_runs_are_on_the_page(self, signed_in, heartbeat) -> None:
        page = signed_in.page(heartbeat(schedule="0 3 * * *", time_zone="Europe/Berlin"))
        assert len(page.select("[aria-labelledby=h-next] tbody tr")) == 5

    def test_another_url_is_made_by_a_button(self, signed_in, client, heartbeat) -> None:
        path = heartbeat()
        assert signed_in.submit(f"{path}/token").status_code == 303
        url = signed_in.page(path).select_one("#ping-url").text
        assert TOKEN not in url
        assert [client.get(f"/ping/{each}").status_code for each in (TOKEN, url.rpartition("/")[2])] == [
            404,
            200,
        ]

    def test_of_another_kind_no_url_can_be_made(self, signed_in, add_monitor) -> None:
        assert signed_in.submit(f"/monitors/{add_monitor()}/token").status_code == 404

    def test_nobody_can_have_it_checked(self, signed_in, heartbeat) -> None:
        assert signed_in.submit(f"{heartbeat()}/checks").status_code == 404

    def test_a_viewer_sees_it_without_its_url(self, signed_in, sessions, scope, heartbeat) -> None:
        path = heartbeat()
        with transaction(sessions) as session:
            session.execute(text("UPDATE memberships SET role = :role"), {"role": Role.VIEWER.value})
        page = signed_in.page(path)
        assert TOKEN not in str(page)
        assert page.select_one("[aria-labelledby=h-next]") is not None

    def test_the_list_shows_when_it_is_expected(self, signed_in, heartbeat) -> None:
        heartbeat()
        page = signed_in.page("/monitors?kind=heartbeat")
        assert page.select_one(".target").text == "every 5 min, grace 1 min"

    def test_it_costs_a_dozen_statements_at_most(
        self, signed_in, heartbeat, ping, look, count_queries
    ) -> None:
        path = heartbeat()
        ping(10)
        look()
        signed_in.page(path)
        with count_queries() as queries:
            signed_in.page(path)
        assert len(queries) <= 12, queries
        with count_queries() as queries:
            signed_in.page(f"{path}?span=1h")
        assert len(queries) <= 12, queries


def test_the_time_of_a_heartbeat_is_that_of_its_run(
    sessions, heartbeat, ping, signed_in, now: datetime
) -> None:
    path = heartbeat()
    for ago in range(50, 5, -5):
        ping(ago, PingKind.START)
        ping(ago - 1)
    page = signed_in.page(path)
    assert page.find(id="h-lat").text == "Run time"
    assert [item.text.split()[0] for item in page.select(".legend li")][1:] == ["Total"]
    answer = signed_in.get(f"{path}/latency").get_json()
    assert max(each for each in answer["transfer"] if each is not None) == 60_000


def test_a_run_of_hours_is_told_in_full_wherever_it_stands(heartbeat, ping, signed_in) -> None:
    path = heartbeat(period=86_400)
    ping(123.1, PingKind.START)
    ping(0.1)
    page = signed_in.page(path)
    told = "2 h 3 min"
    assert [cell.text for cell in page.select("[data-pings] .num")][1:] == [told, "–"]
    assert page.select_one("[data-read=total]").text == told
    assert [word.text for word in page.select(".chart .y span")] == [
        *("0", "45 min", "1 h 30 min", "2 h 15 min", "3 h"),
    ]
    assert f"{told}p95 {told}" in page.text.replace("\n", "")
    answer = signed_in.get(f"{path}/latency").get_json()
    assert max(each for each in answer["transfer"] if each is not None) == 7_380_000
    check = signed_in.page(page.select_one("[data-pings] tbody a")["href"])
    assert f"in {told}" in lede(check)
    assert [word.text for word in check.select(".ruler span")] == ["0", "1 h 30 min", "3 h"]
    assert signed_in.page("/monitors").select_one("[data-live=latency]").text == told


def test_a_run_of_unknown_length_is_not_told_as_none_at_all(heartbeat, ping, signed_in) -> None:
    """One of ten told its start: all figures are those of the one, and the newest has none."""
    path = heartbeat()
    ping(30.5, PingKind.START)
    ping(30)
    for ago in range(9, 0, -1):
        ping(ago)
    page = signed_in.page(path)
    assert "30 sp95 30 s" in page.text.replace("\n", "")
    assert page.select_one("[data-read=total]").text == "30 s"
    answer = signed_in.get(f"{path}/latency").get_json()
    assert [each for each in answer["transfer"] if each is not None] == [30_000]
    assert sum(answer["checks"]) == 10
    row = signed_in.page("/monitors")
    assert row.select_one("[data-live=latency]").text == "–"
    check = signed_in.page(page.select_one("[data-pings] tbody a")["href"])
    assert " ms" not in lede(check)

"""The list of monitors: a team's own, searched, filtered, sorted, page by page, in one statement."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from emeter_core.errors import NotFound
from emeter_core.incidents import FirstFailure, Transition, acknowledge, follow, list_incidents
from emeter_core.monitors import (
    Monitor,
    Status,
    create_monitor,
    draft_monitor,
    get_monitor_row,
    list_monitors,
    overview,
    pause_monitor,
)
from emeter_core.monitors.status import TROUBLE_FIRST
from emeter_core.outcome import Condition, Reason


def names(page) -> list[str]:
    return [row.monitor.name for row in page.rows]


def test_monitors_are_listed_by_name_whatever_the_case(session, alice, add_monitor) -> None:
    for name in ("beta", "Alpha", "gamma", "Beta"):
        add_monitor(name=name)
    page = list_monitors(session, alice)
    assert [name.lower() for name in names(page)] == ["alpha", "beta", "beta", "gamma"]
    assert (page.total, page.number, page.per_page) == (4, 1, 50)


def test_a_team_sees_its_own_monitors_alone(session, alice, charlie, add_monitor, vault, noon) -> None:
    add_monitor(name="Of Alice")
    draft = draft_monitor(target="http://example.com/", name="Of Charlie")
    create_monitor(session, charlie, draft, vault=vault, now=noon)
    assert names(list_monitors(session, alice)) == ["Of Alice"]
    assert names(list_monitors(session, charlie)) == ["Of Charlie"]
    assert list_monitors(session, charlie, search="Alice").total == 0


def test_no_monitors_are_an_empty_first_page(session, alice) -> None:
    page = list_monitors(session, alice)
    assert (page.rows, page.total, page.number) == ([], 0, 1)


def test_a_row_tells_of_the_last_check(session, alice, add_monitor, noon) -> None:
    add_monitor()
    [fresh] = list_monitors(session, alice).rows
    assert (fresh.last_slot, fresh.last_total_us, fresh.last_reason, fresh.last_code) == (None,) * 4
    assert fresh.certificate_ends_at is None
    ends = noon + timedelta(days=90)
    session.execute(
        text(
            "UPDATE probes SET last_slot = :slot, last_total_us = 1234, last_reason = 50, last_code = 503,"
            " certificate_ends_at = :ends"
        ),
        {"slot": noon, "ends": ends},
    )
    session.expire_all()
    [row] = list_monitors(session, alice).rows
    assert (row.last_slot, row.last_total_us, row.last_code) == (noon, 1234, 503)
    assert (row.last_reason, row.certificate_ends_at) == (Reason.UNEXPECTED_CODE, ends)


def test_pages_hold_every_monitor_once(session, alice, add_monitor) -> None:
    for _ in range(7):
        add_monitor(name="All the same")
    pages = [list_monitors(session, alice, page=number, per_page=3) for number in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [3, 3, 1, 0]
    assert len({row.monitor.id for page in pages for row in page.rows}) == 7
    assert [(page.total, page.number) for page in pages] == [(7, 1), (7, 2), (7, 3), (7, 4)]


@pytest.mark.parametrize("page", [0, -1, -(10**30)])
def test_a_page_before_the_first_is_the_first(session, alice, add_monitor, page: int) -> None:
    add_monitor()
    found = list_monitors(session, alice, page=page)
    assert (len(found.rows), found.number) == (1, 1)


def test_a_page_far_beyond_the_last_is_empty(session, alice, add_monitor) -> None:
    add_monitor()
    found = list_monitors(session, alice, page=10**30, per_page=1000)
    assert (found.rows, found.total) == ([], 1)


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (7, 7), (1000, 1000), (10**30, 1000)])
def test_a_page_has_from_one_to_a_thousand_rows(session, alice, asked: int, given: int) -> None:
    assert list_monitors(session, alice, per_page=asked).per_page == given


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("shop", ["My Shop"]),
        (" SHOP\t", ["My Shop"]),
        ("ÄRZTE", ["Ärzte 100%"]),
        ("example.org", ["Ärzte 100%"]),
        ("%", ["Ärzte 100%"]),
        ("0%", ["Ärzte 100%"]),
        ("_", ["a_b"]),
        ("a_b", ["a_b"]),
        ("a\\b", ["a\\b"]),
        ("a/b", ["a/b"]),
        ("'", []),
        ("M%p", []),
        ("nothing", []),
        ("\0", []),
        ("shop\0", []),
        ("\ud800", []),
        ("", ["a/b", "a\\b", "a_b", "axb", "My Shop", "Ärzte 100%"]),
        ("  ", ["a/b", "a\\b", "a_b", "axb", "My Shop", "Ärzte 100%"]),
    ],
)
def test_a_search_looks_into_names_and_urls_and_means_every_sign(
    session, alice, add_monitor, search: str, found: list[str]
) -> None:
    for name in ("My Shop", "a_b", "axb", "a\\b", "a/b"):
        add_monitor(name=name)
    add_monitor(name="Ärzte 100%", target="https://Example.ORG/")
    page = list_monitors(session, alice, search=search)
    assert sorted(names(page)) == sorted(found)
    assert page.total == len(found)


def test_a_filter_by_status_sees_the_condition_under_its_overlay(session, alice, add_monitor, noon) -> None:
    for condition in Condition:
        add_monitor(name=condition)
        session.execute(
            text("UPDATE monitors SET condition = :condition WHERE name = :condition"),
            {"condition": condition},
        )
    pause_monitor(session, alice, add_monitor(name="paused"), now=noon)
    session.expire_all()
    for status in Status:
        expected = [] if status in {Status.MAINTENANCE, Status.UNREACHABLE} else [status]
        page = list_monitors(session, alice, status=status)
        assert (names(page), page.total) == (expected, len(expected))
        assert [row.monitor.status for row in page.rows] == expected


@pytest.mark.parametrize("kind", ["gopher", "HTTP", "\0", "\ud800", "'"])
def test_a_filter_by_kind_finds_that_kind_alone(session, alice, add_monitor, kind: str) -> None:
    add_monitor()
    assert list_monitors(session, alice, kind="http").total == 1
    assert list_monitors(session, alice, kind=kind).total == 0


def test_filters_add_up(session, alice, add_monitor, noon) -> None:
    for name in ("one shop", "two shops", "three"):
        add_monitor(name=name)
    pause_monitor(session, alice, add_monitor(name="shop four"), now=noon)
    page = list_monitors(session, alice, search="shop", status=Status.PENDING, kind="http")
    assert names(page) == ["one shop", "two shops"]


_MANY = """
WITH made AS (
  INSERT INTO monitors (public_id, team_id, name, kind, target, interval_seconds, timeout_seconds, down_after,
    up_after, settings, version, condition, condition_since, inserted_at, updated_at)
  SELECT gen_random_uuid(), team_id, 'Monitor ' || number, kind, target, interval_seconds, timeout_seconds,
    down_after, up_after, settings, version, condition, condition_since, inserted_at, updated_at
  FROM monitors, generate_series(2, 1000) number
  RETURNING id
)
INSERT INTO probes (monitor_id, location_id, interval_ms, timeout_ms, next_slot, enabled, condition)
SELECT made.id, location_id, interval_ms, timeout_ms, next_slot, enabled, condition FROM made, probes
"""


def test_a_thousand_monitors_are_listed_in_one_statement(session, connection, alice, add_monitor) -> None:
    add_monitor(name="Monitor 1")
    session.execute(text(_MANY))
    session.expunge_all()
    statements: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        statements.append(statement)

    page = list_monitors(session, alice, per_page=1000)
    assert len({(row.monitor.name, row.monitor.status, row.last_slot) for row in page.rows}) == 1000
    assert len(statements) == 1, statements


@pytest.fixture
def in_condition(session, add_monitor, noon) -> Callable[..., Monitor]:
    """Add a monitor of this name that has been in a condition for so many minutes."""

    def add(name: str, condition: str, minutes: int = 1, *, last_total_us: int | None = None) -> Monitor:
        monitor = add_monitor(name=name)
        session.execute(
            text("UPDATE monitors SET condition = :condition, condition_since = :since WHERE id = :id"),
            {"condition": condition, "since": noon - timedelta(minutes=minutes), "id": monitor.id},
        )
        values = {"total": last_total_us, "id": monitor.id}
        session.execute(text("UPDATE probes SET last_total_us = :total WHERE monitor_id = :id"), values)
        session.expire_all()
        return monitor

    return add


def test_trouble_comes_first_and_of_the_same_the_longest(session, alice, in_condition, noon) -> None:
    for condition in Condition:
        in_condition(f"{condition} short", condition, 1)
        in_condition(f"{condition} long", condition, 9)
    for minutes in (1, 9):
        monitor = in_condition(f"paused {'long' if minutes == 9 else 'short'}", "down", 99)
        pause_monitor(session, alice, monitor, now=noon - timedelta(minutes=minutes))
    session.expire_all()
    rows = list_monitors(session, alice, sort="trouble").rows
    listed = [f"{status} {how}" for status in TROUBLE_FIRST for how in ("long", "short")]
    assert [row.monitor.name for row in rows] == [
        name for name in listed if not name.startswith(("maintenance", "unreachable"))
    ]
    assert [row.since for row in rows] == [noon - timedelta(minutes=9), noon - timedelta(minutes=1)] * 7


def test_what_is_up_or_paused_is_sought_by_its_name(session, alice, in_condition, noon) -> None:
    for name, minutes in (("b", 9), ("a", 1)):
        in_condition(name, "up", minutes)
        monitor = in_condition(f"paused {name}", "up", 99)
        pause_monitor(session, alice, monitor, now=noon - timedelta(minutes=minutes))
    session.expire_all()
    assert names(list_monitors(session, alice, sort="trouble")) == ["a", "b", "paused a", "paused b"]


def test_every_status_has_its_place_in_the_order_of_trouble() -> None:
    assert sorted(TROUBLE_FIRST) == sorted(Status)


def test_the_slowest_or_the_newest_change_comes_first_if_wanted(session, alice, in_condition) -> None:
    for name, minutes, total_us in (("a", 3, 10), ("b", 1, None), ("c", 2, 30)):
        in_condition(name, "up", minutes, last_total_us=total_us)
    assert names(list_monitors(session, alice, sort="latency")) == ["c", "a", "b"]
    assert names(list_monitors(session, alice, sort="changed")) == ["b", "c", "a"]
    assert names(list_monitors(session, alice, sort="nonsense")) == ["a", "b", "c"]


def test_pages_in_any_order_hold_every_monitor_once(session, alice, in_condition) -> None:
    for number in range(7):
        in_condition(f"{number % 2}", ("up", "down")[number % 2], last_total_us=number % 3 or None)
    for sort in ("trouble", "name", "latency", "changed"):
        pages = [list_monitors(session, alice, sort=sort, page=number, per_page=3) for number in (1, 2, 3)]
        assert len({row.monitor.id for page in pages for row in page.rows}) == 7
        assert {page.total for page in pages} == {7}


def test_what_is_down_says_why_and_who_is_on_it(session, alice, in_condition, noon) -> None:
    monitor = in_condition("Shop", "down")
    failed = FirstFailure(
        noon, Reason.CONNECTION_REFUSED, {"address": "192.0.2.1", "url": "https://a.example"}
    )
    turn = Transition(
        monitor.team_id,
        monitor.id,
        "Shop",
        paused=False,
        reason=failed.reason,
        effective_at=noon,
        first_failure=failed,
    )
    follow(session, [turn], now=noon)
    [incident] = [row.incident for row in list_incidents(session, alice).rows]
    row = get_monitor_row(session, alice, monitor.public_id)
    assert (row.status, row.cause) == (Status.DOWN, "Connection refused by 192.0.2.1:443")
    assert row.incident is not None
    assert (row.incident.public_id, row.incident.acknowledged_at) == (incident.public_id, None)
    assert row.incident.taken_by == ""
    acknowledge(session, alice, incident, now=noon)
    [listed] = list_monitors(session, alice).rows
    assert listed.incident is not None
    assert (listed.incident.acknowledged_at, listed.incident.taken_by) == (noon, alice.user.email)


def test_what_is_well_has_nothing_to_explain(session, alice, in_condition) -> None:
    row = get_monitor_row(session, alice, in_condition("Shop", "up").public_id)
    assert (row.cause, row.incident, row.failures) == ("", None, 0)


def test_the_unknown_is_explained_by_the_last_check(session, alice, in_condition) -> None:
    monitor = in_condition("Shop", "no_data")
    session.execute(text("UPDATE probes SET last_reason = 70"))
    row = get_monitor_row(session, alice, monitor.public_id)
    assert row.cause == Reason.NETWORK_UNAVAILABLE.text


def test_a_strangers_monitor_is_not_found(session, charlie, add_monitor) -> None:
    with pytest.raises(NotFound):
        get_monitor_row(session, charlie, add_monitor().public_id)
    with pytest.raises(NotFound):
        get_monitor_row(session, charlie, "nonsense")


def test_an_overview_counts_each_status_and_knows_the_newest_change(
    session, alice, charlie, in_condition, noon
) -> None:
    for number, condition in enumerate(Condition):
        for _ in range(number + 1):
            in_condition(condition, condition, minutes=10 * (number + 1))
    paused_at = noon - timedelta(minutes=5)
    pause_monitor(session, alice, in_condition("Paused", "down", 60), now=paused_at)
    session.flush()
    found = overview(session, alice)
    expected = {Status(condition.value): number + 1 for number, condition in enumerate(Condition)}
    assert found.counts == dict.fromkeys(Status, 0) | expected | {Status.PAUSED: 1}
    assert (found.total, found.latest_change) == (22, paused_at)
    nothing = overview(session, charlie)
    assert (set(nothing.counts.values()), nothing.total, nothing.latest_change) == ({0}, 0, None)

"""The list of monitors: a team's own, searched, filtered, page by page, in two statements."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from emeter_core.monitors import Status, create_monitor, draft_monitor, list_monitors, pause_monitor
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


def test_a_thousand_monitors_are_listed_in_two_statements(session, connection, alice, add_monitor) -> None:
    add_monitor(name="Monitor 1")
    session.execute(text(_MANY))
    session.expunge_all()
    statements: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        statements.append(statement)

    page = list_monitors(session, alice, per_page=1000)
    assert len({(row.monitor.name, row.monitor.status, row.last_slot) for row in page.rows}) == 1000
    assert len(statements) == 2, statements

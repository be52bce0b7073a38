"""Pieces: runs of periods, and what marks make of them."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from emeter_core.analytics.pieces import DirtyPeriods, Piece, by_day, take_dirty
from emeter_core.rollups import DAY, HOUR, QUARTER, DirtyRollup

A_QUARTER = timedelta(minutes=15)
TICK = timedelta(microseconds=1)


def mark(
    session: Session, monitor_id: int, since: datetime, until: datetime, *, checks: bool = False
) -> None:
    values = {"monitor_id": monitor_id, "since": since, "until": until, "checks": checks}
    session.execute(insert(DirtyRollup).values(values))


def test_neighbours_become_one_piece() -> None:
    dirty = DirtyPeriods({(1, 4), (1, 5), (1, 7), (2, 8), (2, 9)})
    assert dirty.pieces(QUARTER, since=0, until=99, checks=False) == [
        Piece(1, 4, 6),
        Piece(1, 7, 8),
        Piece(2, 8, 10),
    ]


def test_a_coarser_level_has_each_of_its_periods_once() -> None:
    dirty = DirtyPeriods({(1, 4), (1, 5), (1, 8), (1, 16)})
    assert dirty.pieces(HOUR, since=0, until=99, checks=False) == [Piece(1, 1, 3), Piece(1, 4, 5)]
    assert dirty.pieces(DAY, since=0, until=99, checks=False) == [Piece(1, 0, 1)]


def test_only_periods_that_are_made_and_kept_are_made_anew() -> None:
    dirty = DirtyPeriods({(1, period) for period in range(10)})
    assert dirty.pieces(QUARTER, since=3, until=6, checks=False) == [Piece(1, 3, 6)]


def test_what_is_made_with_its_checks_is_not_made_without() -> None:
    dirty = DirtyPeriods({(1, 1), (1, 2)}, {(1, 2), (1, 3)})
    both = dirty.pieces(QUARTER, since=0, until=9, checks=True)
    assert both == [Piece(1, 2, 4)]
    assert dirty.pieces(QUARTER, since=0, until=9, checks=False, besides=both) == [Piece(1, 1, 2)]


def test_pieces_are_cut_at_midnight() -> None:
    assert by_day(QUARTER, [Piece(7, 95, 193)]) == [Piece(7, 95, 96), Piece(7, 96, 192), Piece(7, 192, 193)]


def test_marks_are_taken_once(session, noon) -> None:
    mark(session, 1, noon + TICK, noon + A_QUARTER + TICK)
    mark(session, 2, noon, noon + TICK, checks=True)
    first = QUARTER.period(noon)
    dirty = take_dirty(session, 100)
    assert dirty == DirtyPeriods({(1, first), (1, first + 1), (2, first)}, {(2, first)})
    assert take_dirty(session, 100) is None


def test_a_long_mark_is_taken_bit_by_bit(session, noon) -> None:
    mark(session, 1, noon, noon + 10 * A_QUARTER)
    mark(session, 2, noon, noon + A_QUARTER)
    found = []
    while (dirty := take_dirty(session, 4)) is not None:
        assert len(dirty.statuses) <= 4
        found += sorted(dirty.statuses)
    first = QUARTER.period(noon)
    assert found == [*((1, first + number) for number in range(10)), (2, first)]
    assert session.scalars(select(DirtyRollup)).all() == []

"""Levels: the same periods in Python as in SQL."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from emeter_core.checks import from_us
from emeter_core.rollups import DAY, HOUR, LEVELS, QUARTER, RAW, Level

moments = st.integers(0, 4_000_000_000_000_000).map(from_us)


@given(moments, st.sampled_from(LEVELS))
def test_a_moment_lies_in_its_period(moment: datetime, level: Level) -> None:
    begin = level.begin(level.period(moment))
    assert begin <= moment < begin + level.length
    assert level.floor(moment) == begin
    assert level.ceil(moment) == (begin if begin == moment else begin + level.length)


def test_periods_nest() -> None:
    assert [level.source for level in LEVELS] == [RAW, QUARTER.name, HOUR.name]
    for level in (HOUR, DAY):
        assert level.below is not None
        assert level.seconds % level.below.seconds == 0


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_sql_counts_the_same(connection: Connection, level: Level) -> None:
    edge = level.floor(datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
    for moment in (edge - timedelta(microseconds=1), edge, edge + timedelta(microseconds=1)):
        found = connection.execute(
            text(
                f"SELECT {level.sql_period('m')}, {level.sql_begin(level.sql_period('m'))} FROM (SELECT"
                " CAST(:moment AS timestamptz) AS m) AS given"
            ),
            {"moment": moment},
        ).one()
        assert tuple(found) == (level.period(moment), level.floor(moment))

"""Phases in 16 bits: exact where it matters, within a bounded part elsewhere, and the same in SQL."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from emeter_core.checks.packing import pack_phases, sql_phase, unpack_phases
from emeter_core.outcome import Phases

LONGEST = 134_000_000
phase = st.one_of(st.integers(0, 10_000), st.integers(0, LONGEST))


@given(st.builds(Phases, phase, phase, phase, phase, phase))
def test_phases_come_back_within_a_bounded_part(phases: Phases) -> None:
    found = unpack_phases(pack_phases(phases), phases.total)
    for told, was in zip(found[:4], phases[:4], strict=True):
        assert abs(told - was) <= was * 0.00013
    assert found.transfer == max(0, phases.total - sum(found[:4]))


@given(st.integers(0, 8192))
def test_what_is_short_is_exact(short: int) -> None:
    phases = Phases(short, short, short, short, 7)
    assert unpack_phases(pack_phases(phases), phases.total) == phases


def test_what_is_longer_than_two_minutes_is_told_as_two_minutes() -> None:
    found = unpack_phases(pack_phases(Phases(10**9)), 10**9)
    assert found.dns == 8_191 << 14


def test_rows_from_before_are_read() -> None:
    whole = struct.pack(">4I", 1, 20_001, 300_000_001, 4)
    assert unpack_phases(whole, 300_020_012) == Phases(1, 20_001, 300_000_001, 4, 5)


@settings(max_examples=30)
@given(st.lists(st.builds(Phases, phase, phase, phase, phase), min_size=1, max_size=50))
def test_sql_reads_the_same(engine: Engine, drawn: list[Phases]) -> None:
    packed = [pack_phases(phases) for phases in drawn]
    whole = [struct.pack(">4I", *phases[:4]) for phases in drawn]
    columns = ", ".join(sql_phase("p", number) for number in range(4))
    query = text(f"SELECT {columns} FROM unnest(CAST(:packed AS bytea[])) AS p")
    with engine.connect() as connection:
        found = connection.execute(query, {"packed": packed + whole}).all()
    assert [tuple(row) for row in found] == [unpack_phases(each, 0)[:4] for each in packed + whole]

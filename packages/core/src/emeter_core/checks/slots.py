"""Slots: the instants at which a probe is due, `phase + k * interval` on a grid of milliseconds.

The same rule twice, in Python and in SQL; a test holds the two against each other.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)

# Knuth's multiplicative hash: 2^32 divided by the golden ratio. Neighbouring ids land far apart, any run of
# ids covers the interval evenly, and so the load is flat and the same after a restart.
_GOLDEN = 2_654_435_769
_BITS = 32


def phase_ms(probe_id: int, interval_ms: int) -> int:
    """Milliseconds into each interval at which the probe is due."""
    return ((probe_id * _GOLDEN) % (1 << _BITS)) * interval_ms >> _BITS


def slot_after(probe_id: int, interval_ms: int, moment: datetime) -> datetime:
    """The first slot of the grid strictly after `moment`."""
    phase = phase_ms(probe_id, interval_ms)
    turns = ((moment - _EPOCH) // _MILLISECOND - phase) // interval_ms
    return _EPOCH + ((turns + 1) * interval_ms + phase) * _MILLISECOND


def slot_at(moment: datetime) -> datetime:
    """`moment` as a slot beside the schedule: cut to the grid of milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970: how slots travel in hints."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The moment that `to_us` made into a number."""
    return _EPOCH + microseconds * _MICROSECOND


def sql_turn(probe_id: str, interval_ms: str, moment: str) -> str:
    """SQL for the number of the newest grid slot at or before `moment` (SQL expressions as arguments)."""
    elapsed = f"floor(extract(epoch FROM {moment}) * 1000)::bigint - {_sql_phase(probe_id, interval_ms)}"
    # Integer division rounds towards zero; our moments are long after 1970, so that is down.
    return f"(({elapsed}) / {interval_ms})"


def sql_slot(probe_id: str, interval_ms: str, turn: str) -> str:
    """SQL for the grid slot with the number `turn`."""
    milliseconds = f"({turn}) * {interval_ms} + {_sql_phase(probe_id, interval_ms)}"
    return f"('epoch'::timestamptz + ({milliseconds}) * interval '1 millisecond')"


def sql_slot_after(probe_id: str, interval_ms: str, moment: str) -> str:
    """SQL for `slot_after`."""
    return sql_slot(probe_id, interval_ms, sql_turn(probe_id, interval_ms, moment) + " + 1")


def _sql_phase(probe_id: str, interval_ms: str) -> str:
    hashed = f"({probe_id}::bigint * {_GOLDEN} % {1 << _BITS})"
    return f"({hashed} * {interval_ms} >> {_BITS})"

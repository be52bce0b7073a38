"""Latencies as counts in buckets that grow by 5 %: small, and merged by adding.

Bucket 0 counts those whose length nobody knows, as of a job that never tells its start; bucket n holds
[1.05^(n-1), 1.05^n) microseconds. What is told of a bucket is off by 2.44 % at most: see `ERROR`. Stored, it
is the number of the first bucket in two bytes, then one byte after the other: three bits say how many buckets
further on, five how many values more are there. An hour of 60 checks takes some 25 bytes.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

GROWTH = 1.05
ERROR = (GROWTH - 1) / (GROWTH + 1)
"""The greatest part of a value by which a percentile can be off: 2.44 %."""

_LOG = math.log(GROWTH)
_STEP_BITS = 5
_MOST_COUNT = 31
_MOST_STEP = 7
_HEAD = 2
_UNKNOWN = bytes(_HEAD)

Counts = Mapping[int, int]


def bucket_of(microseconds: int) -> int:
    """The bucket of a value."""
    return 1 + int(math.log(microseconds) / _LOG) if microseconds > 0 else 0


def value_of(bucket: int) -> int:
    """What is told of the values of a bucket: as far from its begin as from its end, in parts of them."""
    return round(GROWTH ** (bucket - 1) * (1 + ERROR)) if bucket else 0


def rank(share: float, count: int) -> int:
    """The place (from 1) of a percentile in `count` values: the first that `share` of all are at or below."""
    # As PostgreSQL's percentile_disc has it.
    return max(1, math.ceil(share * count))


def percentile(counts: Counts, share: float, *, least: int, most: int) -> int:
    """The value at `share` (0 to 1) in a histogram that is not empty, and whose least and most are known."""
    wanted = rank(share, sum(counts.values()))
    for bucket in sorted(counts):
        wanted -= counts[bucket]
        if wanted <= 0:
            return min(max(value_of(bucket), least), most)
    return most


def exact_percentile(ordered: Sequence[int], share: float) -> int:
    """The value at `share` (0 to 1) of values in order, of which there is one at least."""
    return ordered[rank(share, len(ordered)) - 1]


def merge(packed: Iterable[bytes], values: Iterable[int] = ()) -> dict[int, int]:
    """The counts of stored histograms, and of single values, together."""
    counts: Counter[int] = Counter(map(bucket_of, values))
    for each in packed:
        bucket = int.from_bytes(each[:_HEAD], "big")
        for byte in each[_HEAD:]:
            bucket += byte >> _STEP_BITS
            counts[bucket] += byte & _MOST_COUNT
    # Steps too far for one byte stop at buckets in which nothing is.
    return +counts


def unknown_in(packed: bytes) -> int:
    """How many values of a stored histogram are of no known length: its bucket 0."""
    if not packed.startswith(_UNKNOWN):
        return 0
    # Bytes without a step count on in the bucket they are in.
    return sum(takewhile(_MOST_COUNT.__ge__, packed[_HEAD:]))


def lowest_in(packed: bytes) -> int | None:
    """What is told of the least known values of a stored histogram; None where there are none."""
    lowest = min(filter(None, merge([packed])), default=None)
    return None if lowest is None else value_of(lowest)


def sql_bucket(microseconds: str) -> str:
    """SQL for `bucket_of`; beside an edge the last digit of a logarithm may decide otherwise."""
    return (
        f"CASE WHEN {microseconds} > 0 THEN 1 + floor(ln({microseconds}::float8) / {_LOG!r})::int ELSE 0 END"
    )


def sql_pack(bucketed: str) -> str:
    """SQL that makes (monitor_id, period, histogram) of a relation (monitor_id, period, bucket, count)."""
    skips = f"(greatest(step - 1, 0) / {_MOST_STEP})"
    first = f"((step - {_MOST_STEP} * {skips}) << {_STEP_BITS}) | ((count - 1) % {_MOST_COUNT} + 1)"
    return f"""
  SELECT monitor_id, period, decode(string_agg(
    CASE WHEN is_first THEN lpad(to_hex(bucket), {2 * _HEAD}, '0') ELSE '' END
    || repeat('{_MOST_STEP << _STEP_BITS:02x}', {skips}) || lpad(to_hex({first}), 2, '0')
    || repeat('{_MOST_COUNT:02x}', (count - 1) / {_MOST_COUNT}), '' ORDER BY bucket), 'hex') AS histogram
  FROM (
    SELECT monitor_id, period, bucket, count::int, step IS NULL AS is_first, coalesce(step, 0) AS step FROM (
      SELECT *, bucket - lag(bucket) OVER (PARTITION BY monitor_id, period ORDER BY bucket) AS step
      FROM {bucketed}
    ) AS stepped
  ) AS marked
  GROUP BY monitor_id, period"""  # noqa: S608 - made of our own constants


def sql_unpack(histogram: str) -> str:
    """SQL for the rows (bucket, count) of a stored histogram, for a lateral join; a bucket may come twice."""
    head = " | ".join(
        f"(get_byte({histogram}, {place}) << {8 * (_HEAD - 1 - place)})" for place in range(_HEAD)
    )
    return f"""
  SELECT ({head}) + (sum(byte >> {_STEP_BITS}) OVER (ORDER BY place))::int AS bucket,
    byte & {_MOST_COUNT} AS count
  FROM generate_series({_HEAD}, length({histogram}) - 1) AS place, get_byte({histogram}, place) AS byte"""  # noqa: S608 - made of our own constants

"""Histograms: percentiles off by a bounded part, merged by adding, and the same in SQL as in Python."""

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from emeter_core.microseconds import LONGEST_US
from emeter_core.rollups.histogram import (
    ERROR,
    bucket_of,
    exact_percentile,
    merge,
    percentile,
    sql_bucket,
    sql_pack,
    sql_unpack,
    unknown_in,
    value_of,
)

latencies = st.one_of(st.integers(0, 300), st.integers(0, 60_000_000), st.integers(0, LONGEST_US))
samples = st.lists(latencies, min_size=1, max_size=300)
buckets = st.one_of(st.just(0), st.integers(0, 600))
counts = st.dictionaries(buckets, st.integers(1, 20_000), min_size=1, max_size=40)


@given(latencies)
def test_what_is_told_of_a_value_is_off_by_a_bounded_part(latency: int) -> None:
    # Whole microseconds are told, so half of one more.
    assert abs(value_of(bucket_of(latency)) - latency) <= ERROR * latency + 0.5


@given(latencies, latencies)
def test_buckets_are_in_the_order_of_their_values(one: int, other: int) -> None:
    assert (one <= other) == (one <= other and bucket_of(one) <= bucket_of(other))


def test_the_bound_is_less_than_two_and_a_half_percent() -> None:
    assert ERROR < 0.025


@given(samples, st.floats(0, 1))
def test_a_percentile_is_off_by_no_more_than_its_bucket(sample: list[int], share: float) -> None:
    exact = exact_percentile(sorted(sample), share)
    told = percentile(Counter(map(bucket_of, sample)), share, least=min(sample), most=max(sample))
    assert abs(told - exact) <= ERROR * exact + 0.5
    assert min(sample) <= told <= max(sample)


@given(samples, st.floats(0, 1))
def test_an_exact_percentile_is_the_first_that_so_many_do_not_exceed(sample: list[int], share: float) -> None:
    told = exact_percentile(sorted(sample), share)
    reached = [
        value for value in sorted(set(sample)) if sum(map(value.__ge__, sample)) >= share * len(sample)
    ]
    assert told == reached[0]


def test_few_values_take_few_bytes(connection: Connection) -> None:
    hour = {bucket_of(latency): 2 for latency in range(90_000, 240_000, 5_000)}
    assert len(_packed(connection, {(1, 1): hour})[1, 1]) == 2 + len(hour)


@settings(max_examples=40)
@given(stored=st.dictionaries(st.tuples(st.integers(1, 3), st.integers(1, 3)), counts, max_size=6))
def test_what_is_packed_is_what_is_unpacked(engine: Engine, stored) -> None:
    with engine.connect() as connection:
        packed = _packed(connection, stored)
        assert {key: merge([histogram]) for key, histogram in packed.items()} == stored
        for key, histogram in packed.items():
            assert _unpacked(connection, histogram) == stored[key]
            assert unknown_in(histogram) == stored[key].get(0, 0)


@settings(max_examples=20)
@given(stored=st.lists(counts, max_size=3), sample=samples)
def test_merged_counts_are_the_sums_of_all(engine: Engine, stored: list[dict[int, int]], sample) -> None:
    with engine.connect() as connection:
        packed = _packed(connection, {(1, number): each for number, each in enumerate(stored)})
    wanted = Counter(map(bucket_of, sample))
    for each in stored:
        wanted.update(each)
    assert merge(packed.values(), sample) == wanted


@settings(max_examples=20)
@given(sample=samples)
def test_sql_finds_the_same_buckets(engine: Engine, sample: list[int]) -> None:
    query = text(f"SELECT {sql_bucket('v')} FROM unnest(CAST(:sample AS bigint[])) AS v")
    with engine.connect() as connection:
        found = connection.execute(query, {"sample": sample}).scalars().all()
    for latency, bucket in zip(sample, found, strict=True):
        near_an_edge = latency and abs(math.log(latency, 1.05) % 1 - 0.5) > 0.5 - 1e-9
        assert bucket == bucket_of(latency) or near_an_edge


def _packed(
    connection: Connection, stored: dict[tuple[int, int], dict[int, int]]
) -> dict[tuple[int, int], bytes]:
    rows = [(*key, bucket, count) for key, each in stored.items() for bucket, count in each.items()]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    names = ("monitor_id", "period", "bucket", "count")
    given_rows = ", ".join(f"CAST(:{name} AS int[])" for name in names)
    bucketed = f"(SELECT * FROM unnest({given_rows}) AS b ({', '.join(names)})) AS bucketed"
    found = connection.execute(
        text(sql_pack(bucketed)), {name: list(column) for name, column in zip(names, columns, strict=True)}
    )
    return {(monitor_id, period): bytes(histogram) for monitor_id, period, histogram in found}


def _unpacked(connection: Connection, histogram: bytes) -> dict[int, int]:
    rows = connection.execute(
        text(
            f"SELECT bucket, sum(count)::int FROM ({sql_unpack(':histogram')}) AS u"
            " WHERE count > 0 GROUP BY 1"
        ),
        {"histogram": histogram},
    )
    return dict(map(tuple, rows))

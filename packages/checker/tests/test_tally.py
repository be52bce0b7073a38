"""What a worker counts of its checks."""

from prometheus_client.parser import text_string_to_metric_families

from emeter_checker.engine import Finished
from emeter_checker.tally import Tally
from emeter_core.metrics.exposition import Exposition
from emeter_core.outcome import Outcome, Reason


def finished(reason: Reason, kind: str = "http", *, took: float = 0.02) -> Finished:
    return Finished(None, Outcome(reason), 100.0, 100.0 + took, kind)


def told(tally: Tally) -> dict[tuple[str, ...], float]:
    body, _ = Exposition("worker", tally.samples).text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name.startswith("emeter_check")
    }


def test_checks_are_counted_by_kind_and_condition() -> None:
    tally = Tally()
    batch = [
        finished(Reason.OK),
        finished(Reason.OK),
        finished(Reason.TIMEOUT, took=10),
        finished(Reason.OK, "tcp"),
    ]
    for _ in range(2):
        tally.count(batch, [300, 700, 2_000, 70_000_000])

    found = told(tally)

    checks = {key[1:]: value for key, value in found.items() if key[0] == "emeter_checks_total"}
    assert {frozenset(key): value for key, value in checks.items()} == {
        frozenset({"http", "up"}): 4,
        frozenset({"http", "down"}): 2,
        frozenset({"tcp", "up"}): 2,
    }
    assert found["emeter_check_lateness_seconds_count",] == 8
    assert found["emeter_check_lateness_seconds_bucket", "0.0005"] == 2
    assert found["emeter_check_duration_seconds_count", "http"] == 6
    assert abs(found["emeter_check_duration_seconds_sum", "http"] - 2 * 10.04) < 1e-3
    assert tally.lateness.maximum == 70_000_000


def test_an_empty_batch_counts_nothing() -> None:
    tally = Tally()
    tally.count([], [])

    assert [key for key, value in told(tally).items() if value] == []

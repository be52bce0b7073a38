from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from emeter_core.metrics import FAMILIES, Buckets, Kind, Sample, families
from emeter_core.metrics.exposition import Exposition


def samples() -> Iterator[Sample]:
    buckets = Buckets()
    buckets.add_all([400, 2_000_000])
    yield Sample(families.CHECKS, 3, ("http", "up"))
    yield Sample(families.CHECKS, 1, ("http", "down"))
    yield Sample(families.CHECK_LATENESS, buckets)
    yield Sample(families.NETWORK_UP, value=True)


def test_samples_are_told_in_the_format_of_prometheus() -> None:
    body, content_type = Exposition("worker", samples).text()
    told = {family.name: family for family in text_string_to_metric_families(body.decode())}

    assert content_type.startswith("text/plain; version=0.0.4")
    assert [(each.labels, each.value) for each in told["emeter_checks"].samples] == [
        ({"kind": "http", "condition": "up"}, 3),
        ({"kind": "http", "condition": "down"}, 1),
    ]
    lateness = {
        each.name.rpartition("_")[2]: each.value for each in told["emeter_check_lateness_seconds"].samples
    }
    assert (lateness["count"], lateness["sum"]) == (2, 2.0004)
    assert [each.value for each in told["emeter_own_network_up"].samples] == [1]
    assert told["emeter_build_info"].samples[0].labels["process"] == "worker"
    assert told["process_cpu_seconds"].samples[0].value > 0


def test_open_metrics_are_told_to_who_asks_for_them() -> None:
    body, content_type = Exposition("worker", samples).text("application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_a_histogram_is_no_number() -> None:
    for sample in (Sample(families.CHECKS, Buckets(), ("a", "b")), Sample(families.CHECK_LATENESS, 1)):
        with pytest.raises(TypeError):
            Exposition("worker", lambda sample=sample: [sample]).text()  # type: ignore[misc]


def test_names_are_as_prometheus_has_them() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES) > 20
    for family in FAMILIES:
        assert family.name.startswith("emeter_")
        assert family.name.endswith("_total") is (family.kind is Kind.COUNTER)
        assert family.kind is not Kind.HISTOGRAM or family.name.endswith("_seconds")
        assert family.help.endswith(".")

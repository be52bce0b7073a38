"""Samples as text for Prometheus, beside what prometheus-client knows of the process itself."""

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from emeter_core.metrics.buckets import Buckets
from emeter_core.metrics.families import BUILD_INFO, Family, Kind, Sample

Read = Callable[[], Iterable[Sample]]


class Exposition:
    """What one process tells: `read()` gives its samples, at each scrape anew."""

    def __init__(self, process: str, read: Read) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Samples(process, read))
        ProcessCollector(registry=self._registry)

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """The text and its content type, in the format that `accept` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _Samples(Collector):
    def __init__(self, process: str, read: Read) -> None:
        self._build = Sample(BUILD_INFO, 1, (process, version("emeter-core"), platform.python_version()))
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Give all samples, those of a family together."""
        found: dict[Family, list[Sample]] = {}
        for sample in (self._build, *self._read()):
            found.setdefault(sample.family, []).append(sample)
        for family, samples in found.items():
            yield _MAKERS[family.kind](family, samples)


def _counter(family: Family, samples: Iterable[Sample]) -> Metric:
    metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for sample in samples:
        metric.add_metric(sample.labels, _number(sample))
    return metric


def _gauge(family: Family, samples: Iterable[Sample]) -> Metric:
    metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for sample in samples:
        metric.add_metric(sample.labels, _number(sample))
    return metric


def _histogram(family: Family, samples: Iterable[Sample]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for sample in samples:
        if not isinstance(sample.value, Buckets):
            raise TypeError(f"{family.name} is a histogram")
        metric.add_metric(sample.labels, list(sample.value.cumulative()), sample.value.total_s)
    return metric


_MAKERS = {Kind.COUNTER: _counter, Kind.GAUGE: _gauge, Kind.HISTOGRAM: _histogram}


def _number(sample: Sample) -> float:
    if isinstance(sample.value, Buckets):
        raise TypeError(f"{sample.family.name} is one number")
    return sample.value

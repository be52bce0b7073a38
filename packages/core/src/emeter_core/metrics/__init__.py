"""Metrics: what a process counts, told in the format of Prometheus whenever somebody asks.

Nothing is spent while nobody asks: processes count in plain numbers, in batches, and give samples of them at
a scrape. Only then prometheus-client is imported. What listens is in `listener`, who listens in `targets`:
the settings, which everybody imports, need neither.
"""

from emeter_core.metrics.access import Access, access, token_in
from emeter_core.metrics.buckets import Buckets
from emeter_core.metrics.families import FAMILIES, Family, Kind, Sample
from emeter_core.metrics.settings import NOWHERE, Address, MetricsSettings

__all__ = [
    "FAMILIES",
    "NOWHERE",
    "Access",
    "Address",
    "Buckets",
    "Family",
    "Kind",
    "MetricsSettings",
    "Sample",
    "access",
    "token_in",
]

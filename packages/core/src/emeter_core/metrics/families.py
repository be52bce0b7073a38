"""Every metric of E-Meter by name; `docs/metrics.md` tells the same, and a test holds them together.

Labels are bounded: kinds, conditions, routes as the router has them. Nothing of a user is in them: no name,
no address, no id.
"""

from enum import StrEnum
from typing import NamedTuple

from emeter_core.metrics.buckets import Buckets


class Kind(StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Family(NamedTuple):
    """One metric: its name, what it is, its labels, and what it tells."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


class Sample(NamedTuple):
    """A value of a metric; `labels` are values in the order of its family's."""

    family: Family
    value: float | Buckets
    labels: tuple[str, ...] = ()


_COUNTER, _GAUGE, _HISTOGRAM = Kind

BUILD_INFO = Family(
    "emeter_build_info",
    _GAUGE,
    ("process", "version", "python"),
    "Always 1: which process of which version this is.",
)
DATABASE_UP = Family(
    "emeter_database_up", _GAUGE, (), "Whether PostgreSQL answered this process within the last 15 s."
)
REDIS_UP = Family("emeter_redis_up", _GAUGE, (), "Whether Redis answers this process.")

CHECKS = Family(
    "emeter_checks_total",
    _COUNTER,
    ("kind", "condition"),
    "Checks by what they found; counted with their results.",
)
CHECK_LATENESS = Family(
    "emeter_check_lateness_seconds", _HISTOGRAM, (), "How long after its slot a check started."
)
CHECK_DURATION = Family("emeter_check_duration_seconds", _HISTOGRAM, ("kind",), "How long a check took.")
IN_FLIGHT = Family("emeter_checks_in_flight", _GAUGE, (), "Checks that started and have not ended.")
CLAIMS_WAITING = Family(
    "emeter_claims_waiting", _GAUGE, (), "Claims that were taken and wait for their slot."
)
TOO_LATE = Family(
    "emeter_checks_too_late_total",
    _COUNTER,
    (),
    "Checks that a worker had no time to begin before their lease would run out.",
)
EXCUSED = Family(
    "emeter_checks_excused_total",
    _COUNTER,
    (),
    "Timeouts that count as no data, for the worker had too little time to hear an answer.",
)
RESULTS_WAITING = Family("emeter_results_waiting", _GAUGE, (), "Results that wait to be recorded.")
RESULTS_RECORDED = Family("emeter_results_recorded_total", _COUNTER, (), "Results that were stored.")
RESULTS_DISCARDED = Family(
    "emeter_results_discarded_total",
    _COUNTER,
    (),
    "Results whose claim was gone: edited, paused or taken over meanwhile.",
)
RESULTS_DROPPED = Family(
    "emeter_results_dropped_total",
    _COUNTER,
    (),
    "Results that could not be kept or stored; their slots end as gaps.",
)
NETWORK_UP = Family(
    "emeter_own_network_up", _GAUGE, (), "0 while our own network is away, so that checks tell nothing."
)

CLAIMS = Family("emeter_claims_total", _COUNTER, (), "Slots that were claimed to be checked.")
SLOTS_MISSED = Family(
    "emeter_slots_missed_total",
    _COUNTER,
    ("reason",),
    "Slots that nobody checked: missed (found too late) or lost (their lease ran out).",
)
LEASES_RECOVERED = Family(
    "emeter_leases_recovered_total", _COUNTER, (), "Claims whose lease ran out and that were claimed again."
)
TICK_AGE = Family(
    "emeter_scheduler_tick_age_seconds", _GAUGE, (), "Since the last tick of the scheduler that went well."
)
RATE = Family(
    "emeter_checks_wanted_per_second", _GAUGE, (), "Checks a second that all enabled monitors ask for."
)
QUEUE_DEPTH = Family("emeter_queue_depth", _GAUGE, ("queue",), "Jobs that wait in a queue in Redis.")
REFUSED_JOBS = Family(
    "emeter_refused_jobs_total", _COUNTER, (), "Jobs in Redis that were none of ours and were thrown away."
)

DELIVERIES = Family(
    "emeter_deliveries_total", _COUNTER, ("channel", "outcome"), "Attempts to deliver: sent or failed."
)
DELIVERY_LATENESS = Family(
    "emeter_delivery_lateness_seconds",
    _HISTOGRAM,
    ("channel",),
    "From what is told to its being sent, retries included.",
)
DELIVERIES_IN_FLIGHT = Family("emeter_deliveries_in_flight", _GAUGE, ("channel",), "Deliveries under way.")

REQUESTS = Family(
    "emeter_http_requests_total",
    _COUNTER,
    ("method", "route", "status"),
    "Requests by route and class of status.",
)
REQUEST_DURATION = Family(
    "emeter_http_request_duration_seconds",
    _HISTOGRAM,
    ("route",),
    "Until a request was answered; of a stream, until it began.",
)
LIVE_PAGES = Family("emeter_live_pages", _GAUGE, (), "Open pages that are told what changes.")

FAMILIES = tuple(each for each in globals().values() if isinstance(each, Family))

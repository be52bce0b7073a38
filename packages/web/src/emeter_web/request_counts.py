"""How many requests came, by route as the router has it, and how long their answers took."""

import time
from collections import Counter
from collections.abc import Iterator
from threading import Lock

from flask import Flask, Response, current_app, g, request

from emeter_core.metrics import Buckets, Sample, families

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_OTHER = "other"
_NOWHERE = "nowhere"


class RequestCounts:
    """Plain numbers; many threads count. Paths are not told, only routes: a path may hold a token."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[str, Buckets] = {}

    def count(self, method: str, route: str, status: int, took_us: int) -> None:
        """Count a request that was answered."""
        named = method if method in _METHODS else _OTHER
        with self._lock:
            self._counts[named, route, f"{status // 100}xx"] += 1
            self._durations.setdefault(route, Buckets()).add(took_us)

    def samples(self) -> Iterator[Sample]:
        """All of it for `/metrics`."""
        with self._lock:
            counts, durations = dict(self._counts), dict(self._durations)
        for labels, count in counts.items():
            yield Sample(families.REQUESTS, count, labels)
        for route, buckets in durations.items():
            yield Sample(families.REQUEST_DURATION, buckets, (route,))


def register(app: Flask) -> None:
    """Count the requests of an application; before all else that looks at them."""
    app.extensions["emeter_request_counts"] = RequestCounts()
    app.before_request(_begin)
    app.after_request(_end)


def request_counts() -> RequestCounts:
    """The counts of this application."""
    counts: RequestCounts = current_app.extensions["emeter_request_counts"]
    return counts


def _begin() -> None:
    g.began_at = time.perf_counter()


def _end(response: Response) -> Response:
    began_at = g.pop("began_at", None)
    # What never was a request has an answer as well, but no beginning.
    if began_at is not None:
        took_us = int((time.perf_counter() - began_at) * 1e6)
        rule = request.url_rule
        request_counts().count(
            request.method, rule.rule if rule is not None else _NOWHERE, response.status_code, took_us
        )
    return response

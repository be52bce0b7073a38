"""Redis goes, and what is counted is counted in memory; it comes back, and is soon counted in again (R50)."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import redis
from flask import Flask

from emeter_core.settings import Settings

BACK_WITHIN_S = 15.0


class Clock:
    """flask-limiter's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flask_limiter._extension.time", clock)
    return clock


def test_however_long_redis_was_away_it_counts_again_soon_after_its_return(
    make_app: Callable[[Settings], Flask],
    settings: Settings,
    redis_url: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(settings)
    browser, limiter = app.test_client(), app.extensions["emeter_limiter"]
    pool = app.extensions["emeter"].redis.connection_pool
    there, asked = pool.connection_kwargs["path"], [clock.now]
    pool.disconnect()
    pool.reset()
    pool.connection_kwargs["path"] = "/nowhere/redis.sock"
    check = limiter.storage.check
    monkeypatch.setattr(limiter.storage, "check", lambda: asked.append(clock.now) or check())
    for _ in range(150):
        clock.now += 1
        browser.log_in(password="wrong")
        assert limiter._storage_dead
    assert max(later - earlier for earlier, later in pairwise([*asked, clock.now])) < BACK_WITHIN_S / 2

    pool.reset()
    pool.connection_kwargs["path"] = there
    returned = clock.now
    while limiter._storage_dead:
        clock.now += 1
        assert clock.now - returned < BACK_WITHIN_S
        browser.log_in(password="wrong")

    with redis.Redis.from_url(redis_url) as counters:
        assert any(b"guess" in key for key in counters.keys())  # noqa: SIM118 - Redis is no dict

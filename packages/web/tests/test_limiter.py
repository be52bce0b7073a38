"""Redis goes, or its clock is set back: soon all is counted again as ever (R50)."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import redis
from flask import Flask
from limits import parse

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


@pytest.mark.parametrize("amount", [1, 0, -1])
def test_a_count_lasts_no_longer_after_the_clock_of_redis_was_set_back(
    make_app: Callable[[Settings], Flask], settings: Settings, redis_url: str, amount: int
) -> None:
    """Redis knows by the time of day when a count ends: after a step back by a day that is a day later.

    Heartbeats would be refused for all that day, and so would be whoever logs in.
    """
    limiter = make_app(settings).extensions["emeter_limiter"].limiter
    limit = parse("60 per 1 minutes")
    who = f"a heartbeat {amount}"
    assert limiter.hit(limit, who, "ping", cost=70) is False
    with redis.Redis.from_url(redis_url) as counters:
        [name] = counters.keys(f"*{who}*")
        assert 55 < counters.ttl(name) <= 60
        counters.expire(name, 86_460)
        assert limiter.hit(limit, who, "ping", cost=amount) is False
        assert 55 < counters.ttl(name) <= 60


def test_a_count_is_of_one_window_whoever_counts(
    make_app: Callable[[Settings], Flask], settings: Settings, redis_url: str
) -> None:
    limiter = make_app(settings).extensions["emeter_limiter"].limiter
    limit = parse("3 per 5 minutes")
    told = [limiter.hit(limit, "who", "what") for _ in range(4)]
    assert told == [True, True, True, False]
    with redis.Redis.from_url(redis_url) as counters:
        [name] = counters.keys("*who*")
        counters.expire(name, 17)
        limiter.hit(limit, "who", "what")
        assert counters.ttl(name) <= 17

"""Hints in RQ: bounded, cut up, and nothing but ours is ever run."""

import uuid
from typing import Never

import pytest
from redis import Redis
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from emeter_checker import hint_worker
from emeter_checker.hint_job import CHECK, DELIVER, TRY_CHANNEL, TRY_CHECK, HintJob
from emeter_checker.hint_worker import HintWorker, listen
from emeter_checker.hints import (
    FEWEST_WAITING,
    MOST_CLAIMS,
    checks_queue,
    deliveries_queue,
    give_hints,
    most_waiting,
    nudge,
    read_hint,
)
from emeter_core.checks import Hint
from emeter_core.supervisor.runtime import StopSignal
from emeter_storage.errors import UserError


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[Hint]:
    """What the bound function was called with."""
    hints: list[Hint] = []
    monkeypatch.setitem(HintJob.functions, CHECK, lambda *arguments: hints.append(read_hint(*arguments)))
    return hints


def work(redis: Redis) -> None:
    HintWorker(checks_queue(redis, "local"), StopSignal()).work(burst=True, logging_level="CRITICAL")


def test_a_hint_arrives_as_it_was_given(redis, received) -> None:
    hint = Hint(uuid.uuid4(), [(1, 1_800_000_000_000_001), (2, 5)])
    assert give_hints(checks_queue(redis, "local"), [hint]) == 1
    work(redis)
    assert received == [hint]


def test_a_large_hint_is_cut_into_jobs(redis, received) -> None:
    hint = Hint(uuid.uuid4(), [(number, number) for number in range(2 * MOST_CLAIMS + 1)])
    assert give_hints(checks_queue(redis, "local"), [hint]) == 3
    work(redis)
    assert [len(part.claims) for part in received] == [MOST_CLAIMS, MOST_CLAIMS, 1]
    assert [claim for part in received for claim in part.claims] == hint.claims


def test_the_queue_never_holds_more_than_is_useful(redis) -> None:
    queue = checks_queue(redis, "local")
    hints = [Hint(uuid.uuid4(), [(1, 1)]) for _ in range(FEWEST_WAITING + 1)]
    assert give_hints(queue, hints) == FEWEST_WAITING
    assert give_hints(queue, hints) == 0
    assert give_hints(queue, hints, most=FEWEST_WAITING + 3) == 3
    assert queue.count == FEWEST_WAITING + 3


@pytest.mark.parametrize(("claims", "most"), [(0, 10), (2500, 10), (2501, 12), (6000, 24), (6000.5, 26)])
def test_twice_the_batches_in_flight_may_wait(claims: float, most: int) -> None:
    assert most_waiting(claims) == most


def test_nothing_of_a_job_stays_in_redis(redis, received) -> None:
    give_hints(checks_queue(redis, "local"), [Hint(uuid.uuid4(), [(1, 1)])])
    work(redis)
    assert [key for key in redis.scan_iter() if b"rq:job:" in key] == []


def test_the_worker_listens_to_one_queue_in_json_without_pub_sub(redis) -> None:
    worker = HintWorker(checks_queue(redis, "local"), StopSignal())
    assert isinstance(worker, SimpleWorker)
    assert len(worker.queues) == 1
    assert worker.serializer is JSONSerializer
    worker.subscribe()
    assert redis.pubsub_channels() == []


def test_a_nudge_waits_once_and_comes_again_when_it_was_heard(redis, monkeypatch) -> None:
    heard: list[str] = []
    monkeypatch.setitem(HintJob.functions, DELIVER, lambda: heard.append(DELIVER))
    monkeypatch.setitem(HintJob.functions, TRY_CHANNEL, lambda: heard.append(TRY_CHANNEL))
    queue = deliveries_queue(redis)
    assert [nudge(queue, name) for name in (DELIVER, TRY_CHANNEL, DELIVER, TRY_CHANNEL)] == [
        True,
        True,
        False,
        False,
    ]
    HintWorker(queue, StopSignal()).work(burst=True, logging_level="CRITICAL")
    assert sorted(heard) == [DELIVER, TRY_CHANNEL]
    assert nudge(queue, DELIVER)
    assert queue.count == 1


def test_a_nudge_comes_before_the_claims_that_wait(redis) -> None:
    queue = checks_queue(redis, "local")
    give_hints(queue, [Hint(uuid.uuid4(), [(1, 1)]) for _ in range(3)])
    nudge(queue, TRY_CHECK)
    assert [job.description for job in queue.jobs] == [TRY_CHECK, CHECK, CHECK, CHECK]


@pytest.mark.parametrize(
    "arguments",
    [
        ("no uuid", [1], [1]),
        (str(uuid.uuid4()), [1], []),
        (str(uuid.uuid4()), ["x"], [1]),
        (str(uuid.uuid4()), [], []),
    ],
)
def test_a_hint_that_is_none_of_ours_is_refused(arguments: tuple[str, list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_hint(*arguments)


def test_a_redis_that_will_not_do_ends_the_process(redis, monkeypatch) -> None:
    def refuse(_: Redis) -> Never:
        raise UserError("too old")

    monkeypatch.setattr(hint_worker, "inspect", refuse)
    with pytest.raises(UserError, match="too old"):
        listen(checks_queue(redis, "local"), StopSignal())


def test_a_redis_that_is_not_safe_is_warned_of_once_unless_only_we_reach_it(
    redis, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(hint_worker, "inspect", lambda _: "not safe")
    stop = StopSignal()
    waits = iter((False, False, True))
    monkeypatch.setattr(stop, "wait", lambda _: next(waits) and stop.set())
    with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as elsewhere:
        listen(checks_queue(elsewhere, "local"), stop)
    assert [record.message for record in caplog.records].count("not safe") == 1
    caplog.clear()
    work(redis)
    assert "not safe" not in caplog.text


def test_a_worker_waits_for_a_job_as_long_as_it_means_to_though_it_looks_at_the_server_first(
    redis_url,
) -> None:
    stop = StopSignal()

    def is_full() -> bool:
        stop.set()
        return True

    with Redis.from_url(redis_url, socket_timeout=5) as redis:
        queue = checks_queue(redis, "local")
        listen(queue, stop, is_full=is_full)
        with redis.client() as client:
            client.ping()
            assert client.connection.socket_timeout >= HintWorker(queue, stop).dequeue_timeout


def test_a_worker_takes_no_hint_while_it_is_full(redis, received) -> None:
    queue = checks_queue(redis, "local")
    hint = Hint(uuid.uuid4(), [(1, 1)])
    give_hints(queue, [hint])
    waiting: list[int] = []

    def is_full() -> bool:
        waiting.append(queue.count)
        return len(waiting) < 3

    HintWorker(queue, StopSignal(), is_full).work(burst=True, logging_level="CRITICAL")
    assert waiting[:3] == [1, 1, 1]
    assert received == [hint]


def test_a_full_worker_ends_when_it_is_asked_to(redis, received) -> None:
    queue, stop = checks_queue(redis, "local"), StopSignal()
    give_hints(queue, [Hint(uuid.uuid4(), [(1, 1)])])

    def is_full() -> bool:
        stop.set()
        return True

    listen(queue, stop, is_full=is_full)
    assert (queue.count, received) == (1, [])

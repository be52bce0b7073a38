"""Hints in RQ: bounded, cut up, and nothing but ours is ever run."""

import json
import uuid
from pathlib import Path

import pytest
from redis import Redis
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from emeter_checker.hint_worker import HintWorker
from emeter_checker.hints import (
    CHECK,
    DELIVER,
    MOST_CLAIMS,
    MOST_WAITING,
    TRY_CHANNEL,
    TRY_CHECK,
    HintJob,
    checks_queue,
    deliveries_queue,
    give_hints,
    nudge,
    read_hint,
)
from emeter_core.checks import Hint
from emeter_core.supervisor.runtime import StopSignal


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
    hints = [Hint(uuid.uuid4(), [(1, 1)]) for _ in range(MOST_WAITING)]
    assert give_hints(queue, hints) == MOST_WAITING
    assert give_hints(queue, hints) == 0
    assert queue.count == MOST_WAITING


def test_nothing_of_a_job_stays_in_redis(redis, received) -> None:
    give_hints(checks_queue(redis, "local"), [Hint(uuid.uuid4(), [(1, 1)])])
    work(redis)
    assert [key for key in redis.scan_iter() if b"rq:job:" in key] == []


FORGED = [
    ["os.system", None, ["touch {file}"], {}],
    ["builtins.eval", None, ["open('{file}', 'w')"], {}],
    ["eval", None, ["open('{file}', 'w')"], {}],
    ["exec", None, ["open('{file}', 'w')"], {}],
    ["pathlib.Path.touch", None, ["{file}"], {}],
    ["touch", "pathlib.Path", [], {}],
    ["check", "pathlib.Path", ["{file}"], {}],
    ["subprocess.run", None, [["touch", "{file}"]], {}],
    ["", None, [], {}],
    [None, None, [], {}],
]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: repr(forged[0]))
def test_a_forged_job_runs_nothing_and_the_worker_goes_on(
    redis, received, tmp_path: Path, forged: object
) -> None:
    touched = tmp_path / "touched"
    queue = checks_queue(redis, "local")
    payload = json.dumps(forged).replace("{file}", str(touched)).encode()
    job = queue.enqueue_call(CHECK, args=("x", [], []), description=CHECK)
    redis.hset(job.key, "data", payload)
    honest = Hint(uuid.uuid4(), [(1, 1)])
    give_hints(queue, [honest])
    work(redis)
    assert not touched.exists()
    assert received == [honest]


@pytest.mark.parametrize(
    "callback", ["success_callback_name", "failure_callback_name", "stopped_callback_name"]
)
def test_forged_callbacks_are_never_looked_up(redis, received, callback: str) -> None:
    queue = checks_queue(redis, "local")
    job = queue.enqueue_call(CHECK, args=(str(uuid.uuid4()), [], []), description=CHECK)
    redis.hset(job.key, callback, "os.abort")
    work(redis)
    assert len(received) == 1


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
    "arguments", [("no uuid", [], []), (str(uuid.uuid4()), [1], []), (str(uuid.uuid4()), ["x"], [1])]
)
def test_a_hint_that_is_none_of_ours_is_refused(arguments: tuple[str, list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_hint(*arguments)

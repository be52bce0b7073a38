"""R41: whatever stands in Redis, nothing but ours is ever run, and the worker goes on."""

import json
import os
import pickle
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue

from emeter_checker.hint_job import CHECK, DELIVER, HintJob
from emeter_checker.hint_worker import HintWorker
from emeter_checker.hints import checks_queue, give_hints, read_hint
from emeter_core.checks import Hint
from emeter_core.supervisor.runtime import StopSignal

TOUCHED = "{file}"


class Bomb:
    """What touches a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.system, (f"touch {self.path}",)


def call(name: object, arguments: object = (), instance: object = None, keywords: object = None) -> str:
    return json.dumps([name, instance, arguments, keywords or {}])


# What stands in the place of a job's data, as text; the file would be touched by whoever runs it.
DATA = {
    "os.system": call("os.system", [f"touch {TOUCHED}"]),
    "posix.system": call("posix.system", [f"touch {TOUCHED}"]),
    "builtins.eval": call("builtins.eval", [f"open('{TOUCHED}', 'w')"]),
    "eval": call("eval", [f"open('{TOUCHED}', 'w')"]),
    "exec": call("exec", [f"open('{TOUCHED}', 'w')"]),
    "open": call("open", [TOUCHED, "w"]),
    "__import__": call("__import__", ["antigravity"]),
    "subprocess.run": call("subprocess.run", [["touch", TOUCHED]]),
    "subprocess.Popen": call("subprocess.Popen", [["touch", TOUCHED]]),
    "pathlib.Path.touch": call("pathlib.Path.touch", [TOUCHED]),
    "a method of an instance": call("touch", [], instance=TOUCHED),
    "our name on an instance": call(CHECK, [TOUCHED], instance="pathlib.Path"),
    "our name with keywords": call(CHECK, [str(uuid.uuid4()), [], []], keywords={"token": "x"}),
    "our name with a dict": call(CHECK, {"token": "x"}),
    "our name with a string": call(CHECK, "abc"),
    "our dotted name": call("emeter_checker.worker.Worker.take_up", [str(uuid.uuid4()), [], []]),
    "no name": call(""),
    "null": call(None),
    "a number": call(7),
    "a list for a name": call([CHECK]),
    "three parts": json.dumps([CHECK, None, []]),
    "five parts": json.dumps([CHECK, None, [], {}, {}]),
    "an object": json.dumps({"func": "os.system"}),
    "nested too deeply": "[" * 50_000,
    "no JSON": "{" + TOUCHED,
    "not a number": call(CHECK).replace("[]", "NaN"),
    "nothing": "",
}

RAW = {
    "a pickle": lambda path: pickle.dumps(("os.system", None, (f"touch {path}",), {})),
    "a pickle that acts when it is read": lambda path: pickle.dumps(Bomb(path)),
    "a packed pickle": lambda path: zlib.compress(pickle.dumps(Bomb(path))),
    "10 MiB": lambda _: b"x" * (10 * 1024 * 1024),
    "10 MiB of JSON": lambda _: zlib.compress(call(CHECK, ["y" * (10 * 1024 * 1024)]).encode()),
    "a bomb": lambda _: zlib.compress(b"\0" * (32 * 1024 * 1024)),
    "what was cut off": lambda _: zlib.compress(call(CHECK).encode())[:-3],
    "what is not packed": lambda path: call("os.system", [f"touch {path}"]).encode(),
    "bytes that are no text": lambda _: zlib.compress(b"\xff\xfe\x00"),
}

# What stands beside data that is ours.
FIELDS = {
    "success_callback_name": "os.abort",
    "failure_callback_name": "os.abort",
    "stopped_callback_name": "os.abort",
    "webhooks": '[{"url": "http://127.0.0.1:1/", "job_status": "finished"}]',
    "status": "forged",
    "created_at": "yesterday",
    "timeout": "never",
    "result_ttl": "long",
    "failure_ttl": "-",
    "meta": "\x80",
    "dependency_ids": "{",
    "repeats_left": "1000000",
    "retries_left": "1000000",
    "rate_limit_key": "x",
    "exc_info": "\x00",
    "worker_name": "\udcff",
}


@pytest.fixture(autouse=True)
def _nothing_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HintJob, "refused", 0)
    monkeypatch.setattr(HintJob, "_told_at", 0.0)


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[Hint]:
    """What the bound function was called with."""
    hints: list[Hint] = []
    monkeypatch.setitem(HintJob.functions, CHECK, lambda *arguments: hints.append(read_hint(*arguments)))
    return hints


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return checks_queue(redis, "local")


@pytest.fixture
def honest(queue: Queue) -> Iterator[Callable[[], Hint]]:
    """Put a hint of ours behind what was forged, and work until all is taken."""

    def work() -> Hint:
        hint = Hint(uuid.uuid4(), [(1, 1)])
        give_hints(queue, [hint])
        HintWorker(queue, StopSignal()).work(burst=True, logging_level="CRITICAL")
        return hint

    return work


def forge(queue: Queue, data: bytes | None = None, **fields: str) -> None:
    job = queue.enqueue_call(CHECK, args=(str(uuid.uuid4()), [2], [2]), description=CHECK)
    if data is not None:
        queue.connection.hset(job.key, "data", data)
    for name, value in fields.items():
        queue.connection.hset(job.key, name, value.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", DATA)
def test_a_forged_call_is_not_run(queue, received, honest, tmp_path: Path, name: str) -> None:
    touched = tmp_path / "touched"
    forge(queue, zlib.compress(DATA[name].replace(TOUCHED, str(touched)).encode()))
    assert received == [honest()]
    assert not touched.exists()
    assert HintJob.refused == 1


@pytest.mark.parametrize("name", RAW)
def test_forged_bytes_are_not_read(queue, received, honest, tmp_path: Path, name: str) -> None:
    touched = tmp_path / "touched"
    forge(queue, RAW[name](str(touched)))
    assert received == [honest()]
    assert not touched.exists()
    assert HintJob.refused == 1


@pytest.mark.parametrize("name", FIELDS)
def test_what_stands_beside_the_data_is_never_looked_at(queue, received, honest, name: str) -> None:
    forge(queue, **{name: FIELDS[name]})
    last = honest()
    assert [hint.claims for hint in received] == [[(2, 2)], last.claims]
    assert [key for key in queue.connection.scan_iter() if b"rq:job:" in key] == []


def test_a_forged_job_leaves_nothing_in_redis_and_is_told_of_once(queue, received, honest, caplog) -> None:
    for _ in range(5):
        forge(queue, b"x" * 100_000)
    honest()
    assert HintJob.refused == 5
    assert [key for key in queue.connection.scan_iter() if b"rq:job:" in key] == []
    assert [(record.message, record.fields) for record in caplog.records] == [
        ("a job in Redis that is none of ours was thrown away", {"why": "it is too large"})
    ]


@pytest.mark.parametrize("job_id", ["", "a b", "x" * 10_000, "../..", "\x00", "é", "a:b"])
def test_a_forged_id_does_not_stop_the_worker(queue, received, job_id: str) -> None:
    queue.connection.rpush(queue.key, job_id)
    hint = Hint(uuid.uuid4(), [(1, 1)])
    give_hints(queue, [hint])
    for _ in range(2):
        # One at a time may end the loop of RQ; ours begins it again.
        HintWorker(queue, StopSignal()).work(burst=True, logging_level="CRITICAL")
    assert received == [hint]


def test_a_key_that_is_no_job_does_not_stop_the_worker(queue, received, honest) -> None:
    queue.connection.set("rq:job:stranger", "no hash")
    queue.connection.rpush(queue.key, "stranger")
    assert received == [honest()]
    assert not queue.connection.exists("rq:job:stranger")


def test_what_lies_in_the_registries_does_not_stop_the_worker(queue, received, honest) -> None:
    redis = queue.connection
    forge(queue, b"x")
    [job_id] = redis.lrange(queue.key, 0, -1)
    redis.rename(queue.key, queue.intermediate_queue_key)
    redis.zadd(queue.started_job_registry.key, {job_id + b":execution": 1, b"\xff": 1, b"": 1})
    redis.set(queue.failed_job_registry.key, "no set")
    redis.set("rq:suspended", "1")
    assert received == [honest()]
    assert redis.llen(queue.intermediate_queue_key) == 0
    assert not redis.exists(b"rq:job:" + job_id)


def test_a_job_that_only_another_process_does_fails_and_is_forgotten(queue, received, honest) -> None:
    queue.enqueue_call(DELIVER, description=DELIVER)
    assert received == [honest()]
    [key] = [key for key in queue.connection.scan_iter() if b"rq:job:" in key]
    assert 0 < queue.connection.ttl(key) <= 300
    assert HintJob.refused == 0


def test_there_are_forty_cases_and_more() -> None:
    assert len(DATA) + len(RAW) + len(FIELDS) >= 40

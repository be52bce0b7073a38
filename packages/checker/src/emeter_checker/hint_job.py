"""A job in Redis, believed in nothing: it is one of ours, or it is not there."""

import json
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, cast

from redis import ResponseError
from rq.exceptions import NoSuchJobError
from rq.job import Job

from emeter_core.logs import get_logger

_log = get_logger(__name__)

CHECK = "check"
"""Claims fall due."""
TRY_CHECK = "try"
"""Somebody waits for the trial of a check."""
DELIVER = "deliver"
"""Something in the outbox is to be sent."""
TRY_CHANNEL = "try_channel"
"""Somebody waits for the trial of a channel."""

NAMES = frozenset({CHECK, TRY_CHECK, DELIVER, TRY_CHANNEL})
"""All that a job of ours may be called."""

JOB_TIMEOUT_S = 60
FAILURE_TTL_S = 300

_MOST_BYTES = 64 * 1024
"""Of a job, as it is stored and as it is read: four times what the largest hint of ours takes."""

_READ = ("data", "origin")
_PARTS = 4  # of a job's data: name, instance, arguments, keywords
_TELL_EVERY_S = 60.0
_NAME_MAX = 100


class HintJob(Job):
    """A job that runs our named functions and nothing else.

    RQ imports whatever dotted name stands in Redis, builtins included, looks callbacks up likewise, posts to
    any URL that stands there, inflates whatever was packed, and stops at a date it cannot read. This one
    reads the data and the name of the queue, no more; what is none of ours is thrown away and counted.
    """

    functions: ClassVar[dict[str, Callable[..., None]]] = {}

    refused: ClassVar[int] = 0
    """Jobs that were none of ours, in this process."""

    _told_at: ClassVar[float] = 0.0

    def refresh(self) -> None:
        """Read the job; raises NoSuchJobError where there is none, or none of ours."""
        try:
            with self.connection.pipeline(transaction=False) as pipeline:
                for name in _READ:
                    pipeline.hstrlen(self.key, name)
                if max(pipeline.execute()) > _MOST_BYTES:
                    self._refuse("it is too large")
            values = cast("list[bytes | None]", self.connection.hmget(self.key, _READ))
        except ResponseError as error:
            self._refuse(str(error))
        found = zip(_READ, values, strict=True)
        self.restore({name.encode(): value for name, value in found if value is not None})

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Take over what was stored, as far as we need it; raises NoSuchJobError where it is none of ours."""
        packed = raw_data.get(b"data")
        if packed is None:
            raise NoSuchJobError(f"no job {self.id}")
        try:
            name, arguments = _read(packed)
            origin = raw_data.get(b"origin", b"").decode()
        except ValueError as error:
            self._refuse(str(error))
        if name not in NAMES or not origin:
            self._refuse(f"no function of ours: {name!r:.{_NAME_MAX}}")
        self._func_name, self._instance, self._args, self._kwargs = name, None, arguments, {}
        self.origin = origin
        self.description = name
        self.timeout = JOB_TIMEOUT_S
        self.result_ttl = 0
        self.failure_ttl = FAILURE_TTL_S

    @property
    def func(self) -> Callable[..., None]:
        """The function bound to the job's name; raises LookupError for any other name."""
        function = self.functions.get(self.func_name or "")
        if function is None or self.instance is not None:
            raise LookupError(f"no function of ours: {self.func_name!r:.{_NAME_MAX}}")
        return function

    @property
    def success_callback(self) -> None:
        """None: our jobs have no callbacks."""
        return

    @property
    def failure_callback(self) -> None:
        """None: our jobs have no callbacks."""
        return

    @property
    def stopped_callback(self) -> None:
        """None: our jobs have no callbacks."""
        return

    def _refuse(self, why: str) -> NoReturn:
        """Throw the job away; raises NoSuchJobError. It is counted, and told of once a minute."""
        self.connection.delete(self.key)
        HintJob.refused += 1
        if time.monotonic() >= HintJob._told_at:
            HintJob._told_at = time.monotonic() + _TELL_EVERY_S
            _log.warning("a job in Redis that is none of ours was thrown away", why=why)
        raise NoSuchJobError(f"job {self.id} is none of ours")


def _read(packed: bytes) -> tuple[str, list[Any]]:
    """Name and arguments of a job's data; raises ValueError where it is nothing that we write."""
    if len(packed) > _MOST_BYTES:
        raise ValueError("it is too large")
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"it is not packed: {error}") from None
    if not inflater.eof:
        raise ValueError("it is cut off, or too large")
    try:
        parts = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(parts, list) or len(parts) != _PARTS:
        raise ValueError("it has not four parts")
    name, instance, arguments, keywords = parts
    if not isinstance(name, str) or instance is not None or not isinstance(arguments, list) or keywords:
        raise ValueError(f"it is no call of a function: {name!r:.{_NAME_MAX}}")
    return name, arguments

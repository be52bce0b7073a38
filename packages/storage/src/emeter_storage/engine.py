"""The engine, its sessions and the one clock."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from emeter_storage.deadline import Deadline

# A transaction that forgets itself must not hold rows for long (DESIGN 4).
_IDLE_IN_TRANSACTION_MS = 10_000
_CONNECT_TIMEOUT_S = 5
_POOL_TIMEOUT_S = 30.0
# For who is impatient: until a connection is there, and until one that was at rest says that it works.
_FIRST_WORD_S = 3.0
# `statement_timeout` comes first wherever the server still works.
_MARGIN_S = 1.0
# A host that vanishes sends no RST: without these, whoever waits for its answer waits for hours, and soon
# every thread does. It is given up 20 to 25 s after it was heard last. Unix sockets ignore them.
_KEEPALIVES_IDLE_S = 10
_KEEPALIVES_INTERVAL_S = 5
_KEEPALIVES_COUNT = 3
_TCP_USER_TIMEOUT_MS = 20_000

SessionFactory = sessionmaker[Session]


def make_engine(
    url: str, *, name: str = "emeter", pool_size: int = 5, patience: float | None = None
) -> Engine:
    """Build the engine for `url`; connects only when first used.

    `name` is what PostgreSQL shows of its connections; `pool_size` is the most that are kept and opened.
    `patience` is for how many seconds one waits for a connection where all are taken, and a statement runs;
    a PostgreSQL that stands still is given up a second later, and sooner where it is silent from the start.
    Without it one waits half a minute, and for ever.
    """
    options = f"-c timezone=UTC -c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}"
    if patience is None:
        return _create(url, name, pool_size, _POOL_TIMEOUT_S, {"options": options})
    first_word = min(patience, _FIRST_WORD_S)
    deadline = Deadline(ping=first_word, statement=patience + _MARGIN_S)
    impatient = {
        "options": f"{options} -c statement_timeout={round(patience * 1000)}",
        "connect_timeout": math.ceil(first_word),
        "connection_factory": deadline.connect,
    }
    engine = _create(url, name, pool_size, patience, impatient)
    deadline.watch(engine)
    return engine


def _create(
    url: str, name: str, pool_size: int, pool_timeout: float, connect_args: dict[str, object]
) -> Engine:
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        # A server that was restarted is noticed before the work starts, not by it.
        pool_pre_ping=True,
        # Errors are logged, and among what is written are hashes of passwords and of tokens.
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "application_name": name,
            "keepalives": 1,
            "keepalives_idle": _KEEPALIVES_IDLE_S,
            "keepalives_interval": _KEEPALIVES_INTERVAL_S,
            "keepalives_count": _KEEPALIVES_COUNT,
            "tcp_user_timeout": _TCP_USER_TIMEOUT_MS,
            **connect_args,
        },
    )


def make_session_factory(engine: Engine) -> SessionFactory:
    """Build the factory of sessions; what they loaded stays readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def transaction(sessions: SessionFactory) -> Iterator[Session]:
    """One unit of work at the edge: commits when the block ends, rolls back when it raises."""
    with sessions.begin() as session:
        yield session


class DatabaseClock:
    """PostgreSQL's clock, read through this process's monotonic one, so that all processes agree.

    The offset is measured at the first use and again by `measure`; between the two, a jump of the
    machine's wall clock changes nothing. All processes notice a jump of the database's within seconds.
    """

    MEASURE_EVERY_S = 1.0

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._zero: datetime | None = None
        self._zero_s = 0.0
        self._measured_at = 0.0

    def measure(self) -> None:
        """Ask the database what time it is; raises the driver's error where it does not answer."""
        with self._engine.connect() as connection:
            before = time.monotonic()
            theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            after = time.monotonic()
        # The answer was made about half way between asking and hearing.
        zero = theirs.astimezone(UTC) - timedelta(seconds=(before + after) / 2)
        with self._lock:
            self._measured_at = after
            # What is known stands where the answer allows it: one that was slow says less than it.
            if self._zero is None or abs((zero - self._zero).total_seconds()) > (after - before) / 2:
                self._zero, self._zero_s = zero, zero.timestamp()

    def measure_if_old(self) -> None:
        """Measure again when the last time is `MEASURE_EVERY_S` ago."""
        if self._zero is None or time.monotonic() - self._measured_at >= self.MEASURE_EVERY_S:
            self.measure()

    def now(self) -> datetime:
        """The time now, in UTC."""
        return self.at(time.monotonic())

    def at(self, monotonic: float) -> datetime:
        """The time at an instant of `time.monotonic()`, in UTC."""
        return self._origin() + timedelta(seconds=monotonic)

    def monotonic(self, moment: datetime) -> float:
        """The instant of `time.monotonic()` at which it is `moment`."""
        return (moment - self._origin()).total_seconds()

    def monotonic_of_us(self, microseconds: int) -> float:
        """The same for a moment in microseconds since 1970: what the hot path has."""
        self._origin()
        return microseconds / 1e6 - self._zero_s

    def _origin(self) -> datetime:
        if self._zero is None:
            self.measure()
        with self._lock:
            assert self._zero is not None  # noqa: S101 - measured in the line above
            return self._zero

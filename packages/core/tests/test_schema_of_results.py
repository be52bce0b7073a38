"""Results keep what they hold, and their key, on the way of the schema up and down."""

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from emeter_core.checks.packing import pack_phases, unpack_phases
from emeter_core.outcome import Phases
from emeter_storage import migrator
from emeter_storage.engine import make_engine

BEFORE = "20261123080000"
SHORT, LONG = Phases(1, 20, 300, 4000, 5), Phases(10_001, 200_003, 3_000_000, 59_000_000, 5)
_INSERT = text(
    "INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases)"
    " VALUES (:slot, :probe_id, :total, 0, 0, 200, :phases)"
)


@pytest.fixture
def empty(new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = make_engine(new_database(migrated=False))
    yield engine
    engine.dispose()


def insert(engine: Engine, probe_id: int, phases: Phases, packed: bytes) -> None:
    slot = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    values = {"slot": slot, "probe_id": probe_id, "total": phases.total, "phases": packed}
    with engine.begin() as connection:
        connection.execute(_INSERT, values)


def whole(phases: Phases) -> bytes:
    return struct.pack(">4I", *phases[:4])


def stored(engine: Engine) -> dict[int, tuple[int, Phases]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT probe_id, phases, total_us FROM results")).all()
    return {probe_id: (len(packed), unpack_phases(bytes(packed), total)) for probe_id, packed, total in rows}


def keys(engine: Engine) -> set[str]:
    """The unique indexes of the partitions, each by the end of its name."""
    query = (
        "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " JOIN pg_inherits h ON h.inhrelid = x.indrelid"
        " WHERE h.inhparent = 'results'::regclass AND x.indisunique AND x.indisvalid"
    )
    with engine.connect() as connection:
        return {name.rpartition("_")[2] for name in connection.execute(text(query)).scalars()}


def test_results_of_before_are_read_and_keyed_anew(empty) -> None:
    migrator.upgrade(empty, BEFORE)
    insert(empty, 1, SHORT, whole(SHORT))
    insert(empty, 2, LONG, whole(LONG))
    migrator.upgrade(empty)

    assert stored(empty) == {1: (16, SHORT), 2: (16, LONG)}
    assert keys(empty) == {"key"}
    with pytest.raises(IntegrityError, match="duplicate key"):
        insert(empty, 1, SHORT, pack_phases(SHORT))


def test_the_version_before_reads_what_this_one_wrote(empty) -> None:
    migrator.upgrade(empty)
    insert(empty, 1, SHORT, pack_phases(SHORT))
    insert(empty, 2, LONG, pack_phases(LONG))
    now = stored(empty)
    migrator.downgrade(empty, BEFORE)

    assert {probe_id: phases for probe_id, (_, phases) in now.items()} == {
        probe_id: phases for probe_id, (_, phases) in stored(empty).items()
    }
    assert {length for length, _ in stored(empty).values()} == {16}
    assert keys(empty) == {"pkey"}
    with empty.connect() as connection:
        assert connection.execute(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'results_pkey'::regclass")
        ).scalar()
    with pytest.raises(IntegrityError, match="duplicate key"):
        insert(empty, 1, SHORT, whole(SHORT))

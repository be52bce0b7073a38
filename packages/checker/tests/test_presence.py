"""A process tells that it runs, and again where it was forgotten."""

from datetime import timedelta

import pytest

from emeter_checker.presence import Presence
from emeter_core import processes


@pytest.fixture
def presence(database) -> Presence:
    return Presence("worker", database.sessions, database.clock)


def test_a_process_that_was_forgotten_tells_of_itself_at_once(database, presence) -> None:
    """As where the clock goes ahead by a day, and another process starts."""
    presence.report({"n": 1})
    forgotten = presence.id
    with database.sessions.begin() as session:
        processes.enlist(session, "other", location_id=None, now=database.clock.now() + timedelta(days=2))
        assert processes.list_processes(session, name="worker") == []
    presence._next_at = 0.0  # five seconds later
    presence.report({"n": 2})
    with database.sessions.begin() as session:
        [process] = processes.list_processes(session, name="worker")
    assert process.id == presence.id != forgotten
    assert process.info == {"n": 2}

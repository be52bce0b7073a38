"""An instance moves with an open incident: it stays open, nothing is told twice, and its end is told once."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from harness.emeter import Emeter
from harness.receiver import Receiver, receiver
from harness.slots import account_for_slots, read_ledger
from harness.targets import Target, Targets

from emeter_core.accounts import list_users, scope_of
from emeter_core.alerts import draft_channel, save_channel
from emeter_core.incidents import acknowledge, list_incidents
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, make_session_factory

INTERVAL, TIMEOUT = 5, 2
ONCE = {"down_after": 1, "up_after": 1}
TOLD = ["incident.opened", "incident.acknowledged"]
RESUMED = 60.0
_OPEN = "SELECT title, public_id, started_at, acknowledged_at, acknowledged_by, resolved_at FROM incidents"


class Moved(NamedTuple):
    """The instance that was, the one that is, and what both watch and tell."""

    old: Emeter
    new: Emeter
    site: Target
    hooked: Receiver
    was_open: list[object]
    resumed: float
    """Seconds from the start of the new one until all was checked again."""


@pytest.fixture(scope="module")
def moved(
    make_emeter: Callable[..., Emeter], targets: Targets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Moved]:
    site, well = targets.serve(), targets.serve()
    file = tmp_path_factory.mktemp("kept") / "backup"
    with receiver() as hooked:
        old, new = make_emeter("old").start().register(), make_emeter("new")
        _add_webhook(old, hooked)
        old.add_monitors(
            [
                {"target": each.url(), "name": name, "interval": INTERVAL, "timeout": TIMEOUT} | ONCE
                for name, each in (("shop", site), ("search", well))
            ]
        )
        old.wait_until(lambda: _conditions(old) == {"up"}, 20, "both up")
        site.stop()
        old.wait_until(lambda: _told(hooked, old) == (["incident.opened"], 1), 40, "the alerts")
        _acknowledge(old)
        old.wait_until(lambda: _told(hooked, old) == (TOLD, 2), 20, "who has taken it")
        old.run("backup", "--with-key", str(file))
        was_open = old.rows(_OPEN)
        old.stop()
        new.run("restore", str(file))
        begin = time.monotonic()
        restored_at = datetime.now(UTC)
        new.start()
        fresh = "SELECT count(*) FROM probes WHERE last_slot > :restored_at"
        new.wait_until(lambda: new.rows(fresh, restored_at=restored_at) == [(2,)], RESUMED, "fresh results")
        yield Moved(old, new, site, hooked, was_open, time.monotonic() - begin)
        new.stop()


def test_checks_resume_within_a_minute(moved: Moved, figure: Callable[[str], None]) -> None:
    figure(f"restored elsewhere: all checked again {moved.resumed:.1f} s after the start")
    assert moved.resumed <= RESUMED


def test_the_incident_is_open_and_taken_as_before(moved: Moved) -> None:
    [incident] = moved.new.rows(_OPEN)
    assert [incident] == moved.was_open
    assert incident.resolved_at is None
    assert incident.acknowledged_by is not None


def test_nothing_is_sent_again(moved: Moved) -> None:
    assert _told(moved.hooked, moved.old) == (TOLD, 2)
    assert _told(moved.hooked, moved.new) == (TOLD, 0)
    assert moved.new.rows("SELECT DISTINCT state FROM deliveries WHERE team_id IS NOT NULL") == [("sent",)]


def test_every_slot_is_a_result_or_in_a_gap(moved: Moved) -> None:
    until = datetime.now(UTC)
    moved.new.wait_until(lambda: _is_settled(moved.new, until), 20, "the end of all claims so far")
    ledgers = [read_ledger(moved.new.database, probe) for (probe,) in moved.new.rows("SELECT id FROM probes")]
    assert [problem for ledger in ledgers for problem in account_for_slots(ledger, until)] == []


def test_its_end_is_told_once(moved: Moved) -> None:
    moved.site.start()
    moved.new.wait_until(lambda: _conditions(moved.new) == {"up"}, 30, "up again")
    pending = "SELECT count(*) FROM deliveries WHERE state = 'pending'"
    moved.new.wait_until(lambda: moved.new.rows(pending) == [(0,)], 20, "all told")

    assert _told(moved.hooked, moved.new) == ([*TOLD, "incident.resolved"], 1)
    assert moved.new.rows("SELECT count(*) FROM incidents") == [(1,)]
    assert moved.new.rows("SELECT resolution FROM incidents") == [("recovered",)]


def test_it_is_not_restored_into_what_runs_or_has_users(moved: Moved, tmp_path: Path) -> None:
    file = tmp_path / "another"
    said = moved.new.run("backup", str(file)).stderr
    assert "The SECRET_KEY is not in the file" in said

    done = moved.new.run("restore", str(file), check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("stop it first.\n")
    done = moved.old.run("restore", str(file), check=False)
    assert done.returncode == 1
    assert "There are users in this installation already" in done.stderr


def _add_webhook(emeter: Emeter, hooked: Receiver) -> None:
    vault = Vault((emeter.data / "secret_key").read_text().strip())
    with make_session_factory(emeter.database).begin() as session:
        scope = scope_of(session, list_users(session)[0])
        now = DatabaseClock(emeter.database).now()
        save_channel(session, scope, draft_channel("webhook", hooked.url), vault=vault, now=now)


def _acknowledge(emeter: Emeter) -> None:
    with make_session_factory(emeter.database).begin() as session:
        scope = scope_of(session, list_users(session)[0])
        [row] = list_incidents(session, scope, state="open").rows
        acknowledge(session, scope, row.incident, now=DatabaseClock(emeter.database).now())


def _conditions(emeter: Emeter) -> set[str]:
    return {condition for (condition,) in emeter.rows("SELECT condition FROM monitors")}


def _is_settled(emeter: Emeter, until: datetime) -> bool:
    under_way = "(SELECT count(*) FROM claims WHERE slot <= :until)"
    ahead = "(SELECT min(next_slot) FROM probes) > :until"
    return emeter.rows(f"SELECT {under_way}, {ahead}", until=until) == [(0, True)]


def _told(hooked: Receiver, emeter: Emeter) -> tuple[list[str], int]:
    """What came by webhook, and how many mails about incidents an instance has sent."""
    mails = [each.read_bytes() for each in (emeter.data / "mail").glob("*.eml")]
    return [json.loads(hook.body)["type"] for hook in hooked.hooks], sum(
        b"/incidents/" in mail for mail in mails
    )

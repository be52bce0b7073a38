"""The real thing from end to end: a monitor at 5 s, and a target for each way in which one can be wrong."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import trustme
from harness import targets as behaviours
from harness.emeter import Emeter
from harness.targets import Target, Targets

INTERVAL, TIMEOUT = 5, 2
DOWN_AFTER, UP_AFTER = 3, 2
_SPAN = timedelta(seconds=INTERVAL)
# What a check and its way into the database may take beyond the slots that are waited for.
_SLACK = 5

WRONG = {
    "hanging": (behaviours.hang, "timeout"),
    "answering 500": (behaviours.broken, "unexpected_code"),
    "closing at once": (behaviours.close_at_once, "connection_closed"),
    "bad TLS": (behaviours.ok, "certificate_untrusted"),
    "endless body": (behaviours.endless, "body_too_large"),
    "redirect loop": (behaviours.round_and_round, "too_many_redirects"),
}


@dataclass
class First:
    """The first monitor, and the server that it watches."""

    emeter: Emeter
    site: Target
    name: str

    def ask(self, statement: str) -> Any:  # noqa: ANN401 - whatever the first column holds
        """The first value of a statement about this monitor, None where there is no row."""
        rows = self.emeter.rows(statement, name=self.name)
        return rows[0][0] if rows else None

    def condition(self) -> str:
        return str(self.ask("SELECT condition FROM monitors WHERE name = :name"))

    def changes(self) -> list[Any]:
        return self.emeter.rows(
            "SELECT s.condition, s.effective_at, s.recorded_at FROM status_changes s JOIN monitors m"
            " ON m.id = s.monitor_id WHERE m.name = :name ORDER BY s.id",
            name=self.name,
        )

    def results(self) -> list[Any]:
        return self.emeter.rows(
            "SELECT r.slot, r.reason, r.evidence FROM results r JOIN probes p ON p.id = r.probe_id"
            " JOIN monitors m ON m.id = p.monitor_id WHERE m.name = :name ORDER BY r.slot",
            name=self.name,
        )

    def incident(self) -> Any:  # noqa: ANN401 - a row
        (found,) = self.emeter.rows(
            "SELECT i.* FROM incidents i JOIN incident_monitors j ON j.incident_id = i.id"
            " JOIN monitors m ON m.id = j.monitor_id WHERE m.name = :name",
            name=self.name,
        )
        return found


@pytest.fixture(scope="module")
def first(emeter: Emeter, targets: Targets) -> First:
    site = targets.serve()
    options = ("--name", "first", "--interval", str(INTERVAL), "--timeout", str(TIMEOUT))
    emeter.run("monitor", "add", site.url(), *options)
    return First(emeter, site, "first")


@pytest.fixture(scope="module", autouse=True)
def wrong(emeter: Emeter, targets: Targets, authority: trustme.CA, first: First) -> None:
    """A monitor for each way to be wrong: they are checked while the first one has its day."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    sites = {
        name: targets.serve(behave, tls=tls if name == "bad TLS" else None)
        for name, (behave, _) in WRONG.items()
    }
    emeter.add_monitors(
        [
            {"target": site.url(), "name": name, "interval": INTERVAL, "timeout": TIMEOUT}
            for name, site in sites.items()
        ]
    )


def test_it_is_up_within_five_seconds_of_adding(first: First, figure: Callable[[str], None]) -> None:
    first.emeter.wait_until(lambda: first.condition() == "up", 10, "up")
    (_, added_at, _), (_, _, up_at) = first.changes()
    took = (up_at - added_at).total_seconds()
    figure(f"up {took:.2f} s after adding")
    assert took <= 5


def test_the_terminal_tells_it(first: First) -> None:
    (row,) = [each for each in first.emeter.monitors() if each["name"] == first.name]
    assert (row["status"], row["reason"], row["code"]) == ("up", "ok", 200)
    assert row["latency_ms"] > 0
    assert datetime.fromisoformat(row["last_check"])


def test_stopped_it_is_down_after_three_failures(first: First) -> None:
    first.site.stop()
    first.emeter.wait_until(lambda: first.condition() == "down", DOWN_AFTER * INTERVAL + _SLACK, "down")
    recorded_at = first.changes()[-1].recorded_at
    failures = [result for result in first.results() if result.reason and result.slot < recorded_at]
    assert len(failures) == DOWN_AFTER
    assert [change.condition for change in first.changes()] == ["pending", "up", "down"]
    assert first.changes()[-1].effective_at == failures[0].slot


def test_the_incident_tells_the_cause_and_the_first_failure(first: First) -> None:
    incident = first.incident()
    failed = next(result for result in first.results() if result.reason)
    assert (incident.cause, incident.title) == ("connection_refused", "first")
    assert (incident.started_at, incident.evidence) == (failed.slot, failed.evidence)
    assert str(first.site.port) in str(incident.evidence)
    assert incident.resolved_at is None
    assert incident.confirmed_at - incident.started_at < DOWN_AFTER * _SPAN


def test_started_again_it_is_up_and_the_incident_is_closed(first: First) -> None:
    first.site.start()
    first.emeter.wait_until(lambda: first.condition() == "up", UP_AFTER * INTERVAL + _SLACK, "up again")
    incident, results = first.incident(), first.results()
    failed = [result.slot for result in results if result.reason]
    well = next(result.slot for result in results if result.slot > failed[-1])
    assert (incident.started_at, incident.resolved_at) == (failed[0], well)
    # From the first failure to the first success, in whole intervals of the grid.
    assert incident.resolved_at - incident.started_at == len(failed) * _SPAN
    assert [change.condition for change in first.changes()] == ["pending", "up", "down", "up"]
    assert first.changes()[-1].effective_at == well


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_by_its_reason(name: str, first: First, emeter: Emeter) -> None:
    this = First(emeter, first.site, name)
    emeter.wait_until(lambda: this.condition() == "down", DOWN_AFTER * INTERVAL + TIMEOUT + _SLACK, "down")
    (row,) = [each for each in emeter.monitors() if each["name"] == name]
    cause = WRONG[name][1]
    assert (row["status"], row["reason"], this.incident().cause) == ("down", cause, cause)
    assert row["code"] == {"answering 500": 500, "endless body": 200, "redirect loop": 302}.get(name)
    assert len({result.reason for result in this.results()}) == 1


def test_pages_that_are_for_who_sits_here_are_no_target(emeter: Emeter, first: First) -> None:
    own = First(emeter, first.site, "the mailbox of all")
    mailbox = f"http://127.0.0.1:{emeter.port}/dev/mailbox"
    emeter.add_monitors([{"target": mailbox, "name": own.name, "interval": INTERVAL, "timeout": TIMEOUT}])
    emeter.wait_until(lambda: own.condition() == "blocked", INTERVAL + _SLACK, "blocked")
    assert {(evidence["error"], evidence.get("body")) for _, _, evidence in own.results()} == {
        ("our own server", None)
    }

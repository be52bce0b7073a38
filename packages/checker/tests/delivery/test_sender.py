"""The sender on real servers: from a row in the outbox to who was told."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text
from standardwebhooks import Webhook

from emeter_checker.delivery import lane
from emeter_checker.hint_job import DELIVER, TRY_CHANNEL
from emeter_checker.hints import deliveries_queue
from emeter_core.alerts import Channel, enqueue_mail, list_channels, open_secret
from emeter_core.mail import Mail, list_mails, read_mail
from emeter_core.processes import list_processes
from emeter_core.vault import Vault


@pytest.fixture
def channel(database, team) -> Callable[[str], Channel]:
    """The team's channel of a kind, as it is now."""

    def found(kind: str) -> Channel:
        with database.sessions() as session:
            return list_channels(session, team)[kind]

    return found


def test_an_incident_is_told_by_mail_and_webhook_within_two_seconds(
    run, receive, webhook, tell, deliveries, channel, vault, mail_directory
) -> None:
    receiver = receive("204 No Content")
    webhook(receiver.url)
    told_at: list[float] = []

    def begin() -> None:
        time.sleep(1.0)  # Idle, as it is most of the time.
        tell("Shop")
        told_at.append(time.monotonic())

    def arrived() -> bool:
        both = bool(receiver.requests) and bool(list_mails(mail_directory))
        if both:
            told_at.append(time.monotonic())
        return both

    run(lambda: (len(told_at) == 1 and arrived()) or len(told_at) == 2, begin=begin)
    assert told_at[1] - told_at[0] < 2.0
    [got] = receiver.requests
    event = Webhook(open_secret(channel("webhook"), vault)).verify(got.body, got.headers)
    assert (event["type"], event["data"]["incident"]["title"]) == ("incident.opened", "Shop")
    [file] = list_mails(mail_directory)
    assert file.to == "alice@example.com"
    by = {each.channel: each for each in deliveries()}
    assert got.headers["webhook-id"] == str(by["webhook"].id)
    assert str(by["mail"].id) in read_mail(mail_directory, file.name)["Message-ID"]
    assert {(each.state, each.attempts, each.error) for each in by.values()} == {("sent", 1, None)}


def test_a_mail_of_an_account_is_sent_and_forgotten(
    run, database, team, vault, deliveries, mail_directory
) -> None:
    with database.sessions.begin() as session:
        mail = Mail("alice@example.com", "Confirm", "https://localhost/token")
        enqueue_mail(session, team.user, mail, "account.confirm", vault=vault, now=database.clock.now())
    run(lambda: deliveries()[0].state == "sent")
    assert deliveries()[0].body is None
    assert list_mails(mail_directory)[0].subject == "Confirm"


def test_a_failure_is_noted_in_words_and_tried_again(run, receive, webhook, tell, deliveries) -> None:
    answers = iter(["500 Oops", "204 No Content"])
    receiver = receive(
        lambda connection, _over: connection.sendall(f"HTTP/1.1 {next(answers)}\r\n\r\n".encode())
    )
    webhook(receiver.url)
    seen: list[str] = []

    def sent() -> bool:
        [hook] = [each for each in deliveries() if each.channel == "webhook"]
        if hook.error:
            seen.append(hook.error)
        return hook.state == "sent"

    run(sent, begin=lambda: tell("Shop"))
    first, second = receiver.requests
    assert set(seen) == {"The receiver answered 500 Internal Server Error"}
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])


def test_410_switches_the_channel_off(run, receive, webhook, tell, channel, states) -> None:
    webhook(receive("410 Gone").url)
    run(lambda: "failed" in states("webhook"), begin=lambda: tell("Shop"))
    assert not channel("webhook").enabled
    assert channel("webhook").disabled_reason == "The receiver answered 410 Gone"


def test_a_redirect_to_elsewhere_reaches_nobody(run, receive, webhook, tell, deliveries) -> None:
    elsewhere = receive("200 OK")
    webhook(receive("302 Found", headers={"Location": elsewhere.url}).url)
    run(lambda: any(each.error for each in deliveries()), begin=lambda: tell("Shop"))
    assert elsewhere.connections == 0


@pytest.fixture
def held(receive) -> Iterator[tuple[Any, threading.Event]]:
    """A receiver that answers only when the event is set."""
    release = threading.Event()

    def hold(connection: socket.socket, _over: threading.Event) -> None:
        release.wait(60)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    yield receive(hold), release
    release.set()


def test_a_receiver_that_hangs_holds_up_nobody_and_has_two_at_once(run, held, webhook, tell, states) -> None:
    receiver, release = held
    webhook(receiver.url)
    tell(*(f"m{number}" for number in range(8)))
    seen: list[tuple[int, list[str]]] = []

    def mails_are_sent() -> bool:
        if states("mail") != ["sent"] * 8 or not receiver.connections:
            return False
        time.sleep(0.3)  # Time enough for a third connection, if there were one.
        seen.append((receiver.connections, states("webhook")))
        return True

    run(mails_are_sent, at_stop=release.set)
    assert seen == [(2, ["pending"] * 8)]


def test_no_transaction_is_open_while_something_is_sent(run, database, held, webhook, tell) -> None:
    receiver, release = held
    webhook(receiver.url)
    busy = text(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state <> 'idle'"
    )
    seen: list[list[str]] = []

    def looked() -> bool:
        if receiver.connections:
            time.sleep(0.5)  # What is not over by then was kept open.
            with database.engine.connect() as connection:
                seen.append(list(connection.scalars(busy)))
        return bool(seen)

    run(looked, begin=lambda: tell("Shop"), at_stop=release.set, scheduler=False)
    assert seen == [[]]


def test_what_is_in_flight_at_the_end_is_sent_and_marked(run, held, webhook, tell, states) -> None:
    receiver, release = held
    webhook(receiver.url)
    run(lambda: receiver.connections, begin=lambda: tell("Shop"), at_stop=release.set)
    assert states("webhook") == ["sent"]


@pytest.fixture
def spawn(database, redis_url) -> Callable[[], "subprocess.Popen[bytes]"]:
    """Start `emeter sender` as a process."""

    def start() -> "subprocess.Popen[bytes]":
        environment = {
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "REDIS_URL": redis_url,
            "SECRET_KEY": "a secret of the tests, long enough",
            "EMETER_PRIVATE_TARGETS": "127.0.0.0/8",
            "PATH": os.environ["PATH"],
        }
        command = [sys.executable, "-P", "-m", "emeter_core.commands.main", "sender"]
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    return start


def test_one_that_is_idle_ends_at_once(database, spawn) -> None:
    """Measured by what it computes, for the machine may be busy: it has nothing to wait for."""
    idle = spawn()

    def reports() -> bool:
        with database.sessions() as session:
            return any(each.info for each in list_processes(session, name="sender"))

    deadline = time.monotonic() + 30
    while not reports() and time.monotonic() < deadline:
        time.sleep(0.02)
    used = Path(f"/proc/{idle.pid}/stat").read_text().rpartition(")")[2].split()
    before = (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
    idle.terminate()
    _, idle.returncode, usage = os.wait4(idle.pid, 0)
    assert idle.returncode == 0
    assert usage.ru_utime + usage.ru_stime - before < 0.2


def test_what_a_killed_sender_left_is_delivered_again_under_the_same_id(
    run, database, spawn, held, webhook, tell, states
) -> None:
    receiver, release = held
    webhook(receiver.url)
    tell("Shop")
    killed = spawn()
    deadline = time.monotonic() + 30
    while not receiver.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert states("webhook") == ["pending"]
    release.set()
    with database.sessions.begin() as session:
        # A minute later.
        ended = (
            "lease_until = lease_until - interval '60 s', next_attempt_at = next_attempt_at - interval '60 s'"
        )
        session.execute(text(f"UPDATE deliveries SET {ended} WHERE channel = 'webhook'"))
    run(lambda: states("webhook") == ["sent"])
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_without_redis_it_looks_by_itself(run, receive, webhook, tell, states, monkeypatch, redis) -> None:
    monkeypatch.setattr(lane, "LOOK_EVERY_S", 0.3)
    webhook(receive("204 No Content").url)

    def begin() -> None:
        time.sleep(0.5)
        tell("Shop")

    run(lambda: states("webhook") == ["sent"], begin=begin, scheduler=False)
    assert deliveries_queue(redis).count == 0


def test_it_looks_by_itself_every_few_seconds() -> None:
    assert lane.LOOK_EVERY_S == 5.0


def test_a_database_that_is_away_is_waited_for(
    run, database, receive, webhook, tell, states, allow_connections, caplog
) -> None:
    webhook(receive("204 No Content").url)
    tell("Shop")
    away: list[float] = []

    def begin() -> None:
        allow_connections(to=False)
        deadline = time.monotonic() + 10
        while "cannot look" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
        allow_connections(to=True)
        away.append(time.monotonic())

    run(lambda: away and states("webhook") == ["sent"], begin=begin)
    assert "cannot look for what is to be done" in caplog.text
    assert time.monotonic() - away[0] < 15


def test_a_mark_waits_for_the_database(
    run, receive, webhook, tell, states, allow_connections, caplog
) -> None:
    """What was sent is sent once, though the database was away when that was to be noted."""

    def away_meanwhile(connection, _over) -> None:
        allow_connections(to=False)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        deadline = time.monotonic() + 10
        while "cannot write" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
        allow_connections(to=True)
        back.set()

    back = threading.Event()
    receiver = receive(away_meanwhile)
    webhook(receiver.url)
    run(lambda: back.is_set() and states("webhook") == ["sent"], begin=lambda: tell("Shop"))
    assert len(receiver.requests) == 1


def test_one_that_cannot_be_rendered_keeps_no_other_back(
    run, database, receive, webhook, tell, deliveries, states, team
) -> None:
    receiver = receive("204 No Content")
    webhook(receiver.url)
    with database.sessions.begin() as session:
        mail = Mail("alice@example.com", "Confirm", "x")
        other = Vault("another secret, as long as the first one")
        enqueue_mail(session, team.user, mail, "account.confirm", vault=other, now=database.clock.now())
    tell("Shop")
    run(lambda: states("webhook") == ["sent"] and sorted(states("mail")) == ["pending", "sent"])
    [bad] = [each for each in deliveries() if each.event == "account.confirm"]
    assert bad.attempts == 1
    assert bad.error.startswith("A stored secret cannot be read with this SECRET_KEY")


def test_it_shows_among_the_processes_while_it_runs(run, database) -> None:
    seen: list[object] = []

    def look() -> bool:
        with database.sessions() as session:
            seen.extend(each.info for each in list_processes(session, name="sender") if each.info)
        return bool(seen)

    run(look, scheduler=False)
    lanes = {kind: {"in_flight": 0, "sent": 0, "failed": 0} for kind in ("mail", "webhook")}
    assert seen[0] == {**lanes, "metrics": None}
    with database.sessions() as session:
        assert list_processes(session, name="sender") == []


def test_hints_about_nothing_do_no_harm(run, redis, tell, states) -> None:
    """A job may come twice, or when all is done."""

    def begin() -> None:
        for name in (DELIVER, TRY_CHANNEL, DELIVER):
            deliveries_queue(redis).enqueue_call(name, description=name)
        tell("Shop")

    run(lambda: states("mail") == ["sent"] and deliveries_queue(redis).count == 0, begin=begin)


def test_redis_away_ends_no_sender(run, states, tell, monkeypatch, redis) -> None:
    monkeypatch.setattr(lane, "LOOK_EVERY_S", 0.3)
    nowhere = Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    monkeypatch.setattr("emeter_checker.sender.deliveries_queue", lambda _redis: deliveries_queue(nowhere))
    run(lambda: states("mail") == ["sent"], begin=lambda: tell("Shop"), scheduler=False)


def test_payloads_are_json_of_version_one(run, receive, webhook, tell) -> None:
    receiver = receive("204 No Content")
    webhook(receiver.url)
    run(lambda: receiver.requests, begin=lambda: tell("Shop"))
    assert json.loads(receiver.requests[0].body)["data"]["version"] == 1

"""Reset and resend leave at a fixed time, so that nobody measures who has an account (accounts.md, 4.6)."""

import time
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from emeter_core.accounts import User
from emeter_core.outbox import Delivery
from emeter_storage.engine import SessionFactory, transaction
from emeter_web import even
from emeter_web.db import parts

KNOWN, UNKNOWN = "dora@example.com", "nora@example.com"
CASES = [
    ("/users/reset_password", KNOWN, 1),
    ("/users/reset_password", UNKNOWN, 0),
    ("/users/confirm", KNOWN, 1),
    ("/users/confirm", UNKNOWN, 0),
]


class Clock:
    """A time that moves on by what is slept, and by the work of the view."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.meanwhile()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(even, "time", clock)
    monkeypatch.setattr(even, "LEAVES_AFTER_S", 0.25)
    return clock


@pytest.fixture
def deliveries(sessions: SessionFactory) -> Callable[[], int]:
    def count() -> int:
        with transaction(sessions) as session:
            return session.scalar(select(func.count()).select_from(Delivery)) or 0

    return count


@pytest.mark.parametrize(("path", "email", "mails"), CASES)
def test_while_an_answer_waits_its_mail_is_written_and_no_connection_is_held(
    app: Flask, client, user, clock: Clock, deliveries, path: str, email: str, mails: int
) -> None:
    before, found = deliveries(), []
    pool = parts(app).database.engine.pool
    clock.meanwhile = lambda: found.append((pool.checkedout(), deliveries() - before))
    assert client.submit(path, email=email).status_code == 302
    assert found == [(0, mails)]


@pytest.mark.parametrize("path", ["/users/reset_password", "/users/confirm"])
@pytest.mark.parametrize(("work_s", "waits_s"), [(0.0, 0.25), (0.05, 0.2), (0.25, 0.0), (4.0, 0.0)])
def test_the_longer_the_work_the_shorter_the_wait(
    client, user, clock: Clock, monkeypatch, path: str, work_s: float, waits_s: float
) -> None:
    def work(*_arguments: object) -> None:
        clock.now_s += work_s

    view = "confirmations" if path == "/users/confirm" else "reset_passwords"
    monkeypatch.setattr(f"emeter_web.views.{view}.get_user_by_email", work)
    client.submit(path, email=KNOWN)
    assert clock.slept == [pytest.approx(waits_s)]


def test_a_form_without_its_field_does_not_wait(client, clock: Clock) -> None:
    assert client.submit("/users/reset_password").status_code == 400
    assert clock.slept == []


@pytest.mark.parametrize(("path", "email", "_mails"), CASES)
def test_no_answer_leaves_sooner(client, user, monkeypatch, path: str, email: str, _mails: int) -> None:
    monkeypatch.setattr(even, "LEAVES_AFTER_S", 0.25)
    token = client.csrf_token()
    began = time.monotonic()
    assert client.post(path, data={"_csrf_token": token, "email": email}).status_code == 302
    assert time.monotonic() - began >= 0.25


@pytest.mark.parametrize(("path", "confirmed"), [("reset_passwords", False), ("confirmations", True)])
def test_who_gets_none_has_a_mail_written_and_thrown_away(
    client, user, sessions, deliveries, monkeypatch, path: str, *, confirmed: bool
) -> None:
    imitated = Mock()
    monkeypatch.setattr(f"emeter_web.views.{path}.imitate_instructions", imitated)
    form = "/users/confirm" if confirmed else "/users/reset_password"
    before = deliveries()
    client.submit(form, email=UNKNOWN)
    assert imitated.call_count == 1
    if confirmed:
        with transaction(sessions) as session:
            session.execute(update(User).values(confirmed_at=User.inserted_at))
        client.submit(form, email=KNOWN)
        assert imitated.call_count == 2
    assert deliveries() == before

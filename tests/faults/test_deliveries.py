"""The sender may be killed at any instant: everyone is told, and a double is known by its id."""

import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from signal import SIGKILL

import pytest
from harness.emeter import Emeter
from harness.receiver import Receiver, receiver
from sqlalchemy import text

from emeter_core.accounts import list_users, scope_of
from emeter_core.alerts import Event, draft_channel, enqueue_incidents, save_channel
from emeter_core.incidents import Incident
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, make_session_factory

INCIDENTS, KILLS = 500, 25
# Each is opened and acknowledged.
TOLD = 2 * INCIDENTS
LEASE = 60.0
_ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)


@pytest.mark.soak
def test_no_alert_is_lost_by_kills_and_doubles_have_the_same_id(
    emeter: Emeter, figure: Callable[[str], None]
) -> None:
    with receiver() as hooked:
        _channels(emeter, hooked)
        for _ in range(KILLS):
            _tell(emeter, INCIDENTS // KILLS)
            time.sleep(random.uniform(0.2, 2.0))
            if pid := emeter.processes().get("sender"):
                os.kill(pid, SIGKILL)
        waiting = "SELECT count(*) FROM deliveries WHERE state = 'pending'"
        emeter.wait_until(lambda: emeter.rows(waiting) == [(0,)], 3 * LEASE, "the last delivery")
        hooks = Counter(hook.headers["webhook-id"] for hook in hooked.hooks)
        stories = _stories(hooked)
    mails = Counter(_ids_of_mails(emeter))
    sent = "SELECT id::text, channel FROM deliveries WHERE state = 'sent'"
    by = {
        kind: {id_ for id_, channel in emeter.rows(sent) if channel == kind} for kind in ("webhook", "mail")
    }
    figure(
        f"{KILLS} kills: {len(hooks)} webhooks and {len(mails)} mails arrived,"
        f" {hooks.total() - len(hooks)} and {mails.total() - len(mails)} of them twice"
    )
    assert by == {"webhook": set(hooks), "mail": set(mails)}
    assert (len(hooks), len(mails)) == (TOLD, TOLD)
    assert [each for each in stories if each != [Event.OPENED, Event.ACKNOWLEDGED]] == []
    assert len(stories) == INCIDENTS
    # A kill leaves at most what was in flight: two of a channel.
    assert hooks.total() - len(hooks) <= 2 * KILLS
    assert mails.total() - len(mails) <= 2 * KILLS


def _channels(emeter: Emeter, hooked: Receiver) -> None:
    vault = Vault((emeter.data / "secret_key").read_text().strip())
    with make_session_factory(emeter.database).begin() as session:
        scope = scope_of(session, list_users(session)[0])
        now = DatabaseClock(emeter.database).now()
        for kind, target in (("webhook", hooked.url), ("mail", "ops@example.com")):
            save_channel(session, scope, draft_channel(kind, target), vault=vault, now=now)


def _tell(emeter: Emeter, number: int) -> None:
    with make_session_factory(emeter.database).begin() as session:
        team_id = session.execute(text("SELECT id FROM teams")).scalar_one()
        now = DatabaseClock(emeter.database).now()
        opened = [
            Incident(
                team_id=team_id, title="Shop", cause="timeout", evidence={}, started_at=now, confirmed_at=now
            )
            for _ in range(number)
        ]
        session.add_all(opened)
        session.flush()
        # Both at one instant: what keeps the order is the claim alone.
        for event in (Event.OPENED, Event.ACKNOWLEDGED):
            enqueue_incidents(session, event, [each.id for each in opened], now=now)


def _stories(hooked: Receiver) -> list[list[str]]:
    """What was told of each incident by webhook, in the order in which it came in first."""
    stories: dict[str, list[str]] = {}
    for hook in hooked.hooks:
        body = json.loads(hook.body)
        story = stories.setdefault(body["data"]["incident"]["id"], [])
        if body["type"] not in story:
            story.append(body["type"])
    return list(stories.values())


def _ids_of_mails(emeter: Emeter) -> list[str]:
    found = (_ID.search(file.read_bytes()) for file in (emeter.data / "mail").glob("*.eml"))
    return [match[1].decode() for match in found if match]
